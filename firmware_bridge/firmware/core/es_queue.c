#include "es_queue.h"

#include "es_messages.h"
#include "es_state.h"

#define MOVES (2u * ES_QUEUE)

struct es_opening es_openings[ES_QUEUE];
static volatile es_move next[MOVES];
static volatile es_move front = ES_NONE;
static volatile uint16_t taken; /* how often the alarm, or a rest, has changed the front */

uint32_t es_move_due(es_move move) {
    const struct es_opening *opening = &es_openings[ES_MOVE_OPENING(move)];
    return ES_MOVE_CLOSES(move) ? opening->closes : opening->opens;
}

es_move es_queue_front(void) { return front; }

void es_queue_pop(void) {
    front = next[front];
    taken++;
}

void es_queue_clear(void) {
    front = ES_NONE;
    taken++;
    for (uint8_t i = 0; i < ES_QUEUE; i++) es_openings[i].state = ES_FREE;
}

uint8_t es_queue_free(void) {
    uint8_t free = 0;
    for (uint8_t i = 0; i < ES_QUEUE; i++) free = (uint8_t)(free + (es_openings[i].state == ES_FREE));
    return free;
}

uint8_t es_queue_find(uint32_t part) {
    for (uint8_t i = 0; i < ES_QUEUE; i++) {
        uint8_t state = es_openings[i].state;
        if ((state == ES_PLANNED || state == ES_AWAY) && es_openings[i].part == part) return i;
    }
    return ES_NONE;
}

/* Set the alarm for the front, when that is what has changed. Interrupts are locked. */
static void set_alarm(void) {
    if (front == ES_NONE) {
        es_alarm_off();
    } else {
        es_alarm_at(es_move_due(front) - ES_SPIN_US);
    }
}

/* The move before the first one that is due later than `due`, passing over `but`. ES_NONE: none is before it.
 * Moves due at the same tick keep the order in which they came, but an end comes before a beginning. */
static es_move place_for(uint32_t due, uint8_t closing, es_move but) {
    es_move before = ES_NONE;
    for (es_move move = front; move != ES_NONE; move = next[move]) {
        int32_t later = es_after(es_move_due(move), due);
        if (later > 0 || (later == 0 && closing && !ES_MOVE_CLOSES(move))) break;
        if (move != but) before = move;
    }
    return before;
}

static es_move before_of(es_move wanted) {
    es_move before = ES_NONE;
    for (es_move move = front; move != ES_NONE && move != wanted; move = next[move]) before = move;
    return before;
}

static void link_after(es_move before, es_move move) {
    if (before == ES_NONE) {
        next[move] = front;
        front = move;
        set_alarm();
    } else {
        next[move] = next[before];
        next[before] = move;
    }
}

static void unlink_after(es_move before, es_move move) {
    if (before == ES_NONE) {
        front = next[move];
        set_alarm();
    } else {
        next[before] = next[move];
    }
}

/* Put a move in, unless a rest has voided its opening meanwhile. */
static void insert(es_move move) {
    const struct es_opening *opening = &es_openings[ES_MOVE_OPENING(move)];
    for (;;) {
        uint16_t seen = taken;
        es_move before = place_for(es_move_due(move), ES_MOVE_CLOSES(move), ES_NONE);
        uint32_t locked = es_lock();
        int valid = opening->state == ES_PLANNED;
        if (valid && seen == taken) link_after(before, move);
        int done = !valid || seen == taken;
        es_unlock(locked);
        if (done) return;
    }
}

/* Take a move out while its opening is in a state. Returns 0 when it is in another by now. */
static int take_out(es_move move, uint8_t state) {
    volatile uint8_t *now = &es_openings[ES_MOVE_OPENING(move)].state;
    for (;;) {
        uint16_t seen = taken;
        es_move before = before_of(move);
        uint32_t locked = es_lock();
        int right = *now == state;
        if (right && seen == taken) unlink_after(before, move);
        int done = !right || seen == taken;
        es_unlock(locked);
        if (done) return right;
    }
}

/* A stop may have come since the command was looked at: then nothing is planned any more. */
static int may_plan(volatile uint8_t *state) {
    uint32_t locked = es_lock();
    int may = core.state == ES_STATE_ARMED;
    if (may) *state = ES_PLANNED;
    es_unlock(locked);
    return may;
}

uint8_t es_queue_add(uint8_t gate, uint32_t opens, uint32_t closes, uint32_t part) {
    for (uint8_t i = 0; i < ES_QUEUE; i++) {
        struct es_opening *opening = &es_openings[i];
        if (opening->state != ES_FREE) continue;
        opening->gate = gate;
        opening->opens = opens;
        opening->closes = closes;
        opening->part = part;
        if (!may_plan(&opening->state)) return ES_STATUS_LATCHED;
        insert((es_move)(2 * i + 1)); /* the end first, so that no beginning is ever without one */
        insert((es_move)(2 * i));
        return ES_STATUS_OK;
    }
    return ES_STATUS_QUEUE_FULL;
}

int es_queue_remove(uint8_t opening) {
    if (!take_out((es_move)(2 * opening), ES_PLANNED)) return 0;
    take_out((es_move)(2 * opening + 1), ES_PLANNED); /* without a beginning nothing else changes its state but a rest */
    es_openings[opening].state = ES_FREE;
    return 1;
}

int es_queue_end_at(uint8_t opening, uint32_t closes) {
    es_move move = (es_move)(2 * opening + 1);
    for (;;) {
        uint16_t seen = taken;
        es_move old = before_of(move), place = place_for(closes, 1, move);
        uint32_t locked = es_lock();
        int right = es_openings[opening].state == ES_AWAY;
        if (right && seen == taken) {
            unlink_after(old, move);
            es_openings[opening].closes = closes;
            link_after(place, move);
        }
        int done = !right || seen == taken;
        es_unlock(locked);
        if (done) return right;
    }
}
