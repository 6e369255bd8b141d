/* The messages that are not numbered. */
#include "es_core.h"
#include "es_gates.h"
#include "es_inputs.h"
#include "es_link.h"
#include "es_port.h"
#include "es_state.h"

static struct {
    uint32_t at;
    uint16_t token;
    uint8_t waits;
} ping;

static void put_name(uint8_t *to) {
    const char *name = ES_BOARD;
    for (uint8_t i = 0; i < 8; i++) {
        to[i] = (uint8_t)*name;
        if (*name) name++;
    }
}

void es_tell_boot(void) {
    uint8_t payload[ES_BOOT_SIZE];
    struct es_boot boot = {.protocol = ES_PROTOCOL, .firmware = ES_FIRMWARE, .reset = core.reset, .tick = es_now()};
    put_name(boot.board);
    es_write_boot(payload, &boot);
    es_link_answer(ES_BOOT, payload, ES_BOOT_SIZE);
    core.booted_at = boot.tick;
}

static void greet(const struct es_hello *hello) {
    struct es_identity identity = {
        .protocol = ES_PROTOCOL,
        .status = ES_STATUS_WRONG_VERSION,
        .session = hello->session,
        .firmware = ES_FIRMWARE,
        .gates = ES_GATES,
        .sensors = ES_SENSORS,
        .encoders = ES_ENCODERS,
        .queue = ES_QUEUE,
        .window = ES_WINDOW_OF_BOARD,
        .reset = core.reset,
        .tick_rate = 1000000u,
        .lead = ES_LEAD_US,
    };
    if (hello->protocol == ES_PROTOCOL) {
        identity.status = ES_STATUS_OK;
        es_host_came();
        es_link_greet();
        core.session = hello->session;
        es_commands_greet();
    }
    identity.state = core.state;
    identity.latch = es_latch_count();
    put_name(identity.board);
    uint8_t payload[ES_IDENTITY_SIZE];
    es_write_identity(payload, &identity);
    es_link_answer(ES_IDENTITY, payload, ES_IDENTITY_SIZE);
}

static void tell_status(void) {
    uint32_t before = es_lock();
    struct es_device_status status = {
        .tick = es_now(),
        .state = core.state,
        .reason = core.reason,
        .latch = core.latch,
        .estop = (uint8_t)es_estop_pressed(),
        .away = es_gates_away(),
    };
    es_unlock(before);
    status.free = es_queue_free();
    status.lost = es_link_stats().lost;
    uint8_t payload[ES_DEVICE_STATUS_SIZE];
    es_write_device_status(payload, &status);
    es_link_answer(ES_DEVICE_STATUS, payload, ES_DEVICE_STATUS_SIZE);
}

static void beat(const struct es_heartbeat *heartbeat) {
    if (core.state == ES_STATE_ALONE || heartbeat->session != core.session) return;
    core.beat_at = es_now();
    tell_status();
}

/* An answer to ping leaves when nothing is before it on the line, so that its moment is true. */
static void answer_ping(void) {
    if (!ping.waits || !es_link_idle()) return;
    uint8_t payload[ES_PONG_SIZE];
    struct es_pong pong = {.token = ping.token, .received = ping.at, .sent = es_now()};
    es_write_pong(payload, &pong);
    es_link_answer(ES_PONG, payload, ES_PONG_SIZE);
    ping.waits = 0;
}

static void note_ping(const struct es_ping *from, uint32_t ended) {
    ping.waits = 1;
    ping.token = from->token;
    ping.at = ended;
    answer_ping();
}

int es_ping_waits(void) {
    answer_ping();
    return ping.waits;
}

void es_take_call(const struct es_frame *frame, uint32_t ended, int known) {
    const uint8_t *payload = frame->payload;
    if (frame->id == ES_HELLO && frame->size == ES_HELLO_SIZE) {
        struct es_hello hello;
        es_read_hello(payload, &hello);
        greet(&hello);
    } else if (frame->id == ES_PING && frame->size == ES_PING_SIZE && known) {
        struct es_ping from;
        es_read_ping(payload, &from);
        note_ping(&from, ended);
    } else if (frame->id == ES_HEARTBEAT && frame->size == ES_HEARTBEAT_SIZE) {
        struct es_heartbeat heartbeat;
        es_read_heartbeat(payload, &heartbeat);
        beat(&heartbeat);
    } else if (frame->id == ES_EVENT_ACK && frame->size == ES_EVENT_ACK_SIZE) {
        es_link_acknowledged(payload[0]);
    }
}
