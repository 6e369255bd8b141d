/* The sorter without a Pi: photo-eye, camera, model and gates on one board. */
#ifndef ES_SORTER_H
#define ES_SORTER_H

#include <stdint.h>

/* Once, before interrupts are let in. reset: ES_RESET_... Every gate is at rest; they may move from now on when there is no
 * start button and the board was started by a person (power, its button), not by its watchdog. */
void es_sorter_start(uint8_t reset);
/* Every millisecond, from an interrupt that all others may interrupt. */
void es_sorter_tick(void);
/* In the main loop: think about one picture, if there is one. Returns 1 when there was. */
int es_sorter_think(void);
/* Whether moves are made when they are due and the main loop goes on. Feed the watchdog only then. */
int es_sorter_healthy(void);

#endif
