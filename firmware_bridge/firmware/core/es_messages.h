/* Made from firmware_bridge/messages.py by `python -m firmware_bridge.c_header`. Do not edit. */
#ifndef ES_MESSAGES_H
#define ES_MESSAGES_H

#include <stdint.h>

#define ES_PROTOCOL 1u
#define ES_MOST_PAYLOAD 32u
#define ES_WINDOW 8u
#define ES_RETRY_US 50000u
#define ES_FURTHEST_US 1800000000u
#define ES_NO_PIN 255u
#define ES_CRC_START 65535u

enum {
    ES_STATE_ALONE = 0,
    ES_STATE_GREETED = 1,
    ES_STATE_ARMED = 2,
    ES_STATE_LATCHED = 3,
};

enum {
    ES_STATUS_OK = 0,
    ES_STATUS_PAST = 1,
    ES_STATUS_OVERLAPPING = 2,
    ES_STATUS_TOO_LONG = 3,
    ES_STATUS_TOO_SOON = 4,
    ES_STATUS_UNKNOWN_GATE = 5,
    ES_STATUS_LATCHED = 6,
    ES_STATUS_NOT_ARMED = 7,
    ES_STATUS_QUEUE_FULL = 8,
    ES_STATUS_TOO_FAR = 9,
    ES_STATUS_BACKWARDS = 10,
    ES_STATUS_UNKNOWN_PART = 11,
    ES_STATUS_DOUBLE_PART = 12,
    ES_STATUS_BAD_VALUE = 13,
    ES_STATUS_BUSY = 14,
    ES_STATUS_WRONG_LATCH = 15,
    ES_STATUS_ESTOP = 16,
    ES_STATUS_WRONG_VERSION = 17,
    ES_STATUS_UNKNOWN_MESSAGE = 18,
    ES_STATUS_LATE = 19,
};

enum {
    ES_LATCH_NONE = 0,
    ES_LATCH_HEARTBEAT = 1,
    ES_LATCH_ESTOP = 2,
    ES_LATCH_HOST = 3,
    ES_LATCH_OVERRUN = 4,
};

enum {
    ES_RESET_UNKNOWN = 0,
    ES_RESET_POWER = 1,
    ES_RESET_BUTTON = 2,
    ES_RESET_WATCHDOG = 3,
    ES_RESET_SOFTWARE = 4,
    ES_RESET_BROWNOUT = 5,
};

enum {
    ES_CAUSE_PLANNED = 0,
    ES_CAUSE_REST = 1,
    ES_CAUSE_LATCHED = 2,
};

enum {
    ES_PULL_NONE = 0,
    ES_PULL_UP = 1,
    ES_PULL_DOWN = 2,
};

enum {
    ES_REFUSAL_GAP = 0,
    ES_REFUSAL_NOT_GREETED = 1,
};

enum {
    ES_VERDICT_SORTED = 0,
    ES_VERDICT_BELOW_THRESHOLD = 1,
    ES_VERDICT_NO_BIN = 2,
    ES_VERDICT_CROWDED = 3,
    ES_VERDICT_TOO_LONG = 4,
    ES_VERDICT_LATE = 5,
    ES_VERDICT_GATE_RESTING = 6,
    ES_VERDICT_NOT_ARMED = 7,
    ES_VERDICT_UNCLASSIFIED = 8,
};

static inline uint16_t es_get16(const uint8_t *p) { return (uint16_t)(p[0] | (uint16_t)p[1] << 8); }
static inline uint32_t es_get32(const uint8_t *p) { return es_get16(p) | (uint32_t)es_get16(p + 2) << 16; }
static inline void es_put16(uint8_t *p, uint16_t v) { p[0] = (uint8_t)v; p[1] = (uint8_t)(v >> 8); }
static inline void es_put32(uint8_t *p, uint32_t v) { es_put16(p, (uint16_t)v); es_put16(p + 2, (uint16_t)(v >> 16)); }

#define ES_HELLO 0x01u
#define ES_HELLO_SIZE 22u
struct es_hello {
    uint16_t protocol; /* the version the host speaks */
    uint32_t session; /* drawn anew by the host for every hello; the device gives it back */
    uint8_t host[16]; /* name and version of the host's program, for a person */
};
static inline void es_read_hello(const uint8_t *p, struct es_hello *m) {
    m->protocol = (uint16_t)es_get16(p + 0);
    m->session = (uint32_t)es_get32(p + 2);
    for (uint8_t i = 0; i < 16; i++) m->host[i] = (p + 6)[i];
}
static inline void es_write_hello(uint8_t *p, const struct es_hello *m) {
    es_put16(p + 0, (uint16_t)m->protocol);
    es_put32(p + 2, (uint32_t)m->session);
    for (uint8_t i = 0; i < 16; i++) (p + 6)[i] = m->host[i];
}

#define ES_PING 0x02u
#define ES_PING_SIZE 10u
struct es_ping {
    uint16_t token; /* given back in the answer */
    uint32_t unused_1; /* 0 */
    uint32_t unused_2; /* 0 */
};
static inline void es_read_ping(const uint8_t *p, struct es_ping *m) {
    m->token = (uint16_t)es_get16(p + 0);
    m->unused_1 = (uint32_t)es_get32(p + 2);
    m->unused_2 = (uint32_t)es_get32(p + 6);
}
static inline void es_write_ping(uint8_t *p, const struct es_ping *m) {
    es_put16(p + 0, (uint16_t)m->token);
    es_put32(p + 2, (uint32_t)m->unused_1);
    es_put32(p + 6, (uint32_t)m->unused_2);
}

#define ES_HEARTBEAT 0x03u
#define ES_HEARTBEAT_SIZE 4u
struct es_heartbeat {
    uint32_t session; /* the one of hello; a heartbeat of another session is passed over */
};
static inline void es_read_heartbeat(const uint8_t *p, struct es_heartbeat *m) {
    m->session = (uint32_t)es_get32(p + 0);
}
static inline void es_write_heartbeat(uint8_t *p, const struct es_heartbeat *m) {
    es_put32(p + 0, (uint32_t)m->session);
}

#define ES_EVENT_ACK 0x04u
#define ES_EVENT_ACK_SIZE 1u
struct es_event_ack {
    uint8_t number; /* of the last event taken in without a gap */
};
static inline void es_read_event_ack(const uint8_t *p, struct es_event_ack *m) {
    m->number = p[0];
}
static inline void es_write_event_ack(uint8_t *p, const struct es_event_ack *m) {
    p[0] = m->number;
}

#define ES_SET_GATE 0x10u
#define ES_SET_GATE_SIZE 15u
struct es_set_gate {
    uint8_t gate; /* the gate's number, from 0 */
    uint8_t pin; /* the board's own number of the pin */
    uint8_t resting_level; /* 0 or 1: the pin's level at rest */
    uint32_t max_on; /* longest time away from rest, 1 us to 600 s */
    uint32_t min_off; /* shortest rest between two openings, at most 600 s */
    uint32_t late; /* an opening that begins later than this is not made */
};
static inline void es_read_set_gate(const uint8_t *p, struct es_set_gate *m) {
    m->gate = p[0];
    m->pin = p[1];
    m->resting_level = p[2];
    m->max_on = (uint32_t)es_get32(p + 3);
    m->min_off = (uint32_t)es_get32(p + 7);
    m->late = (uint32_t)es_get32(p + 11);
}
static inline void es_write_set_gate(uint8_t *p, const struct es_set_gate *m) {
    p[0] = m->gate;
    p[1] = m->pin;
    p[2] = m->resting_level;
    es_put32(p + 3, (uint32_t)m->max_on);
    es_put32(p + 7, (uint32_t)m->min_off);
    es_put32(p + 11, (uint32_t)m->late);
}

#define ES_SET_ESTOP 0x11u
#define ES_SET_ESTOP_SIZE 3u
struct es_set_estop {
    uint8_t pin; /* the board's number of the pin; 255: none */
    uint8_t pressed_level; /* 0 or 1: the level that means pressed */
    uint8_t pull; /* the input's resistor */
};
static inline void es_read_set_estop(const uint8_t *p, struct es_set_estop *m) {
    m->pin = p[0];
    m->pressed_level = p[1];
    m->pull = p[2];
}
static inline void es_write_set_estop(uint8_t *p, const struct es_set_estop *m) {
    p[0] = m->pin;
    p[1] = m->pressed_level;
    p[2] = m->pull;
}

#define ES_SET_SENSOR 0x12u
#define ES_SET_SENSOR_SIZE 8u
struct es_set_sensor {
    uint8_t sensor; /* the sensor's number, from 0 */
    uint8_t pin; /* the board's number of the pin */
    uint8_t pull; /* the input's resistor */
    uint8_t edges; /* 1: rising, 2: falling, 3: both */
    uint32_t quiet; /* after an edge that is told of, others are passed over for so long (bouncing) */
};
static inline void es_read_set_sensor(const uint8_t *p, struct es_set_sensor *m) {
    m->sensor = p[0];
    m->pin = p[1];
    m->pull = p[2];
    m->edges = p[3];
    m->quiet = (uint32_t)es_get32(p + 4);
}
static inline void es_write_set_sensor(uint8_t *p, const struct es_set_sensor *m) {
    p[0] = m->sensor;
    p[1] = m->pin;
    p[2] = m->pull;
    p[3] = m->edges;
    es_put32(p + 4, (uint32_t)m->quiet);
}

#define ES_SET_ENCODER 0x13u
#define ES_SET_ENCODER_SIZE 6u
struct es_set_encoder {
    uint8_t encoder; /* the encoder's number, from 0 */
    uint8_t pin_a; /* the board's number of the pin */
    uint8_t pin_b; /* the second channel's pin; 255: none */
    uint8_t pull; /* the inputs' resistor */
    uint16_t every; /* tell of every so many counts, at least 1 */
};
static inline void es_read_set_encoder(const uint8_t *p, struct es_set_encoder *m) {
    m->encoder = p[0];
    m->pin_a = p[1];
    m->pin_b = p[2];
    m->pull = p[3];
    m->every = (uint16_t)es_get16(p + 4);
}
static inline void es_write_set_encoder(uint8_t *p, const struct es_set_encoder *m) {
    p[0] = m->encoder;
    p[1] = m->pin_a;
    p[2] = m->pin_b;
    p[3] = m->pull;
    es_put16(p + 4, (uint16_t)m->every);
}

#define ES_ARM 0x14u
#define ES_ARM_SIZE 6u
struct es_arm {
    uint32_t heartbeat; /* longest silence between heartbeats, 1,000 to 60,000,000 */
    uint16_t latch; /* how many stops the host has seen, from identity, status or latched */
};
static inline void es_read_arm(const uint8_t *p, struct es_arm *m) {
    m->heartbeat = (uint32_t)es_get32(p + 0);
    m->latch = (uint16_t)es_get16(p + 4);
}
static inline void es_write_arm(uint8_t *p, const struct es_arm *m) {
    es_put32(p + 0, (uint32_t)m->heartbeat);
    es_put16(p + 4, (uint16_t)m->latch);
}

#define ES_PLAN 0x15u
#define ES_PLAN_SIZE 13u
struct es_plan {
    uint8_t gate; /* the gate's number */
    uint32_t opens; /* when it leaves rest */
    uint32_t closes; /* when it is at rest again */
    uint32_t part; /* names the opening; not used by another one that is planned or under way */
};
static inline void es_read_plan(const uint8_t *p, struct es_plan *m) {
    m->gate = p[0];
    m->opens = (uint32_t)es_get32(p + 1);
    m->closes = (uint32_t)es_get32(p + 5);
    m->part = (uint32_t)es_get32(p + 9);
}
static inline void es_write_plan(uint8_t *p, const struct es_plan *m) {
    p[0] = m->gate;
    es_put32(p + 1, (uint32_t)m->opens);
    es_put32(p + 5, (uint32_t)m->closes);
    es_put32(p + 9, (uint32_t)m->part);
}

#define ES_REPLAN 0x16u
#define ES_REPLAN_SIZE 12u
struct es_replan {
    uint32_t part; /* which opening */
    uint32_t opens; /* when it leaves rest; not looked at when it has already */
    uint32_t closes; /* when it is at rest again */
};
static inline void es_read_replan(const uint8_t *p, struct es_replan *m) {
    m->part = (uint32_t)es_get32(p + 0);
    m->opens = (uint32_t)es_get32(p + 4);
    m->closes = (uint32_t)es_get32(p + 8);
}
static inline void es_write_replan(uint8_t *p, const struct es_replan *m) {
    es_put32(p + 0, (uint32_t)m->part);
    es_put32(p + 4, (uint32_t)m->opens);
    es_put32(p + 8, (uint32_t)m->closes);
}

#define ES_CANCEL 0x17u
#define ES_CANCEL_SIZE 4u
struct es_cancel {
    uint32_t part; /* which opening */
};
static inline void es_read_cancel(const uint8_t *p, struct es_cancel *m) {
    m->part = (uint32_t)es_get32(p + 0);
}
static inline void es_write_cancel(uint8_t *p, const struct es_cancel *m) {
    es_put32(p + 0, (uint32_t)m->part);
}

#define ES_CANCEL_GATE 0x18u
#define ES_CANCEL_GATE_SIZE 1u
struct es_cancel_gate {
    uint8_t gate; /* the gate's number */
};
static inline void es_read_cancel_gate(const uint8_t *p, struct es_cancel_gate *m) {
    m->gate = p[0];
}
static inline void es_write_cancel_gate(uint8_t *p, const struct es_cancel_gate *m) {
    p[0] = m->gate;
}

#define ES_REST 0x19u
#define ES_REST_SIZE 0u

#define ES_HALT 0x1au
#define ES_HALT_SIZE 0u

#define ES_ASK_STATS 0x1bu
#define ES_ASK_STATS_SIZE 0u

#define ES_PIXELS 0x20u
#define ES_PIXELS_SIZE 32u
struct es_pixels {
    uint32_t part; /* the part, as expect has named it */
    uint16_t at; /* the place of the first of these bytes in the picture; 0 begins a picture */
    uint8_t pixels[26]; /* rows from top to bottom, a byte for each channel; beyond the end 0 */
};
static inline void es_read_pixels(const uint8_t *p, struct es_pixels *m) {
    m->part = (uint32_t)es_get32(p + 0);
    m->at = (uint16_t)es_get16(p + 4);
    for (uint8_t i = 0; i < 26; i++) m->pixels[i] = (p + 6)[i];
}
static inline void es_write_pixels(uint8_t *p, const struct es_pixels *m) {
    es_put32(p + 0, (uint32_t)m->part);
    es_put16(p + 4, (uint16_t)m->at);
    for (uint8_t i = 0; i < 26; i++) (p + 6)[i] = m->pixels[i];
}

#define ES_IDENTITY 0x41u
#define ES_IDENTITY_SIZE 32u
struct es_identity {
    uint16_t protocol; /* the version the device speaks */
    uint8_t status; /* OK; WRONG_VERSION: that of hello is another; or BUSY */
    uint8_t state; /* GREETED when status is OK */
    uint32_t session; /* the one of the hello that this answers */
    uint16_t firmware; /* the firmware's version: 256 x major + minor */
    uint8_t gates; /* how many gates it can have */
    uint8_t sensors; /* how many sensors it can have */
    uint8_t encoders; /* how many encoders it can have */
    uint8_t queue; /* how many openings it can hold, of all gates together */
    uint8_t window; /* how many commands may be on their way without an acknowledgement */
    uint8_t reset; /* why it last started */
    uint32_t tick_rate; /* ticks in a second: 1,000,000 */
    uint16_t lead; /* an opening that begins sooner than this from now is refused as past */
    uint16_t latch; /* how many stops there have been since it started */
    uint8_t board[8]; /* the board's name */
};
static inline void es_read_identity(const uint8_t *p, struct es_identity *m) {
    m->protocol = (uint16_t)es_get16(p + 0);
    m->status = p[2];
    m->state = p[3];
    m->session = (uint32_t)es_get32(p + 4);
    m->firmware = (uint16_t)es_get16(p + 8);
    m->gates = p[10];
    m->sensors = p[11];
    m->encoders = p[12];
    m->queue = p[13];
    m->window = p[14];
    m->reset = p[15];
    m->tick_rate = (uint32_t)es_get32(p + 16);
    m->lead = (uint16_t)es_get16(p + 20);
    m->latch = (uint16_t)es_get16(p + 22);
    for (uint8_t i = 0; i < 8; i++) m->board[i] = (p + 24)[i];
}
static inline void es_write_identity(uint8_t *p, const struct es_identity *m) {
    es_put16(p + 0, (uint16_t)m->protocol);
    p[2] = m->status;
    p[3] = m->state;
    es_put32(p + 4, (uint32_t)m->session);
    es_put16(p + 8, (uint16_t)m->firmware);
    p[10] = m->gates;
    p[11] = m->sensors;
    p[12] = m->encoders;
    p[13] = m->queue;
    p[14] = m->window;
    p[15] = m->reset;
    es_put32(p + 16, (uint32_t)m->tick_rate);
    es_put16(p + 20, (uint16_t)m->lead);
    es_put16(p + 22, (uint16_t)m->latch);
    for (uint8_t i = 0; i < 8; i++) (p + 24)[i] = m->board[i];
}

#define ES_PONG 0x42u
#define ES_PONG_SIZE 10u
struct es_pong {
    uint16_t token; /* the ping's */
    uint32_t received; /* when the last byte of the ping arrived */
    uint32_t sent; /* when the first byte of this answer left */
};
static inline void es_read_pong(const uint8_t *p, struct es_pong *m) {
    m->token = (uint16_t)es_get16(p + 0);
    m->received = (uint32_t)es_get32(p + 2);
    m->sent = (uint32_t)es_get32(p + 6);
}
static inline void es_write_pong(uint8_t *p, const struct es_pong *m) {
    es_put16(p + 0, (uint16_t)m->token);
    es_put32(p + 2, (uint32_t)m->received);
    es_put32(p + 6, (uint32_t)m->sent);
}

#define ES_ACK 0x43u
#define ES_ACK_SIZE 4u
struct es_ack {
    uint8_t number; /* of the command */
    uint8_t status; /* OK: carried out; else refused, and nothing was changed */
    uint8_t state; /* the device's state after it */
    uint8_t free; /* openings there is room for */
};
static inline void es_read_ack(const uint8_t *p, struct es_ack *m) {
    m->number = p[0];
    m->status = p[1];
    m->state = p[2];
    m->free = p[3];
}
static inline void es_write_ack(uint8_t *p, const struct es_ack *m) {
    p[0] = m->number;
    p[1] = m->status;
    p[2] = m->state;
    p[3] = m->free;
}

#define ES_NACK 0x44u
#define ES_NACK_SIZE 2u
struct es_nack {
    uint8_t expected; /* the number of the command it waits for */
    uint8_t refusal; /* why */
};
static inline void es_read_nack(const uint8_t *p, struct es_nack *m) {
    m->expected = p[0];
    m->refusal = p[1];
}
static inline void es_write_nack(uint8_t *p, const struct es_nack *m) {
    p[0] = m->expected;
    p[1] = m->refusal;
}

#define ES_DEVICE_STATUS 0x45u
#define ES_DEVICE_STATUS_SIZE 16u
struct es_device_status {
    uint32_t tick; /* the device's time */
    uint8_t state; /* the device's state */
    uint8_t reason; /* why it is stopped; NONE when it is not */
    uint16_t latch; /* how many stops there have been since it started */
    uint8_t free; /* openings there is room for */
    uint8_t estop; /* 1: the emergency stop is pressed */
    uint16_t lost; /* events there was no room for, since hello; stays at 65,535 */
    uint32_t away; /* bit n: gate n is away from rest */
};
static inline void es_read_device_status(const uint8_t *p, struct es_device_status *m) {
    m->tick = (uint32_t)es_get32(p + 0);
    m->state = p[4];
    m->reason = p[5];
    m->latch = (uint16_t)es_get16(p + 6);
    m->free = p[8];
    m->estop = p[9];
    m->lost = (uint16_t)es_get16(p + 10);
    m->away = (uint32_t)es_get32(p + 12);
}
static inline void es_write_device_status(uint8_t *p, const struct es_device_status *m) {
    es_put32(p + 0, (uint32_t)m->tick);
    p[4] = m->state;
    p[5] = m->reason;
    es_put16(p + 6, (uint16_t)m->latch);
    p[8] = m->free;
    p[9] = m->estop;
    es_put16(p + 10, (uint16_t)m->lost);
    es_put32(p + 12, (uint32_t)m->away);
}

#define ES_STATS 0x46u
#define ES_STATS_SIZE 28u
struct es_stats {
    uint32_t good; /* frames that were whole */
    uint32_t bad; /* frames whose length or checksum was wrong */
    uint16_t again; /* commands that came a second time */
    uint16_t gaps; /* commands not taken in because one before them was missing */
    uint16_t overruns; /* bytes that came faster than they were read */
    uint16_t lost; /* events there was no room for, since hello */
    uint32_t longest_loop; /* longest time between two passes of the main loop */
    uint32_t latest_move; /* largest delay of a planned move behind its tick */
    uint32_t moves; /* planned moves made */
};
static inline void es_read_stats(const uint8_t *p, struct es_stats *m) {
    m->good = (uint32_t)es_get32(p + 0);
    m->bad = (uint32_t)es_get32(p + 4);
    m->again = (uint16_t)es_get16(p + 8);
    m->gaps = (uint16_t)es_get16(p + 10);
    m->overruns = (uint16_t)es_get16(p + 12);
    m->lost = (uint16_t)es_get16(p + 14);
    m->longest_loop = (uint32_t)es_get32(p + 16);
    m->latest_move = (uint32_t)es_get32(p + 20);
    m->moves = (uint32_t)es_get32(p + 24);
}
static inline void es_write_stats(uint8_t *p, const struct es_stats *m) {
    es_put32(p + 0, (uint32_t)m->good);
    es_put32(p + 4, (uint32_t)m->bad);
    es_put16(p + 8, (uint16_t)m->again);
    es_put16(p + 10, (uint16_t)m->gaps);
    es_put16(p + 12, (uint16_t)m->overruns);
    es_put16(p + 14, (uint16_t)m->lost);
    es_put32(p + 16, (uint32_t)m->longest_loop);
    es_put32(p + 20, (uint32_t)m->latest_move);
    es_put32(p + 24, (uint32_t)m->moves);
}

#define ES_BOOT 0x47u
#define ES_BOOT_SIZE 17u
struct es_boot {
    uint16_t protocol; /* the version the device speaks */
    uint16_t firmware; /* the firmware's version: 256 x major + minor */
    uint8_t reset; /* why it started */
    uint32_t tick; /* the device's time */
    uint8_t board[8]; /* the board's name */
};
static inline void es_read_boot(const uint8_t *p, struct es_boot *m) {
    m->protocol = (uint16_t)es_get16(p + 0);
    m->firmware = (uint16_t)es_get16(p + 2);
    m->reset = p[4];
    m->tick = (uint32_t)es_get32(p + 5);
    for (uint8_t i = 0; i < 8; i++) m->board[i] = (p + 9)[i];
}
static inline void es_write_boot(uint8_t *p, const struct es_boot *m) {
    es_put16(p + 0, (uint16_t)m->protocol);
    es_put16(p + 2, (uint16_t)m->firmware);
    p[4] = m->reset;
    es_put32(p + 5, (uint32_t)m->tick);
    for (uint8_t i = 0; i < 8; i++) (p + 9)[i] = m->board[i];
}

#define ES_OPENED 0x61u
#define ES_OPENED_SIZE 13u
struct es_opened {
    uint8_t gate; /* the gate's number */
    uint32_t part; /* the opening's */
    uint32_t due; /* when it was planned */
    uint32_t tick; /* when the pin was set */
};
static inline void es_read_opened(const uint8_t *p, struct es_opened *m) {
    m->gate = p[0];
    m->part = (uint32_t)es_get32(p + 1);
    m->due = (uint32_t)es_get32(p + 5);
    m->tick = (uint32_t)es_get32(p + 9);
}
static inline void es_write_opened(uint8_t *p, const struct es_opened *m) {
    p[0] = m->gate;
    es_put32(p + 1, (uint32_t)m->part);
    es_put32(p + 5, (uint32_t)m->due);
    es_put32(p + 9, (uint32_t)m->tick);
}

#define ES_CLOSED 0x62u
#define ES_CLOSED_SIZE 14u
struct es_closed {
    uint8_t gate; /* the gate's number */
    uint8_t cause; /* why */
    uint32_t part; /* the opening's */
    uint32_t due; /* when it was planned */
    uint32_t tick; /* when the pin was set */
};
static inline void es_read_closed(const uint8_t *p, struct es_closed *m) {
    m->gate = p[0];
    m->cause = p[1];
    m->part = (uint32_t)es_get32(p + 2);
    m->due = (uint32_t)es_get32(p + 6);
    m->tick = (uint32_t)es_get32(p + 10);
}
static inline void es_write_closed(uint8_t *p, const struct es_closed *m) {
    p[0] = m->gate;
    p[1] = m->cause;
    es_put32(p + 2, (uint32_t)m->part);
    es_put32(p + 6, (uint32_t)m->due);
    es_put32(p + 10, (uint32_t)m->tick);
}

#define ES_MISSED 0x63u
#define ES_MISSED_SIZE 14u
struct es_missed {
    uint8_t gate; /* the gate's number */
    uint8_t reason; /* LATE: it could not begin in time; TOO_SOON: the gate had not rested long enough */
    uint32_t part; /* the opening's */
    uint32_t due; /* when it should have begun */
    uint32_t tick; /* when that was found */
};
static inline void es_read_missed(const uint8_t *p, struct es_missed *m) {
    m->gate = p[0];
    m->reason = p[1];
    m->part = (uint32_t)es_get32(p + 2);
    m->due = (uint32_t)es_get32(p + 6);
    m->tick = (uint32_t)es_get32(p + 10);
}
static inline void es_write_missed(uint8_t *p, const struct es_missed *m) {
    p[0] = m->gate;
    p[1] = m->reason;
    es_put32(p + 2, (uint32_t)m->part);
    es_put32(p + 6, (uint32_t)m->due);
    es_put32(p + 10, (uint32_t)m->tick);
}

#define ES_LATCHED 0x64u
#define ES_LATCHED_SIZE 7u
struct es_latched {
    uint8_t reason; /* why */
    uint16_t latch; /* how many stops there have been since it started; arm must name it */
    uint32_t tick; /* when */
};
static inline void es_read_latched(const uint8_t *p, struct es_latched *m) {
    m->reason = p[0];
    m->latch = (uint16_t)es_get16(p + 1);
    m->tick = (uint32_t)es_get32(p + 3);
}
static inline void es_write_latched(uint8_t *p, const struct es_latched *m) {
    p[0] = m->reason;
    es_put16(p + 1, (uint16_t)m->latch);
    es_put32(p + 3, (uint32_t)m->tick);
}

#define ES_EDGE 0x65u
#define ES_EDGE_SIZE 6u
struct es_edge {
    uint8_t sensor; /* the sensor's number */
    uint8_t level; /* 0 or 1: the level after it */
    uint32_t tick; /* when */
};
static inline void es_read_edge(const uint8_t *p, struct es_edge *m) {
    m->sensor = p[0];
    m->level = p[1];
    m->tick = (uint32_t)es_get32(p + 2);
}
static inline void es_write_edge(uint8_t *p, const struct es_edge *m) {
    p[0] = m->sensor;
    p[1] = m->level;
    es_put32(p + 2, (uint32_t)m->tick);
}

#define ES_COUNT 0x66u
#define ES_COUNT_SIZE 9u
struct es_count {
    uint8_t encoder; /* the encoder's number */
    int32_t count; /* counts since it was set; wraps at 32 bits */
    uint32_t tick; /* when this count was reached */
};
static inline void es_read_count(const uint8_t *p, struct es_count *m) {
    m->encoder = p[0];
    m->count = (int32_t)es_get32(p + 1);
    m->tick = (uint32_t)es_get32(p + 5);
}
static inline void es_write_count(uint8_t *p, const struct es_count *m) {
    p[0] = m->encoder;
    es_put32(p + 1, (uint32_t)m->count);
    es_put32(p + 5, (uint32_t)m->tick);
}

#define ES_ESTOP 0x67u
#define ES_ESTOP_SIZE 5u
struct es_estop {
    uint8_t pressed; /* 1: pressed, 0: released; the device stays stopped all the same */
    uint32_t tick; /* when */
};
static inline void es_read_estop(const uint8_t *p, struct es_estop *m) {
    m->pressed = p[0];
    m->tick = (uint32_t)es_get32(p + 1);
}
static inline void es_write_estop(uint8_t *p, const struct es_estop *m) {
    p[0] = m->pressed;
    es_put32(p + 1, (uint32_t)m->tick);
}

#define ES_EXPECT 0x68u
#define ES_EXPECT_SIZE 8u
struct es_expect {
    uint32_t part; /* the part's number, counted from 1 */
    uint32_t at; /* when it is in the middle of the picture */
};
static inline void es_read_expect(const uint8_t *p, struct es_expect *m) {
    m->part = (uint32_t)es_get32(p + 0);
    m->at = (uint32_t)es_get32(p + 4);
}
static inline void es_write_expect(uint8_t *p, const struct es_expect *m) {
    es_put32(p + 0, (uint32_t)m->part);
    es_put32(p + 4, (uint32_t)m->at);
}

#define ES_JUDGED 0x69u
#define ES_JUDGED_SIZE 13u
struct es_judged {
    uint32_t part; /* the part's number */
    uint8_t label; /* the label's number in the model; 255: it was not classified */
    uint16_t score; /* of that label, in 1/65536; 65,535 stands for 1 as well */
    uint8_t verdict; /* why it goes where it goes */
    uint8_t gate; /* the gate that opens; 255: none, the part rides on to reject */
    uint32_t opens; /* when it opens, or would have */
};
static inline void es_read_judged(const uint8_t *p, struct es_judged *m) {
    m->part = (uint32_t)es_get32(p + 0);
    m->label = p[4];
    m->score = (uint16_t)es_get16(p + 5);
    m->verdict = p[7];
    m->gate = p[8];
    m->opens = (uint32_t)es_get32(p + 9);
}
static inline void es_write_judged(uint8_t *p, const struct es_judged *m) {
    es_put32(p + 0, (uint32_t)m->part);
    p[4] = m->label;
    es_put16(p + 5, (uint16_t)m->score);
    p[7] = m->verdict;
    p[8] = m->gate;
    es_put32(p + 9, (uint32_t)m->opens);
}

#endif
