/* The sorter without a Pi, on an RP2040. */
#ifndef ES_BOARD_H
#define ES_BOARD_H

#include "es_settings.h" /* ES_BAUD */

#define ES_BOARD "sorter"
#define ES_PINS 30u
#define ES_GATES 16
#define ES_SENSORS 2
#define ES_ENCODERS 1
#define ES_QUEUE 32
#define ES_EVENTS 128
#define ES_WINDOW_OF_BOARD 6 /* pieces of pictures on their way: 6 x 40 bytes fit the ring */
#define ES_RX_SIZE 256
#define ES_TX_SIZE 256
#define ES_STAMPS 16
#define ES_LEAD_US 200
#define ES_SPIN_US 30

#define ES_WATCHDOG_US 50000

#endif
