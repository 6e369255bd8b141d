/* The gate controller. */
#include "board.h"
#include "es_core.h"
#include "es_port.h"
#include "es_state.h"
#include "line.h"

void on_tick(void);
int main(void);

/* So that the main loop sees a silent host. */
void on_tick(void) { board_tick_again(); }

/* Whoever has gates armed keeps the board, as long as it does not stop. */
int line_may_change(void) { return core.state != ES_STATE_ARMED; }

int main(void) {
    es_start(board_start());
    board_let_in(BOARD_AS_SERIAL);
    board_watchdog_start();
    es_unlock(0);
    for (;;) {
        es_poll();
        if (es_healthy()) board_watchdog_feed();
        /* an interrupt since the last time ends this at once: its return has set the event that is waited for */
        __asm volatile("wfe" ::: "memory");
    }
}
