#include "es_core.h"

#include "es_gates.h"
#include "es_inputs.h"
#include "es_link.h"
#include "es_port.h"
#include "es_state.h"

#define BOOT_EVERY_US 1000000u

struct es_state core;

void es_start(uint8_t reset) {
    core.reset = reset;
    core.state = ES_STATE_ALONE;
    es_commands_greet();
    core.polled_at = es_now();
    es_tell_boot();
}

void es_stop(uint8_t reason) {
    uint32_t before = es_lock();
    es_gates_rest(ES_CAUSE_LATCHED);
    if (core.state != ES_STATE_ALONE) {
        core.state = ES_STATE_LATCHED;
        core.reason = reason;
        core.latch++;
        uint8_t payload[ES_LATCHED_SIZE];
        struct es_latched latched = {.reason = reason, .latch = core.latch, .tick = es_now()};
        es_write_latched(payload, &latched);
        es_link_event(ES_LATCHED, payload, ES_LATCHED_SIZE);
    }
    es_unlock(before);
}

uint8_t es_arm(uint32_t heartbeat, uint16_t latch) {
    uint8_t status = ES_STATUS_OK;
    uint32_t before = es_lock(); /* no stop may come between looking and arming */
    if (es_estop_pressed()) {
        status = ES_STATUS_ESTOP;
    } else if (latch != core.latch) {
        status = ES_STATUS_WRONG_LATCH;
    } else {
        core.heartbeat = heartbeat;
        core.beat_at = es_now();
        core.reason = ES_LATCH_NONE;
        core.state = ES_STATE_ARMED;
    }
    es_unlock(before);
    return status;
}

void es_stop_now(void) { es_stop(ES_LATCH_ESTOP); }

uint16_t es_latch_count(void) {
    uint32_t before = es_lock();
    uint16_t latch = core.latch;
    es_unlock(before);
    return latch;
}

static void watch(void) {
    uint32_t now = es_now();
    if (now - core.polled_at > core.longest_loop) core.longest_loop = now - core.polled_at;
    core.polled_at = now;
    if (core.state == ES_STATE_ARMED && now - core.beat_at > core.heartbeat) es_stop(ES_LATCH_HEARTBEAT);
    if (!es_gates_poll()) es_stop(ES_LATCH_OVERRUN);
    es_inputs_poll();
    if (core.state == ES_STATE_ALONE && now - core.booted_at >= BOOT_EVERY_US) es_tell_boot();
}

void es_poll(void) {
    struct es_frame frame;
    uint32_t ended = 0;
    int known = 0;
    watch();
    /* no more than a window of frames at a time, so that a flood keeps nobody from watching the heartbeat */
    for (uint8_t i = 0; i < ES_WINDOW && es_link_take(&frame, &ended, &known); i++) {
        if (frame.number) {
            es_take_command(&frame);
        } else {
            es_take_call(&frame, ended, known);
        }
    }
    if (!es_ping_waits()) es_link_poll(es_now());
}
