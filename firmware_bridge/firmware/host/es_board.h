/* The gate controller on no board at all: time and pins are variables of es_host.c. ES_LIKE: the es_board.h of the
 * board that it is to have the sizes and pins of. */
#ifndef ES_BOARD_H
#ifdef ES_LIKE

#include ES_LIKE
#undef ES_BOARD
#undef ES_SPIN_US

#else
#define ES_BOARD_H

#define ES_PINS 32
#define ES_GATES 16
#define ES_SENSORS 3
#define ES_ENCODERS 2
#define ES_QUEUE 20
#define ES_EVENTS 24
#define ES_WINDOW_OF_BOARD 8
#define ES_RX_SIZE 256
#define ES_TX_SIZE 256
#define ES_STAMPS 16
#define ES_LEAD_US 100

#endif
#define ES_BOARD "pretend"
#define ES_SPIN_US 0 /* nothing passes while it is waited */

#endif
