/* Raspberry Pi Pico and other RP2040 boards. */
#ifndef ES_BOARD_H
#define ES_BOARD_H

#define ES_BOARD "rp2040"
#define ES_PINS 30u
#define ES_GATES 16
#define ES_SENSORS 8
#define ES_ENCODERS 2
#define ES_QUEUE 64
#define ES_EVENTS 128
#define ES_WINDOW_OF_BOARD 8
#define ES_RX_SIZE 256
#define ES_TX_SIZE 256
#define ES_STAMPS 16
#define ES_LEAD_US 200
#define ES_SPIN_US 30

#ifndef ES_BAUD
#define ES_BAUD 115200
#endif
#define ES_WATCHDOG_US 50000

#endif
