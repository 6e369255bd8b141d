/* One gate, shared by the files that plan its openings and make its moves. */
#ifndef ES_GATE_H
#define ES_GATE_H

#include "es_port.h"

struct es_gate {
    uint32_t max_on, min_off, late;
    uint32_t opened, closed; /* when the pin was last set so */
    uint32_t bit, pin_bit;   /* of its number, and of its pin: shifting them anew would cost a small board microseconds */
    uint8_t pin, resting, known;
    volatile uint8_t away;     /* from rest */
    volatile uint8_t resting_yet; /* min_off since `closed` may not be over; cleared before ticks can wrap */
};

extern struct es_gate es_gate[ES_GATES];
/* Bit n: gate n is away, or its rest may not be over. Changed with interrupts locked only. */
extern volatile uint32_t es_gates_moving;

/* Whether a gate has rested long enough to be opened at a tick. Interrupts are locked, or this is the alarm's. */
int es_rested(const struct es_gate *gate, uint32_t at);

#endif
