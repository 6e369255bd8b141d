/* Arduino Uno: ATmega328P at 16 MHz, 2 kB of RAM. */
#ifndef ES_BOARD_H
#define ES_BOARD_H

#define ES_BOARD "uno"
#define ES_PINS 20u
#define ES_GATES 6
#define ES_SENSORS 3
#define ES_ENCODERS 1
#define ES_QUEUE 16
#define ES_EVENTS 12
#define ES_WINDOW_OF_BOARD 6
#define ES_RX_SIZE 256
#define ES_TX_SIZE 128
#define ES_STAMPS 4
#define ES_LEAD_US 1000
#define ES_SPIN_US 110

#ifndef ES_BAUD
#define ES_BAUD 115200
#endif

#endif
