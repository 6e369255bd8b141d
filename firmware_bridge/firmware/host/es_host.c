#include "es_host.h"

#include <stdio.h>
#include <stdlib.h>

#include "es_core.h"
#include "es_port.h"
#include "es_messages.h"

uint32_t host_tick;
uint8_t host_level[HOST_PINS], host_is_output[HOST_PINS];
uint32_t host_chaos;
int host_alarm_is_set;
void (*host_on_write)(uint8_t pin, uint8_t level);

static uint8_t watched[HOST_PINS];
static uint32_t alarm_tick;
static uint8_t sent[65536];
static uint32_t sent_count;
static int locked, in_interrupt;
static struct {
    uint32_t locks; /* until it comes; 0: none is to come */
    uint8_t pin, level;
} surprise;

static void fail(const char *why) {
    fprintf(stderr, "%s\n", why);
    abort();
}

static void must_exist(uint8_t pin) {
    if (!es_pin_usable(pin)) fail("a pin that does not exist was used");
}

static void interrupt(void) {
    while (!locked && !in_interrupt && host_alarm_is_set && (int32_t)(alarm_tick - host_tick) <= 0) {
        in_interrupt = 1;
        host_alarm_is_set = 0;
        es_alarm();
        in_interrupt = 0;
    }
}

/* Here an interrupt may come. */
static void gap(void) {
    if (host_chaos && !locked && !in_interrupt) {
        host_chaos = host_chaos * 1664525u + 1013904223u;
        if (host_chaos >> 30 == 0) host_tick += host_chaos >> 25 & 31u;
        interrupt();
    }
}

uint32_t es_now(void) {
    gap();
    return host_tick;
}

/* An input that changes just before interrupts are locked, in the middle of whatever the main loop does. */
static void surprised(void) {
    if (locked || in_interrupt || !surprise.locks || --surprise.locks) return;
    host_level[surprise.pin] = surprise.level;
    in_interrupt = 1;
    es_input(surprise.pin, surprise.level, host_tick);
    in_interrupt = 0;
}

void host_surprise(uint8_t pin, uint8_t level, uint32_t locks) {
    must_exist(pin);
    surprise.pin = pin;
    surprise.level = level;
    surprise.locks = locks;
}

uint32_t es_lock(void) {
    gap();
    surprised();
    uint32_t before = (uint32_t)locked;
    locked = 1;
    return before;
}

void es_unlock(uint32_t before) {
    if (!locked) fail("unlocked what was not locked");
    locked = (int)before;
    gap();
}

int es_pin_usable(uint8_t pin) { return pin >= 2 && pin < ES_PINS; }

static void write(uint8_t pin, uint8_t level) {
    must_exist(pin);
    if (!host_is_output[pin]) fail("an input was written");
    host_level[pin] = level;
    if (host_on_write) host_on_write(pin, level);
}

void es_pin_output(uint8_t pin, uint8_t level) {
    must_exist(pin);
    host_is_output[pin] = 1;
    write(pin, level);
}

void es_pins_write(uint32_t high, uint32_t low) {
    if (high & low) fail("a pin was to be high and low");
    for (uint8_t pin = 0; pin < HOST_PINS; pin++)
        if ((high | low) >> pin & 1u) write(pin, high >> pin & 1u);
}

void es_pin_watch(uint8_t pin, uint8_t pull) {
    must_exist(pin);
    host_is_output[pin] = 0;
    if (!watched[pin]) host_level[pin] = pull == ES_PULL_UP;
    watched[pin] = 1;
}

void es_pin_unwatch(uint8_t pin) {
    must_exist(pin);
    watched[pin] = 0;
}

uint8_t es_pin_read(uint8_t pin) {
    must_exist(pin);
    return host_level[pin];
}

void es_alarm_at(uint32_t tick) {
    if (!locked && !in_interrupt) fail("the alarm was set while it could come");
    alarm_tick = tick;
    host_alarm_is_set = 1;
}

void es_alarm_off(void) { host_alarm_is_set = 0; }

void es_uart_kick(void) {
    int byte;
    while ((byte = es_tx_next()) >= 0)
        if (sent_count < sizeof sent) sent[sent_count++] = (uint8_t)byte;
}

int es_uart_idle(void) { return 1; }

static void poll(void) {
    es_poll();
    if (locked) fail("the main loop left interrupts locked");
}

void host_pass(uint32_t us, uint32_t step) {
    uint32_t end = host_tick + us;
    interrupt();
    poll();
    while ((int32_t)(end - host_tick) > 0) {
        uint32_t next = (int32_t)(end - host_tick) > (int32_t)step ? host_tick + step : end;
        if (host_alarm_is_set && (int32_t)(next - alarm_tick) > 0)
            next = (int32_t)(alarm_tick - host_tick) > 0 ? alarm_tick : host_tick;
        host_tick = next;
        interrupt();
        poll();
    }
}

void host_receive(const uint8_t *bytes, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        es_received(bytes[i], host_tick);
        if (i % 100 == 99) poll();
    }
    poll();
}

void host_drive(uint8_t pin, uint8_t level) {
    if (pin >= HOST_PINS || host_is_output[pin] || host_level[pin] == level) return;
    host_level[pin] = level;
    if (!watched[pin]) return;
    in_interrupt = 1;
    es_input(pin, level, host_tick);
    in_interrupt = 0;
    interrupt();
    poll();
}

uint32_t host_sent(const uint8_t **bytes) {
    uint32_t count = sent_count;
    *bytes = sent;
    sent_count = 0;
    return count;
}
