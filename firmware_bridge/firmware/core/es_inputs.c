#include "es_inputs.h"

#include "es_core.h"
#include "es_link.h"
#include "es_port.h"

#define RELEASE_US 20000u /* the emergency stop's contacts must be quiet so long before it counts as released */

struct sensor {
    uint32_t told_at, last_at, quiet;
    uint8_t pin, edges, known;
    uint8_t told, quiet_yet; /* the level told of; whether `quiet` since then may not be over */
};
struct encoder {
    int32_t count;
    uint16_t every, since;
    uint8_t pin_a, pin_b, levels, known;
};
static struct sensor sensors[ES_SENSORS];
static struct encoder encoders[ES_ENCODERS];
static struct {
    uint32_t changed_at;
    uint8_t pin, level, known;
    volatile uint8_t pressed;
} estop;

void es_tell_edge(uint8_t number, uint8_t level, uint32_t tick) {
    uint8_t payload[ES_EDGE_SIZE];
    struct es_edge edge = {.sensor = number, .level = level, .tick = tick};
    es_write_edge(payload, &edge);
    es_link_event(ES_EDGE, payload, ES_EDGE_SIZE);
}

static void tell_estop(uint8_t pressed, uint32_t tick) {
    uint8_t payload[ES_ESTOP_SIZE];
    struct es_estop told = {.pressed = pressed, .tick = tick};
    es_write_estop(payload, &told);
    es_link_event(ES_ESTOP, payload, ES_ESTOP_SIZE);
}

static void sensor_edge(uint8_t number, uint8_t level, uint32_t tick) {
    struct sensor *sensor = &sensors[number];
    sensor->last_at = tick;
    if (sensor->quiet_yet || level == sensor->told) return;
    sensor->told = level;
    sensor->told_at = tick;
    sensor->quiet_yet = sensor->quiet != 0;
    if (sensor->edges & (level ? 1u : 2u)) es_sensor_edge(number, level, tick);
}

static void encoder_edge(uint8_t number, uint8_t pin, uint8_t level, uint32_t tick) {
    static const int8_t steps[16] = {0, -1, 1, 0, 1, 0, 0, -1, -1, 0, 0, 1, 0, 1, -1, 0};
    struct encoder *encoder = &encoders[number];
    uint8_t before = encoder->levels, bit = pin == encoder->pin_a ? 2 : 1;
    uint8_t after = (uint8_t)(level ? before | bit : before & ~bit);
    encoder->levels = after;
    int8_t step = encoder->pin_b == ES_NO_PIN ? (int8_t)(after > before) : steps[before << 2 | after];
    if (step == 0) return;
    encoder->count = (int32_t)((uint32_t)encoder->count + (uint32_t)(int32_t)step);
    /* how far from the last multiple, so that nothing is divided in an interrupt */
    encoder->since = (uint16_t)(step > 0 ? encoder->since + 1u : (encoder->since ? encoder->since : encoder->every) - 1u);
    if (encoder->since == encoder->every) encoder->since = 0;
    if (encoder->since || es_link_busy()) return;
    uint8_t payload[ES_COUNT_SIZE];
    struct es_count count = {.encoder = number, .count = encoder->count, .tick = tick};
    es_write_count(payload, &count);
    es_link_event(ES_COUNT, payload, ES_COUNT_SIZE);
}

static void estop_edge(uint8_t level, uint32_t tick) {
    estop.changed_at = tick;
    if (level != estop.level || estop.pressed) return;
    estop.pressed = 1;
    es_stop_now(); /* before telling of it */
    tell_estop(1, tick);
}

void es_input(uint8_t pin, uint8_t level, uint32_t tick) {
    if (estop.known && estop.pin == pin) {
        estop_edge(level, tick);
        return;
    }
    for (uint8_t i = 0; i < ES_SENSORS; i++)
        if (sensors[i].known && sensors[i].pin == pin) sensor_edge(i, level, tick);
    for (uint8_t i = 0; i < ES_ENCODERS; i++)
        if (encoders[i].known && (encoders[i].pin_a == pin || encoders[i].pin_b == pin)) encoder_edge(i, pin, level, tick);
}

static void settle_sensor(uint8_t number) {
    struct sensor *sensor = &sensors[number];
    if (!sensor->known || !sensor->quiet_yet) return;
    uint32_t before = es_lock();
    if (es_now() - sensor->told_at >= sensor->quiet) {
        sensor->quiet_yet = 0;
        sensor_edge(number, es_pin_read(sensor->pin), sensor->last_at); /* it may have changed in the quiet time */
    }
    es_unlock(before);
}

static void settle_estop(void) {
    if (!estop.known) return;
    uint32_t before = es_lock();
    uint32_t now = es_now();
    if (es_pin_read(estop.pin) == estop.level) {
        estop_edge(estop.level, now); /* if its edge was missed */
    } else if (estop.pressed && now - estop.changed_at >= RELEASE_US) {
        estop.pressed = 0;
        tell_estop(0, now);
    }
    es_unlock(before);
}

void es_inputs_poll(void) {
    for (uint8_t i = 0; i < ES_SENSORS; i++) settle_sensor(i);
    settle_estop();
}

int es_estop_pressed(void) { return estop.known && estop.pressed; }

uint8_t es_sensor_set(const struct es_set_sensor *from) {
    if (from->sensor >= ES_SENSORS || from->pull > ES_PULL_DOWN) return ES_STATUS_BAD_VALUE;
    if (from->edges == 0 || from->edges > 3 || from->quiet > 60000000u) return ES_STATUS_BAD_VALUE;
    struct sensor *sensor = &sensors[from->sensor];
    if (sensor->known) return ES_STATUS_BAD_VALUE;
    es_pin_watch(from->pin, from->pull);
    uint32_t before = es_lock();
    uint32_t now = es_now();
    sensor->pin = from->pin;
    sensor->edges = from->edges;
    sensor->quiet = from->quiet;
    sensor->told = es_pin_read(from->pin);
    sensor->told_at = sensor->last_at = now;
    sensor->quiet_yet = 0;
    sensor->known = 1;
    es_sensor_edge(from->sensor, sensor->told, now);
    es_unlock(before);
    return ES_STATUS_OK;
}

uint8_t es_encoder_set(const struct es_set_encoder *from) {
    if (from->encoder >= ES_ENCODERS || from->pull > ES_PULL_DOWN || from->every == 0) return ES_STATUS_BAD_VALUE;
    struct encoder *encoder = &encoders[from->encoder];
    if (encoder->known) return ES_STATUS_BAD_VALUE;
    es_pin_watch(from->pin_a, from->pull);
    if (from->pin_b != ES_NO_PIN) es_pin_watch(from->pin_b, from->pull);
    uint32_t before = es_lock();
    encoder->pin_a = from->pin_a;
    encoder->pin_b = from->pin_b;
    encoder->every = from->every;
    encoder->since = 0;
    encoder->count = 0;
    encoder->levels = (uint8_t)(es_pin_read(from->pin_a) << 1);
    if (from->pin_b != ES_NO_PIN) encoder->levels = (uint8_t)(encoder->levels | es_pin_read(from->pin_b));
    encoder->known = 1;
    es_unlock(before);
    return ES_STATUS_OK;
}

uint8_t es_estop_set(const struct es_set_estop *from) {
    if (from->pressed_level > 1 || from->pull > ES_PULL_DOWN) return ES_STATUS_BAD_VALUE;
    if (estop.known) return ES_STATUS_BAD_VALUE;
    if (from->pin == ES_NO_PIN) return ES_STATUS_OK;
    es_pin_watch(from->pin, from->pull);
    uint32_t before = es_lock();
    estop.pin = from->pin;
    estop.level = from->pressed_level;
    estop.pressed = 0;
    estop.changed_at = es_now();
    estop.known = 1;
    if (es_pin_read(estop.pin) == estop.level) {
        estop_edge(estop.level, estop.changed_at);
    } else {
        tell_estop(0, estop.changed_at);
    }
    es_unlock(before);
    return ES_STATUS_OK;
}

void es_inputs_forget(void) {
    uint32_t before = es_lock();
    for (uint8_t i = 0; i < ES_SENSORS; i++) {
        if (sensors[i].known) es_pin_unwatch(sensors[i].pin);
        sensors[i].known = 0;
    }
    for (uint8_t i = 0; i < ES_ENCODERS; i++) {
        if (encoders[i].known) {
            es_pin_unwatch(encoders[i].pin_a);
            if (encoders[i].pin_b != ES_NO_PIN) es_pin_unwatch(encoders[i].pin_b);
        }
        encoders[i].known = 0;
    }
    if (estop.known) es_pin_unwatch(estop.pin);
    estop.known = estop.pressed = 0;
    es_unlock(before);
}

int es_input_on(uint8_t pin) {
    if (estop.known && estop.pin == pin) return 1;
    for (uint8_t i = 0; i < ES_SENSORS; i++)
        if (sensors[i].known && sensors[i].pin == pin) return 1;
    for (uint8_t i = 0; i < ES_ENCODERS; i++)
        if (encoders[i].known && (encoders[i].pin_a == pin || encoders[i].pin_b == pin)) return 1;
    return 0;
}
