/* Pins: the outputs that move gates, the inputs that are watched. */
#include "es_core.h"
#include "es_messages.h"
#include "es_port.h"
#include "registers.h"

#define BY_PROGRAM 5u /* GPIO function: SIO */
#define INPUT_ENABLE 0x40u
#define SCHMITT 0x02u
#define PULL_DOWN 0x04u
#define PULL_UP 0x08u
#define DRIVE_4MA 0x10u
#define EDGE_LOW 4u
#define EDGE_HIGH 8u

static uint32_t watched;

int es_pin_usable(uint8_t pin) { return pin >= 2 && pin < ES_PINS; }

void es_pin_output(uint8_t pin, uint8_t level) {
    uint32_t bit = 1u << pin;
    es_pins_write(level ? bit : 0, level ? 0 : bit);
    REG(PAD(pin)) = INPUT_ENABLE | DRIVE_4MA | SCHMITT | (level ? PULL_UP : PULL_DOWN);
    REG(SIO_OE_SET) = bit;
    REG(GPIO_CTRL(pin)) = BY_PROGRAM;
}

void es_pins_write(uint32_t high, uint32_t low) {
    REG(SIO_OUT_SET) = high;
    REG(SIO_OUT_CLR) = low;
}

void es_pin_watch(uint8_t pin, uint8_t pull) {
    uint32_t pulls[] = {0, PULL_UP, PULL_DOWN};
    uint32_t edges = (EDGE_LOW | EDGE_HIGH) << 4u * (pin % 8u);
    REG(SIO_OE_CLR) = 1u << pin;
    REG(PAD(pin)) = INPUT_ENABLE | SCHMITT | pulls[pull];
    REG(GPIO_CTRL(pin)) = BY_PROGRAM;
    for (volatile uint32_t settling = 0; settling < 100; settling++) {
    }
    REG(IO_INTR(pin)) = edges;
    uint32_t before = es_lock();
    watched |= 1u << pin;
    SET(IO_INTE(pin)) = edges;
    es_unlock(before);
}

void es_pin_unwatch(uint8_t pin) {
    uint32_t before = es_lock();
    watched &= ~(1u << pin);
    CLR(IO_INTE(pin)) = (EDGE_LOW | EDGE_HIGH) << 4u * (pin % 8u);
    es_unlock(before);
}

uint8_t es_pin_read(uint8_t pin) { return REG(SIO_IN) >> pin & 1u; }

static void on_pin(uint8_t pin, uint32_t edges, uint32_t tick) {
    uint8_t level = es_pin_read(pin);
    if ((edges & (EDGE_LOW | EDGE_HIGH)) == (EDGE_LOW | EDGE_HIGH)) es_input(pin, !level, tick); /* a short pulse */
    es_input(pin, level, tick);
}

void on_pins(void) {
    uint32_t tick = es_now();
    for (uint8_t group = 0; group < ES_PINS; group = (uint8_t)(group + 8)) {
        uint32_t status = REG(IO_INTS(group));
        if (!status) continue;
        REG(IO_INTR(group)) = status;
        for (uint8_t pin = group; status; pin++, status >>= 4)
            if (status & 15u) on_pin(pin, status, tick);
    }
}
