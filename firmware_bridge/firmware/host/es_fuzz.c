/* A host gone mad: es_fuzz SEED FRAMES. Frames of every kind with wild and with plausible contents, damaged ones and noise,
 * with interrupts wherever they may come. Ends with an error when a rule is broken, or a sanitizer finds one.
 *
 * Rules: no gate is away from rest for longer than the longest max_on it was ever given; a gate is away only while an
 * alarm is set; with neither heartbeat nor arm for longer than the longest heartbeat, every gate is at rest; a gate that is
 * opened was armed after the last hello; no opening is forgotten.
 */
#include <stdio.h>
#include <stdlib.h>

#include "es_core.h"
#include "es_frame.h"
#include "es_host.h"
#include "es_port.h"
#include "es_queue.h"

#define GATES 4u
#define LONGEST_ON 20000u
#define LONGEST_BEAT 30000u
#define SLACK 3000u /* a pass of the main loop, and what interrupts may be late here */

static uint32_t seed, opened_at[HOST_PINS], beat_at, opens;
static uint8_t away[HOST_PINS];
static struct {
    uint32_t number, armed, event;
} host;

static uint32_t draw(uint32_t below) {
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % below;
}

static void fail(const char *rule) {
    fprintf(stderr, "broken at tick %u: %s\n", (unsigned)host_tick, rule);
    abort();
}

static void on_write(uint8_t pin, uint8_t level) {
    uint8_t rests = pin & 1u; /* even pins rest low, odd ones high */
    if (pin < 2 || pin >= 2 + GATES) fail("a pin that is no gate's was set");
    if (level == rests) {
        if (away[pin] && host_tick - opened_at[pin] > LONGEST_ON + SLACK) fail("away from rest for too long");
        away[pin] = 0;
        return;
    }
    if (!host.armed) fail("opened without being armed");
    away[pin] = 1;
    opened_at[pin] = host_tick;
    opens++;
}

static void check(void) {
    for (uint8_t pin = 2; pin < 2 + GATES; pin++) {
        if (!away[pin]) continue;
        if (host_tick - opened_at[pin] > LONGEST_ON + SLACK) fail("away from rest for too long");
        if (!host_alarm_is_set) fail("away from rest with no alarm to end it");
        if (host_tick - beat_at > LONGEST_BEAT + SLACK) fail("away from rest with the host silent");
    }
}

/* An opening whose time is over has been made, missed or voided: none is forgotten. */
static void check_queue(void) {
    for (uint8_t i = 0; i < ES_QUEUE; i++)
        if (es_openings[i].state != ES_FREE && es_after(host_tick, es_openings[i].closes) > (int32_t)SLACK)
            fail("an opening was forgotten");
}

/* Contents that are often sensible, so that the fuzz reaches deep states. */
static void fill(struct es_frame *frame) {
    uint8_t *p = frame->payload;
    for (uint8_t i = 0; i < frame->size; i++) p[i] = (uint8_t)draw(256);
    uint32_t opens_at = host_tick + draw(draw(10) ? 15000 : 100000) - 500u;
    switch (frame->id) {
    case ES_SET_GATE:
        p[0] = (uint8_t)draw(GATES);
        p[1] = (uint8_t)(2 + p[0]);
        p[2] = p[1] & 1u;
        es_put32(p + 3, 1 + draw(LONGEST_ON));
        es_put32(p + 7, draw(3000));
        es_put32(p + 11, draw(1000));
        break;
    case ES_SET_ESTOP:
    case ES_SET_SENSOR:
    case ES_SET_ENCODER: /* inputs keep off the gates' pins: pin 8 and above */
        for (uint8_t i = 0; i < frame->size; i++) p[i] = (uint8_t)(draw(4) ? 8 + draw(23) : draw(4));
        if (frame->id == ES_SET_ESTOP) p[1] = (uint8_t)draw(2);
        if (frame->id != ES_SET_ESTOP) p[0] = (uint8_t)draw(4);
        p[frame->id == ES_SET_ESTOP || frame->id == ES_SET_SENSOR ? 2 : 3] = (uint8_t)draw(4);
        if (frame->id == ES_SET_SENSOR) es_put32(p + 4, draw(5000));
        break;
    case ES_ARM:
        es_put32(p, 5000 + draw(LONGEST_BEAT - 5000));
        break;
    case ES_PLAN:
        p[0] = (uint8_t)draw(GATES + 1);
        es_put32(p + 1, opens_at);
        es_put32(p + 5, opens_at + draw(draw(4) ? 3000 : 3 * LONGEST_ON) + (draw(50) ? 1 : 0));
        es_put32(p + 9, draw(30));
        break;
    case ES_REPLAN:
        es_put32(p, draw(30));
        es_put32(p + 4, opens_at);
        es_put32(p + 8, opens_at + draw(draw(2) ? 3000 : 3 * LONGEST_ON));
        break;
    case ES_CANCEL:
        es_put32(p, draw(30));
        break;
    case ES_CANCEL_GATE:
        p[0] = (uint8_t)draw(GATES);
        break;
    case ES_HELLO:
        es_put16(p, ES_PROTOCOL);
        es_put32(p + 2, 1);
        break;
    case ES_HEARTBEAT:
        es_put32(p, 1);
        break;
    case ES_EVENT_ACK:
        p[0] = (uint8_t)(draw(10) ? host.event : draw(256));
        break;
    default:
        break;
    }
}

static uint16_t latch; /* as the device last said it */

static void listen(void) {
    static uint8_t piece[ES_FRAME_STUFFED + 1];
    static uint32_t size;
    const uint8_t *bytes;
    uint32_t count = host_sent(&bytes);
    for (uint32_t i = 0; i < count; i++) {
        struct es_frame frame;
        if (bytes[i]) {
            if (size >= sizeof piece) fail("the device sent a frame that is too long");
            piece[size++] = bytes[i];
            continue;
        }
        if (size && !es_frame_read(piece, (uint8_t)size, &frame)) fail("the device sent a frame that is none");
        if (size && frame.number) host.event = frame.number;
        if (size && frame.id == ES_LATCHED) latch = es_get16(frame.payload + 1);
        if (size && frame.id == ES_DEVICE_STATUS) latch = es_get16(frame.payload + 6);
        if (size && frame.id == ES_NACK) host.number = (frame.payload[0] + 254u) % 255u;
        size = 0;
    }
}

static void send(uint8_t id, uint8_t size) {
    uint8_t line[ES_FRAME_LINE];
    struct es_frame frame = {.id = id, .size = size};
    int command = id >= ES_SET_GATE && id <= ES_ASK_STATS;
    if (command && draw(50)) host.number = host.number % 255u + 1u;
    if (command) frame.number = (uint8_t)host.number;
    if (!draw(100)) frame.number = (uint8_t)draw(256);
    fill(&frame);
    if (id == ES_ARM && draw(20)) es_put16(frame.payload + 4, latch);
    if (!draw(40))
        for (uint8_t i = 0; i < frame.size; i++) frame.payload[i] = (uint8_t)draw(256);
    if (id == ES_SET_GATE || id == ES_ARM || id == ES_SET_ENCODER || id == ES_SET_ESTOP || id == ES_SET_SENSOR) fill(&frame);
    if (id == ES_ARM && draw(20)) es_put16(frame.payload + 4, latch);
    uint8_t length = es_frame_write(&frame, line);
    int damaged = !draw(20);
    if (damaged) line[1 + draw(length - 2u)] ^= (uint8_t)(1u << draw(8));
    int greets = id == ES_HELLO && frame.number == 0 && es_get16(frame.payload) == ES_PROTOCOL;
    if (!damaged && (id == ES_ARM || id == ES_HEARTBEAT)) beat_at = host_tick;
    if (!damaged && id == ES_ARM) host.armed = 1;
    uint32_t before = host_tick;
    host_receive(line, length);
    if (!damaged && greets) host.number = host.armed = 0;
    if (!damaged && (id == ES_ARM || id == ES_HEARTBEAT)) beat_at += host_tick - before;
}

static void step(void) {
    static const uint8_t kinds[][2] = {
        {ES_PLAN, ES_PLAN_SIZE},           {ES_PLAN, ES_PLAN_SIZE},         {ES_PLAN, ES_PLAN_SIZE},
        {ES_PLAN, ES_PLAN_SIZE},           {ES_REPLAN, ES_REPLAN_SIZE},     {ES_REPLAN, ES_REPLAN_SIZE},
        {ES_HEARTBEAT, ES_HEARTBEAT_SIZE}, {ES_CANCEL, ES_CANCEL_SIZE},     {ES_CANCEL_GATE, ES_CANCEL_GATE_SIZE},
        {ES_ARM, ES_ARM_SIZE},             {ES_ARM, ES_ARM_SIZE},           {ES_SET_GATE, ES_SET_GATE_SIZE},
        {ES_HEARTBEAT, ES_HEARTBEAT_SIZE}, {ES_EVENT_ACK, ES_EVENT_ACK_SIZE}, {ES_PING, ES_PING_SIZE},         {ES_ASK_STATS, ES_ASK_STATS_SIZE},
    };
    static const uint8_t rare[][2] = {
        {ES_HELLO, ES_HELLO_SIZE},           {ES_REST, ES_REST_SIZE},           {ES_HALT, ES_HALT_SIZE},
        {ES_SET_ESTOP, ES_SET_ESTOP_SIZE},   {ES_SET_SENSOR, ES_SET_SENSOR_SIZE}, {ES_SET_ENCODER, ES_SET_ENCODER_SIZE},
    };
    uint32_t what = draw(1000);
    if (what < 950) {
        const uint8_t *kind = kinds[draw(sizeof kinds / sizeof *kinds)];
        send(kind[0], kind[1]);
    } else if (what < 960) {
        const uint8_t *kind = rare[draw(sizeof rare / sizeof *rare)];
        send(kind[0], kind[1]);
        for (uint32_t i = 0; kind[0] == ES_HELLO && i < 2 * GATES; i++) send(ES_SET_GATE, ES_SET_GATE_SIZE);
    } else if (what < 980) { /* any id, any size */
        uint8_t id = (uint8_t)draw(256);
        if (id != ES_HELLO && id != ES_ARM && id != ES_HEARTBEAT && id != ES_SET_GATE) send(id, (uint8_t)draw(33));
    } else {
        uint8_t noise[40];
        uint32_t count = draw(sizeof noise);
        for (uint32_t i = 0; i < count; i++) noise[i] = (uint8_t)(draw(5) ? draw(256) : 0);
        host_receive(noise, count);
    }
    if (!draw(4)) host_drive((uint8_t)(8 + draw(24)), (uint8_t)draw(2));
    host_pass(draw(100) ? draw(1000) : draw(60000), 900);
    check();
    check_queue();
    listen();
}

int main(int count, char **words) {
    if (count != 3) return 2;
    seed = (uint32_t)strtoul(words[1], NULL, 10) * 2654435761u | 1u;
    uint32_t frames = (uint32_t)strtoul(words[2], NULL, 10);
    host_on_write = on_write;
    host_chaos = seed;
    host_tick = draw(2) ? 0 : 0u - 1000000u;
    es_start(ES_RESET_POWER);
    send(ES_HELLO, ES_HELLO_SIZE);
    for (uint8_t i = 0; i < 20; i++) send(ES_SET_GATE, ES_SET_GATE_SIZE);
    for (uint32_t i = 0; i < frames; i++) step();
    printf("%u frames, %u openings\n", (unsigned)frames, (unsigned)opens);
    return 0;
}
