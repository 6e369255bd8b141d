/* The gates: what nothing may drive them beyond, and the moves that the alarm makes. */
#ifndef ES_GATES_H
#define ES_GATES_H

#include "es_messages.h"
#include "es_queue.h"

/* Each returns ES_STATUS_...; the caller has checked that the device is in the state for it. */
uint8_t es_gate_set(const struct es_set_gate *set);
uint8_t es_gate_plan(const struct es_plan *plan);
uint8_t es_gate_replan(const struct es_replan *replan);
uint8_t es_gate_cancel(uint32_t part);
uint8_t es_gate_cancel_all(uint8_t gate);

/* Bring every gate to rest now and void every opening. From anywhere. cause: ES_CAUSE_... */
void es_gates_rest(uint8_t cause);
/* Forget the gates. Their pins stay driven at rest. */
void es_gates_forget(void);
/* Let go of rests that are over. Returns 0 when a gate is away for longer than it may be. */
int es_gates_poll(void);
/* Whether a gate is on this pin. */
int es_gate_on(uint8_t pin);
/* Bit n: gate n is away from rest. */
uint32_t es_gates_away(void);

struct es_gate_stats {
    uint32_t moves, latest;
};
struct es_gate_stats es_gates_stats(void);

#endif
