/* What a program for this board starts with. Its own are main(), and on_tick(), which the vectors call every millisecond. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

#define CLOCK_HZ 125000000u /* of the processor and the UART */
#define BOARD_AS_SERIAL 0x40u    /* a tick as urgent as the serial line */
#define BOARD_AFTER_SERIAL 0x80u /* a tick that everything else may interrupt */

/* Clocks, blocks and serial lines. Returns why the board has started: ES_RESET_... */
uint8_t board_start(void);
/* Have on_tick called a millisecond from now; the first thing it does. */
void board_tick_again(void);
/* Let interrupts come, once they are unlocked. tick_priority: BOARD_... */
void board_let_in(uint32_t tick_priority);
/* From now on the watchdog must be fed every ES_WATCHDOG_US. */
void board_watchdog_start(void);
void board_watchdog_feed(void);

/* For this folder's files: crystal and PLLs to processor, UART and USB; the timer's microsecond. */
void clocks_start(void);
/* Reset blocks, BLOCK_..., and wait until they are there. */
void board_reset_blocks(uint32_t blocks);

#endif
