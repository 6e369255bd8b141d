/* The moves, made by the alarm when they are due. */
#include "es_core.h"
#include "es_gate.h"
#include "es_gates.h"
#include "es_link.h"

#define REST_SLACK_US 100 /* a rest may be so much shorter than min_off, because a move may be so late */

struct es_gate es_gate[ES_GATES];
volatile uint32_t es_gates_moving;
static uint32_t made[2u * ES_QUEUE]; /* when a move was made, until it is told */
static es_move told_next[2u * ES_QUEUE];
static struct es_gate_stats stats;

int es_rested(const struct es_gate *gate, uint32_t at) {
    return !gate->resting_yet || es_after(at + REST_SLACK_US, gate->closed + gate->min_off) >= 0;
}

/* Pins to be set at once, bit n for pin n. */
struct levels {
    uint32_t high, low;
};

/* Note that a gate goes away or to rest; its pin follows with the others that are due at the same tick. */
static void turn(struct es_gate *gate, uint8_t away, struct levels *levels) {
    uint32_t pin = gate->pin_bit;
    int high = away ? !gate->resting : gate->resting;
    levels->high = high ? levels->high | pin : levels->high & ~pin;
    levels->low = high ? levels->low & ~pin : levels->low | pin;
    gate->away = away;
    es_gates_moving |= gate->bit;
}

/* What has to be done for a move at a tick. */
static void prepare(es_move move, uint32_t at, struct levels *levels) {
    struct es_opening *opening = &es_openings[ES_MOVE_OPENING(move)];
    struct es_gate *gate = &es_gate[opening->gate];
    if (ES_MOVE_CLOSES(move)) {
        if (opening->state == ES_AWAY) turn(gate, 0, levels);
    } else if (opening->state == ES_PLANNED) {
        int in_time = at - opening->opens <= gate->late && es_after(opening->closes, at) > 0;
        if (in_time && es_rested(gate, at)) {
            opening->state = ES_AWAY;
            turn(gate, 1, levels);
        } else {
            opening->state = ES_OVER;
        }
    }
}

/* Note when a move was made, for whatever comes next. */
static void note(es_move move, uint32_t at) {
    const struct es_opening *opening = &es_openings[ES_MOVE_OPENING(move)];
    struct es_gate *gate = &es_gate[opening->gate];
    made[move] = at;
    if (opening->state != ES_AWAY) return;
    if (ES_MOVE_CLOSES(move)) {
        gate->closed = at;
        gate->resting_yet = 1;
    } else {
        gate->opened = at;
    }
}

static void count(uint32_t due, uint32_t at) {
    stats.moves++;
    if (at - due > stats.latest) stats.latest = at - due;
}

static void tell_opened(const struct es_opening *opening, uint32_t at) {
    uint8_t payload[ES_MISSED_SIZE];
    if (opening->state == ES_AWAY) {
        struct es_opened opened = {.gate = opening->gate, .part = opening->part, .due = opening->opens, .tick = at};
        es_write_opened(payload, &opened);
        es_link_event(ES_OPENED, payload, ES_OPENED_SIZE);
        count(opening->opens, at);
    } else {
        int late = at - opening->opens > es_gate[opening->gate].late || es_after(opening->closes, at) <= 0;
        struct es_missed missed = {
            .gate = opening->gate,
            .reason = late ? ES_STATUS_LATE : ES_STATUS_TOO_SOON,
            .part = opening->part,
            .due = opening->opens,
            .tick = at,
        };
        es_write_missed(payload, &missed);
        es_link_event(ES_MISSED, payload, ES_MISSED_SIZE);
    }
}

static void tell_closed(const struct es_opening *opening, uint8_t cause, uint32_t at) {
    uint8_t payload[ES_CLOSED_SIZE];
    struct es_closed closed = {
        .gate = opening->gate, .cause = cause, .part = opening->part, .due = opening->closes, .tick = at};
    es_write_closed(payload, &closed);
    es_link_event(ES_CLOSED, payload, ES_CLOSED_SIZE);
}

static void tell(es_move move) {
    struct es_opening *opening = &es_openings[ES_MOVE_OPENING(move)];
    if (!ES_MOVE_CLOSES(move)) {
        tell_opened(opening, made[move]);
        return;
    }
    if (opening->state == ES_AWAY) {
        tell_closed(opening, ES_CAUSE_PLANNED, made[move]);
        count(opening->closes, made[move]);
    }
    opening->state = ES_FREE;
}

struct chain {
    es_move first, last;
};

/* Take the moves that are due at a tick from the queue. */
static struct chain take(uint32_t at, struct levels *levels) {
    struct chain chain = {ES_NONE, ES_NONE};
    es_move move;
    while ((move = es_queue_front()) != ES_NONE && es_after(es_move_due(move), at) <= 0) {
        prepare(move, at, levels);
        es_queue_pop();
        if (chain.first == ES_NONE) {
            chain.first = move;
        } else {
            told_next[chain.last] = move;
        }
        told_next[move] = ES_NONE;
        chain.last = move;
    }
    return chain;
}

/* Make the moves that are due next, all at once. They are prepared before their tick and waited for. */
static struct chain make(uint32_t due) {
    uint32_t now = es_now();
    if (es_after(due, now) > 0) now = due;
    struct levels levels = {0, 0};
    struct chain chain = take(now, &levels);
    while (es_after(due, es_now()) > 0) {
    }
    es_pins_write(levels.high, levels.low);
    now = es_now();
    for (es_move move = chain.first; move != ES_NONE; move = told_next[move]) note(move, now);
    return chain;
}

void es_alarm(void) {
    struct chain all = {ES_NONE, ES_NONE};
    while (es_queue_front() != ES_NONE) {
        uint32_t due = es_move_due(es_queue_front());
        if (es_after(due, es_now()) > (int32_t)ES_SPIN_US) break;
        struct chain chain = make(due);
        if (all.first == ES_NONE) {
            all.first = chain.first;
        } else {
            told_next[all.last] = chain.first;
        }
        all.last = chain.last;
    }
    for (es_move move = all.first; move != ES_NONE; move = told_next[move]) tell(move);
    if (es_queue_front() != ES_NONE) es_alarm_at(es_move_due(es_queue_front()) - ES_SPIN_US);
}

int es_healthy(void) {
    uint32_t before = es_lock();
    es_move move = es_queue_front();
    int healthy = move == ES_NONE || es_after(es_now(), es_move_due(move)) < 2000;
    es_unlock(before);
    return healthy;
}

void es_gates_rest(uint8_t cause) {
    uint32_t before = es_lock();
    uint32_t was_away = es_gates_away();
    struct levels levels = {0, 0};
    for (uint8_t i = 0; i < ES_GATES; i++)
        if (was_away >> i & 1u) turn(&es_gate[i], 0, &levels);
    es_pins_write(levels.high, levels.low);
    uint32_t now = es_now();
    es_alarm_off();
    for (uint8_t i = 0; i < ES_QUEUE; i++) {
        if (es_openings[i].state != ES_AWAY) continue;
        note((es_move)(2 * i + 1), now);
        tell_closed(&es_openings[i], cause, now);
    }
    es_queue_clear();
    es_unlock(before);
}

uint32_t es_gates_away(void) {
    uint32_t away = 0;
    for (uint8_t i = 0; i < ES_GATES; i++) away |= (uint32_t)es_gate[i].away << i;
    return away;
}

struct es_gate_stats es_gates_stats(void) {
    uint32_t before = es_lock();
    struct es_gate_stats copy = stats;
    es_unlock(before);
    return copy;
}
