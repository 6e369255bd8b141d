/* What a program for this board starts with. Its own are main(), and on_tick(), which the vectors call every millisecond. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

#define BOARD_AS_SERIAL 0x40u    /* a tick as urgent as the serial line */
#define BOARD_AFTER_SERIAL 0x80u /* a tick that everything else may interrupt */

/* Clocks, blocks and serial line. Returns why the board has started: ES_RESET_... */
uint8_t board_start(void);
/* Have on_tick called a millisecond from now; the first thing it does. */
void board_tick_again(void);
/* Let interrupts come, once they are unlocked. tick_priority: BOARD_... */
void board_let_in(uint32_t tick_priority);
/* From now on the watchdog must be fed every ES_WATCHDOG_US. */
void board_watchdog_start(void);
void board_watchdog_feed(void);

#endif
