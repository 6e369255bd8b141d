/* The moves to come, in the order in which they are due. An opening is two moves, put in and taken out together.
 *
 * The alarm takes moves from the front. The main loop looks for a place with interrupts let in, and only then locks them
 * for the few instructions of putting a move there; if the alarm has taken something meanwhile, it looks again.
 */
#ifndef ES_QUEUE_H
#define ES_QUEUE_H

#include <stdint.h>

#include "es_port.h"

#define ES_NONE 255u

enum { ES_FREE, ES_PLANNED, ES_AWAY, ES_OVER };

struct es_opening {
    uint32_t opens, closes, part;
    uint8_t gate;
    volatile uint8_t state;
};

/* A move is twice its opening's place, plus 1 for the closing one. */
typedef uint8_t es_move;
#define ES_MOVE_OPENING(move) ((uint8_t)((move) >> 1))
#define ES_MOVE_CLOSES(move) ((move)&1u)

extern struct es_opening es_openings[ES_QUEUE];

/* a - b in ticks, right while they are less than 35.8 minutes apart. */
static inline int32_t es_after(uint32_t a, uint32_t b) { return (int32_t)(a - b); }

uint32_t es_move_due(es_move move);
uint8_t es_queue_free(void);
uint8_t es_queue_find(uint32_t part);
/* Put an opening in. Returns ES_STATUS_OK, QUEUE_FULL, or LATCHED when a stop came before it was in. */
uint8_t es_queue_add(uint8_t gate, uint32_t opens, uint32_t closes, uint32_t part);
/* Take an opening out. Returns 0 when it has begun meanwhile. */
int es_queue_remove(uint8_t opening);
/* Let an opening under way end at another moment. Returns 0 when it has ended meanwhile. */
int es_queue_end_at(uint8_t opening, uint32_t closes);

/* For the alarm, or with interrupts locked: */
es_move es_queue_front(void);
void es_queue_pop(void);
void es_queue_clear(void);

#endif
