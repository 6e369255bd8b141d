/* The serial line as frames: what has arrived, what goes out, and events that are kept until the host has them. */
#ifndef ES_LINK_H
#define ES_LINK_H

#include "es_frame.h"

struct es_link_stats {
    uint32_t good, bad;
    uint16_t overruns, lost;
};

/* Forget the events and begin their numbers at 1. */
void es_link_greet(void);
/* Take the next whole frame. Returns 1, or 0 when there is none yet. ended: when its last byte arrived, 0 in *known when
 * that is forgotten. */
int es_link_take(struct es_frame *frame, uint32_t *ended, int *known);
/* Send an answer, if there is room; the host asks again if not. */
void es_link_answer(uint8_t id, const uint8_t *payload, uint8_t size);
/* Keep an event until the host has it. Interrupts are locked, or this is the alarm's or an input's interrupt. */
void es_link_event(uint8_t id, const uint8_t *payload, uint8_t size);
/* Whether half of the room for events is used. */
int es_link_busy(void);
/* The host has events up to this number. */
void es_link_acknowledged(uint8_t number);
/* Send events that wait, and those again that have no acknowledgement. */
void es_link_poll(uint32_t now);
/* Whether everything has left the board. */
int es_link_idle(void);
struct es_link_stats es_link_stats(void);

/* How far b is ahead of a, in numbers that go from 1 to 255 and round. */
uint8_t es_number_distance(uint8_t a, uint8_t b);
uint8_t es_number_plus(uint8_t number, uint8_t steps);

#endif
