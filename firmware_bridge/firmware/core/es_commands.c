/* What each command does. */
#include "es_core.h"
#include "es_gates.h"
#include "es_inputs.h"
#include "es_link.h"
#include "es_port.h"
#include "es_state.h"

#define SHORTEST_HEARTBEAT_US 1000u
#define LONGEST_HEARTBEAT_US 60000000u

static void tell_stats(void) {
    struct es_link_stats link = es_link_stats();
    struct es_gate_stats gates = es_gates_stats();
    struct es_stats stats = {
        .good = link.good,
        .bad = link.bad,
        .again = core.again,
        .gaps = core.gaps,
        .overruns = link.overruns,
        .lost = link.lost,
        .longest_loop = core.longest_loop,
        .latest_move = gates.latest,
        .moves = gates.moves,
    };
    uint8_t payload[ES_STATS_SIZE];
    es_write_stats(payload, &stats);
    es_link_answer(ES_STATS, payload, ES_STATS_SIZE);
}

static uint8_t pin_for_input(uint8_t pin) {
    if (!es_pin_usable(pin) || es_gate_on(pin) || es_input_on(pin)) return ES_STATUS_BAD_VALUE;
    return ES_STATUS_OK;
}

static uint8_t set_gate(const uint8_t *payload) {
    struct es_set_gate set;
    es_read_set_gate(payload, &set);
    if (!es_pin_usable(set.pin) || es_input_on(set.pin)) return ES_STATUS_BAD_VALUE;
    return es_gate_set(&set);
}

static uint8_t set_estop(const uint8_t *payload) {
    struct es_set_estop set;
    es_read_set_estop(payload, &set);
    if (set.pin != ES_NO_PIN && pin_for_input(set.pin) != ES_STATUS_OK) return ES_STATUS_BAD_VALUE;
    return es_estop_set(&set);
}

static uint8_t set_sensor(const uint8_t *payload) {
    struct es_set_sensor set;
    es_read_set_sensor(payload, &set);
    return pin_for_input(set.pin) == ES_STATUS_OK ? es_sensor_set(&set) : ES_STATUS_BAD_VALUE;
}

static uint8_t set_encoder(const uint8_t *payload) {
    struct es_set_encoder set;
    es_read_set_encoder(payload, &set);
    if (set.pin_a == set.pin_b || pin_for_input(set.pin_a) != ES_STATUS_OK) return ES_STATUS_BAD_VALUE;
    if (set.pin_b != ES_NO_PIN && pin_for_input(set.pin_b) != ES_STATUS_OK) return ES_STATUS_BAD_VALUE;
    return es_encoder_set(&set);
}

static uint8_t arm(const uint8_t *payload) {
    struct es_arm set;
    es_read_arm(payload, &set);
    if (set.heartbeat < SHORTEST_HEARTBEAT_US || set.heartbeat > LONGEST_HEARTBEAT_US) return ES_STATUS_BAD_VALUE;
    return es_arm(set.heartbeat, set.latch);
}

static uint8_t plan(const uint8_t *payload) {
    struct es_plan set;
    es_read_plan(payload, &set);
    return es_gate_plan(&set);
}

static uint8_t replan(const uint8_t *payload) {
    struct es_replan set;
    es_read_replan(payload, &set);
    return es_gate_replan(&set);
}

static uint8_t cancel(const uint8_t *payload) { return es_gate_cancel(es_get32(payload)); }

static uint8_t cancel_gate(const uint8_t *payload) { return es_gate_cancel_all(payload[0]); }

static uint8_t rest(const uint8_t *payload) {
    (void)payload;
    es_gates_rest(ES_CAUSE_REST);
    return ES_STATUS_OK;
}

static uint8_t halt(const uint8_t *payload) {
    (void)payload;
    if (core.state != ES_STATE_LATCHED) es_stop(ES_LATCH_HOST);
    return ES_STATUS_OK;
}

static uint8_t ask_stats(const uint8_t *payload) {
    (void)payload;
    tell_stats();
    return ES_STATUS_OK;
}

enum { ANY, AT_REST, WHEN_ARMED };

static const struct command {
    uint8_t id, size, when;
    uint8_t (*run)(const uint8_t *payload);
} commands[] = {
    {ES_SET_GATE, ES_SET_GATE_SIZE, AT_REST, set_gate},
    {ES_SET_ESTOP, ES_SET_ESTOP_SIZE, AT_REST, set_estop},
    {ES_SET_SENSOR, ES_SET_SENSOR_SIZE, AT_REST, set_sensor},
    {ES_SET_ENCODER, ES_SET_ENCODER_SIZE, AT_REST, set_encoder},
    {ES_ARM, ES_ARM_SIZE, ANY, arm},
    {ES_PLAN, ES_PLAN_SIZE, WHEN_ARMED, plan},
    {ES_REPLAN, ES_REPLAN_SIZE, WHEN_ARMED, replan},
    {ES_CANCEL, ES_CANCEL_SIZE, WHEN_ARMED, cancel},
    {ES_CANCEL_GATE, ES_CANCEL_GATE_SIZE, WHEN_ARMED, cancel_gate},
    {ES_REST, ES_REST_SIZE, ANY, rest},
    {ES_HALT, ES_HALT_SIZE, ANY, halt},
    {ES_ASK_STATS, ES_ASK_STATS_SIZE, ANY, ask_stats},
};

void es_sensor_edge(uint8_t number, uint8_t level, uint32_t tick) { es_tell_edge(number, level, tick); }

/* A new host finds every gate at rest, and has to set and arm them itself. */
void es_host_came(void) {
    es_gates_rest(ES_CAUSE_REST);
    es_inputs_forget();
    es_gates_forget();
    core.reason = ES_LATCH_NONE;
    core.state = ES_STATE_GREETED;
}

uint8_t es_run(const struct es_frame *frame) {
    for (uint8_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const struct command *command = &commands[i];
        if (command->id != frame->id) continue;
        if (command->size != frame->size) return ES_STATUS_BAD_VALUE;
        if (command->when == AT_REST && core.state == ES_STATE_ARMED) return ES_STATUS_BUSY;
        if (command->when == WHEN_ARMED && core.state == ES_STATE_LATCHED) return ES_STATUS_LATCHED;
        if (command->when == WHEN_ARMED && core.state != ES_STATE_ARMED) return ES_STATUS_NOT_ARMED;
        return command->run(frame->payload);
    }
    return ES_STATUS_UNKNOWN_MESSAGE;
}
