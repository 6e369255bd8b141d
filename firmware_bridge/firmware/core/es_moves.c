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

static void set(struct es_gate *gate, uint8_t away) {
    es_pin_write(gate->pin, away ? !gate->resting : gate->resting);
    uint32_t now = es_now();
    gate->away = away;
    es_gates_moving |= (uint32_t)1 << (gate - es_gate);
    if (away) {
        gate->opened = now;
    } else {
        gate->closed = now;
        gate->resting_yet = 1;
    }
}

/* Make the pin right for a move that is due. Telling of it comes after all others that are due now. */
static void make(es_move move) {
    struct es_opening *opening = &es_openings[ES_MOVE_OPENING(move)];
    struct es_gate *gate = &es_gate[opening->gate];
    uint32_t now = es_now();
    if (ES_MOVE_CLOSES(move)) {
        if (opening->state == ES_AWAY) {
            set(gate, 0);
            now = gate->closed;
        }
    } else if (opening->state == ES_PLANNED) {
        int in_time = now - opening->opens <= gate->late && es_after(opening->closes, now) > 0;
        if (in_time && es_rested(gate, now)) {
            opening->state = ES_AWAY;
            set(gate, 1);
            now = gate->opened;
        } else {
            opening->state = ES_OVER;
        }
    }
    made[move] = now;
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

void es_alarm(void) {
    es_move first = ES_NONE, last = ES_NONE;
    es_move move;
    while ((move = es_queue_front()) != ES_NONE) {
        uint32_t due = es_move_due(move);
        if (es_after(due, es_now()) > (int32_t)ES_SPIN_US) break;
        while (es_after(due, es_now()) > 0) {
        }
        make(move);
        es_queue_pop();
        if (first == ES_NONE) {
            first = move;
        } else {
            told_next[last] = move;
        }
        told_next[move] = ES_NONE;
        last = move;
    }
    for (move = first; move != ES_NONE; move = told_next[move]) tell(move);
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
    for (uint8_t i = 0; i < ES_GATES; i++)
        if (es_gate[i].away) set(&es_gate[i], 0);
    es_alarm_off();
    for (uint8_t i = 0; i < ES_QUEUE; i++) {
        const struct es_opening *opening = &es_openings[i];
        if (opening->state == ES_AWAY && was_away >> opening->gate & 1u) tell_closed(opening, cause, es_gate[opening->gate].closed);
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
