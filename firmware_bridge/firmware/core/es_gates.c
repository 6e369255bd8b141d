/* What may be planned. */
#include "es_gates.h"

#include "es_gate.h"

#define OVERRUN_US 1000u
#define LONGEST_US 600000000u /* ten minutes: beyond that, differences of ticks come too near half their range */

/* Whether a window fits beside another one of the same gate. */
static uint8_t beside(const struct es_gate *gate, uint32_t opens, uint32_t closes, uint32_t from, uint32_t until) {
    int32_t after = es_after(opens, until), before = es_after(from, closes);
    if (after < 0 && before < 0) return ES_STATUS_OVERLAPPING;
    return (after >= 0 ? after : before) < (int32_t)gate->min_off ? ES_STATUS_TOO_SOON : ES_STATUS_OK;
}

/* Check a window against all openings of its gate but one. */
static uint8_t fits(uint8_t number, uint32_t opens, uint32_t closes, uint8_t but) {
    const struct es_gate *gate = &es_gate[number];
    for (uint8_t i = 0; i < ES_QUEUE; i++) {
        const struct es_opening *one = &es_openings[i];
        uint8_t state = one->state;
        if (i == but || one->gate != number || (state != ES_PLANNED && state != ES_AWAY)) continue;
        uint8_t status = beside(gate, opens, closes, one->opens, one->closes);
        if (status != ES_STATUS_OK) return status;
    }
    return ES_STATUS_OK;
}

static uint8_t check(uint8_t number, uint32_t opens, uint32_t closes, uint8_t but) {
    const struct es_gate *gate = &es_gate[number];
    uint32_t now = es_now();
    int32_t begins = es_after(opens, now), ends = es_after(closes, now);
    if (es_after(closes, opens) <= 0) return ES_STATUS_BACKWARDS;
    if (begins < (int32_t)ES_LEAD_US) return ES_STATUS_PAST;
    if (begins > (int32_t)ES_FURTHEST_US || ends > (int32_t)ES_FURTHEST_US || ends < 0) return ES_STATUS_TOO_FAR;
    if (closes - opens > gate->max_on) return ES_STATUS_TOO_LONG;
    uint8_t status = fits(number, opens, closes, but);
    if (status != ES_STATUS_OK) return status;
    uint32_t locked = es_lock(); /* after the openings: one that has ended meanwhile has left its moment here */
    int soon = !es_rested(gate, opens);
    es_unlock(locked);
    return soon ? ES_STATUS_TOO_SOON : ES_STATUS_OK;
}

uint8_t es_gate_plan(const struct es_plan *plan) {
    if (plan->gate >= ES_GATES || !es_gate[plan->gate].known) return ES_STATUS_UNKNOWN_GATE;
    if (es_queue_find(plan->part) != ES_NONE) return ES_STATUS_DOUBLE_PART;
    uint8_t status = check(plan->gate, plan->opens, plan->closes, ES_NONE);
    if (status != ES_STATUS_OK) return status;
    return es_queue_add(plan->gate, plan->opens, plan->closes, plan->part);
}

static uint8_t end_at(uint8_t place, uint32_t closes) {
    const struct es_opening *opening = &es_openings[place];
    const struct es_gate *gate = &es_gate[opening->gate];
    uint32_t locked = es_lock();
    uint32_t now = es_now(), opened = gate->opened;
    es_unlock(locked);
    if (es_after(closes, now) < 0) closes = now;
    if (closes - now > gate->max_on || closes - opened > gate->max_on) return ES_STATUS_TOO_LONG;
    uint8_t status = fits(opening->gate, opening->opens, closes, place);
    if (status != ES_STATUS_OK) return status;
    return es_queue_end_at(place, closes) ? ES_STATUS_OK : ES_STATUS_UNKNOWN_PART;
}

uint8_t es_gate_replan(const struct es_replan *replan) {
    uint8_t place = es_queue_find(replan->part);
    if (place == ES_NONE) return ES_STATUS_UNKNOWN_PART;
    uint8_t gate = es_openings[place].gate;
    if (es_openings[place].state == ES_PLANNED) {
        uint8_t status = check(gate, replan->opens, replan->closes, place);
        if (status != ES_STATUS_OK) return status;
        if (es_queue_remove(place)) return es_queue_add(gate, replan->opens, replan->closes, replan->part);
    }
    return end_at(place, replan->closes);
}

uint8_t es_gate_cancel(uint32_t part) {
    uint8_t place = es_queue_find(part);
    return place != ES_NONE && es_queue_remove(place) ? ES_STATUS_OK : ES_STATUS_UNKNOWN_PART;
}

uint8_t es_gate_cancel_all(uint8_t gate) {
    if (gate >= ES_GATES || !es_gate[gate].known) return ES_STATUS_UNKNOWN_GATE;
    for (uint8_t i = 0; i < ES_QUEUE; i++)
        if (es_openings[i].state == ES_PLANNED && es_openings[i].gate == gate) es_queue_remove(i);
    return ES_STATUS_OK;
}

uint8_t es_gate_set(const struct es_set_gate *from) {
    if (from->gate >= ES_GATES || from->resting_level > 1) return ES_STATUS_BAD_VALUE;
    if (from->max_on == 0 || from->max_on > LONGEST_US) return ES_STATUS_BAD_VALUE;
    if (from->min_off > LONGEST_US || from->late > LONGEST_US) return ES_STATUS_BAD_VALUE;
    struct es_gate *gate = &es_gate[from->gate];
    int same = gate->known && gate->pin == from->pin;
    if (!same && (gate->known || es_gate_on(from->pin))) return ES_STATUS_BAD_VALUE; /* one pin, one gate */
    gate->pin = from->pin;
    gate->bit = (uint32_t)1 << from->gate;
    gate->pin_bit = (uint32_t)1 << from->pin;
    gate->resting = from->resting_level;
    gate->max_on = from->max_on;
    gate->min_off = from->min_off;
    gate->late = from->late;
    gate->known = 1;
    uint32_t before = es_lock();
    gate->closed = es_now(); /* nobody knows since when it rests */
    gate->resting_yet = 1;
    es_gates_moving |= (uint32_t)1 << from->gate;
    es_unlock(before);
    es_pin_output(gate->pin, gate->resting);
    return ES_STATUS_OK;
}

void es_gates_forget(void) {
    for (uint8_t i = 0; i < ES_GATES; i++) es_gate[i].known = 0;
}

/* Returns 0 when the gate is away for too long. Interrupts are locked. */
static int watch(uint8_t number) {
    struct es_gate *gate = &es_gate[number];
    uint32_t now = es_now();
    if (gate->away) return now - gate->opened <= gate->max_on + OVERRUN_US;
    if (now - gate->closed > gate->min_off) {
        gate->resting_yet = 0;
        es_gates_moving &= ~((uint32_t)1 << number);
    }
    return 1;
}

int es_gates_poll(void) {
    int right = 1;
    uint32_t moving = es_gates_moving; /* what begins to move just now is seen next time */
    for (uint8_t i = 0; moving; i++, moving >>= 1) {
        if (!(moving & 1u)) continue;
        uint32_t before = es_lock();
        right &= watch(i);
        es_unlock(before);
    }
    return right;
}

int es_gate_on(uint8_t pin) {
    for (uint8_t i = 0; i < ES_GATES; i++)
        if (es_gate[i].known && es_gate[i].pin == pin) return 1;
    return 0;
}
