/* Which gate opens for a part, and when; in doubt none does, and it rides on to reject. */
#include "es_judge.h"

#include "es_gates.h"
#include "es_link.h"
#include "es_port.h"
#include "es_settings.h"
#include "es_state.h"

#define NOTHING 255u

static uint8_t verdict_of(uint8_t status) {
    switch (status) {
        case ES_STATUS_OK: return ES_VERDICT_SORTED;
        case ES_STATUS_PAST: return ES_VERDICT_LATE;
        case ES_STATUS_LATCHED: return ES_VERDICT_NOT_ARMED;
        default: return ES_VERDICT_GATE_RESTING;
    }
}

/* Ask the gates that take the label in turn. */
static void plan(const struct es_part *part, struct es_judged *judged) {
    uint32_t middle = es_part_middle(part);
    judged->verdict = ES_VERDICT_NO_BIN;
    for (uint8_t i = 0; i < ES_GATES_SET; i++) {
        const struct es_gate_setting *gate = &es_gate_settings[i];
        if (!(gate->labels >> part->label & 1u)) continue;
        if (part->ended - part->began > gate->longest) {
            judged->verdict = ES_VERDICT_TOO_LONG;
            continue;
        }
        struct es_plan opening = {
            .gate = i, .opens = middle + gate->opens_after, .closes = middle + gate->closes_after, .part = part->number};
        judged->opens = opening.opens;
        judged->verdict = verdict_of(es_gate_plan(&opening));
        if (judged->verdict != ES_VERDICT_SORTED) continue;
        judged->gate = i;
        return;
    }
}

void es_judge(const struct es_part *part) {
    struct es_judged judged = {.part = part->number, .label = NOTHING, .gate = NOTHING, .opens = es_part_middle(part)};
    if (part->state != ES_PART_KNOWN) {
        judged.verdict = ES_VERDICT_UNCLASSIFIED;
    } else {
        judged.label = part->label;
        judged.score = (uint16_t)(part->score > UINT16_MAX ? UINT16_MAX : part->score);
        if (part->doubt) {
            judged.verdict = part->doubt;
        } else if (!part->accepted) {
            judged.verdict = ES_VERDICT_BELOW_THRESHOLD;
        } else if (core.state != ES_STATE_ARMED) {
            judged.verdict = ES_VERDICT_NOT_ARMED;
        } else {
            plan(part, &judged);
        }
    }
    uint8_t payload[ES_JUDGED_SIZE];
    es_write_judged(payload, &judged);
    uint32_t before = es_lock();
    es_link_event(ES_JUDGED, payload, ES_JUDGED_SIZE);
    es_unlock(before);
}
