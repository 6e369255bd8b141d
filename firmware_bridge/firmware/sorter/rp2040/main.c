/* The sorter: all that keeps time is done in interrupts, the main loop has the whole rest of the processor to think. */
#include "board.h"
#include "es_port.h"
#include "es_sorter.h"
#include "line.h"

void on_tick(void);
int main(void);

void on_tick(void) {
    board_tick_again();
    es_sorter_tick();
    if (es_sorter_healthy()) board_watchdog_feed();
}

/* No host's silence or hello matters to it, so whoever said hello last is answered. */
int line_may_change(void) { return 1; }

int main(void) {
    es_sorter_start(board_start());
    board_let_in(BOARD_AFTER_SERIAL);
    board_watchdog_start();
    es_unlock(0);
    for (;;)
        if (!es_sorter_think()) __asm volatile("wfe" ::: "memory");
}
