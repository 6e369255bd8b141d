/* Arduino Uno: timer 1 is the clock and the alarm, timer 0 wakes the main loop each millisecond. */
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <avr/wdt.h>

#include "es_core.h"
#include "es_messages.h"
#include "es_port.h"

#define DIVISOR ((16000000ul / 4 / ES_BAUD - 1) / 2)
#define NEAR_US 30000 /* timer 1 goes round in 32,768 us */

static volatile uint32_t rounds_us; /* when timer 1 last began at 0 */
static volatile uint32_t alarm_tick;
static volatile uint8_t alarm_set, sending;
static uint32_t watched, levels; /* inputs, bit n for pin n */
static uint8_t reset_flags __attribute__((section(".noinit")));

/* Before anything else: after a watchdog reset the watchdog runs on, and shortly. */
void first(void) __attribute__((naked, used, section(".init3")));
void first(void) {
    reset_flags = MCUSR;
    MCUSR = 0;
    wdt_disable();
}

/* ---- interrupts and time ---- */

uint32_t es_lock(void) {
    uint8_t before = SREG;
    cli();
    return before;
}

void es_unlock(uint32_t before) { SREG = (uint8_t)before; }

uint32_t es_now(void) {
    uint8_t before = SREG;
    cli();
    uint16_t halves = TCNT1;
    uint32_t round = rounds_us;
    if ((TIFR1 & _BV(TOV1)) && halves < 0x8000) round += 32768; /* it has just gone round, and is not counted yet */
    SREG = before;
    return round + (halves >> 1);
}

/* Set the compare register when the alarm is near; else timer 1's next round does. Interrupts are locked. */
static void aim(void) {
    int32_t ahead = (int32_t)(alarm_tick - es_now());
    TIMSK1 &= (uint8_t)~_BV(OCIE1A);
    if (!alarm_set || ahead > NEAR_US) return;
    OCR1A = ahead < 4 ? TCNT1 + 8 : (uint16_t)(TCNT1 + 2 * (uint16_t)ahead);
    TIFR1 = _BV(OCF1A);
    TIMSK1 |= _BV(OCIE1A);
}

void es_alarm_at(uint32_t tick) {
    alarm_tick = tick;
    alarm_set = 1;
    aim();
}

void es_alarm_off(void) {
    alarm_set = 0;
    TIMSK1 &= (uint8_t)~_BV(OCIE1A);
}

ISR(TIMER1_COMPA_vect) {
    es_alarm_off();
    es_alarm();
}

ISR(TIMER1_OVF_vect) {
    rounds_us += 32768;
    if (alarm_set && !(TIMSK1 & _BV(OCIE1A))) aim();
}

EMPTY_INTERRUPT(TIMER0_COMPA_vect)

/* ---- pins: 0 to 7 are port D, 8 to 13 port B, 14 to 19 port C ---- */

int es_pin_usable(uint8_t pin) { return pin >= 2 && pin < ES_PINS; }

void es_pins_write(uint32_t high, uint32_t low) {
    PORTD = (uint8_t)((PORTD | (uint8_t)high) & ~(uint8_t)low);
    PORTB = (uint8_t)((PORTB | ((uint8_t)(high >> 8) & 0x3f)) & ~((uint8_t)(low >> 8) & 0x3f));
    PORTC = (uint8_t)((PORTC | ((uint8_t)(high >> 14) & 0x3f)) & ~((uint8_t)(low >> 14) & 0x3f));
}

static volatile uint8_t *direction(uint8_t pin) { return pin < 8 ? &DDRD : pin < 14 ? &DDRB : &DDRC; }
static volatile uint8_t *changes(uint8_t pin) { return pin < 8 ? &PCMSK2 : pin < 14 ? &PCMSK0 : &PCMSK1; }
static uint8_t bit_of(uint8_t pin) { return (uint8_t)(1 << (pin < 8 ? pin : pin < 14 ? pin - 8 : pin - 14)); }
static uint32_t all_levels(void) { return PIND | (uint32_t)(PINB & 0x3f) << 8 | (uint32_t)(PINC & 0x3f) << 14; }

void es_pin_output(uint8_t pin, uint8_t level) {
    uint32_t bit = (uint32_t)1 << pin, before = es_lock();
    es_pins_write(level ? bit : 0, level ? 0 : bit);
    *direction(pin) |= bit_of(pin);
    es_unlock(before);
}

void es_pin_watch(uint8_t pin, uint8_t pull) {
    uint32_t bit = (uint32_t)1 << pin, before = es_lock();
    *direction(pin) &= (uint8_t)~bit_of(pin);
    es_pins_write(pull == ES_PULL_UP ? bit : 0, pull == ES_PULL_UP ? 0 : bit); /* it has no pull-down */
    watched |= bit;
    levels = all_levels();
    *changes(pin) |= bit_of(pin);
    PCICR = _BV(PCIE0) | _BV(PCIE1) | _BV(PCIE2);
    es_unlock(before);
}

void es_pin_unwatch(uint8_t pin) {
    uint32_t before = es_lock();
    watched &= ~((uint32_t)1 << pin);
    *changes(pin) &= (uint8_t)~bit_of(pin);
    es_unlock(before);
}

uint8_t es_pin_read(uint8_t pin) { return all_levels() >> pin & 1u; }

ISR(PCINT0_vect) {
    uint32_t tick = es_now(), now = all_levels(), changed = (now ^ levels) & watched;
    levels = now;
    for (uint8_t pin = 2; changed >> pin; pin++)
        if (changed >> pin & 1u) es_input(pin, now >> pin & 1u, tick);
}
ISR(PCINT1_vect, ISR_ALIASOF(PCINT0_vect));
ISR(PCINT2_vect, ISR_ALIASOF(PCINT0_vect));

/* ---- serial line ---- */

ISR(USART_RX_vect) {
    uint32_t tick = es_now();
    if (UCSR0A & _BV(DOR0)) es_overrun();
    es_received(UDR0, tick);
}

ISR(USART_UDRE_vect) {
    int byte = es_tx_next();
    if (byte < 0) {
        UCSR0B &= (uint8_t)~_BV(UDRIE0);
        return;
    }
    UCSR0A = _BV(TXC0) | _BV(U2X0);
    UDR0 = (uint8_t)byte;
    sending = 1;
}

void es_uart_kick(void) { UCSR0B |= _BV(UDRIE0); }

int es_uart_idle(void) { return !(UCSR0B & _BV(UDRIE0)) && (!sending || (UCSR0A & _BV(TXC0))); }

/* ---- starting ---- */

static uint8_t reset_reason(void) {
    if (reset_flags & _BV(WDRF)) return ES_RESET_WATCHDOG;
    if (reset_flags & _BV(BORF) && !(reset_flags & _BV(PORF))) return ES_RESET_BROWNOUT;
    if (reset_flags & _BV(PORF)) return ES_RESET_POWER;
    return reset_flags & _BV(EXTRF) ? ES_RESET_BUTTON : ES_RESET_UNKNOWN; /* boot loaders may have taken them */
}

int main(void) {
    TCCR1A = 0;
    TCCR1B = _BV(CS11); /* 2 MHz */
    TIMSK1 = _BV(TOIE1);
    TCCR0A = _BV(WGM01);
    TCCR0B = _BV(CS01) | _BV(CS00);
    OCR0A = 249;
    TIMSK0 = _BV(OCIE0A);
    UCSR0A = _BV(U2X0);
    UBRR0 = DIVISOR;
    UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
    UCSR0B = _BV(RXEN0) | _BV(TXEN0) | _BV(RXCIE0);
    es_start(reset_reason());
    wdt_enable(WDTO_60MS);
    set_sleep_mode(SLEEP_MODE_IDLE);
    sei();
    for (;;) {
        es_poll();
        if (es_healthy()) wdt_reset();
        sleep_mode();
    }
}
