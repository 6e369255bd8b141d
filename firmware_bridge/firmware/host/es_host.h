/* A board made of variables. */
#ifndef ES_HOST_H
#define ES_HOST_H

#include <stdint.h>

#define HOST_PINS 32

extern uint32_t host_tick;
extern uint8_t host_level[HOST_PINS];
extern uint8_t host_is_output[HOST_PINS];
extern int host_alarm_is_set;
/* Non-zero: the main loop is held up wherever interrupts may come, by up to 31 us; the seed of where. */
extern uint32_t host_chaos;
/* Called when an output's level is set. */
extern void (*host_on_write)(uint8_t pin, uint8_t level);

/* Let time pass; the main loop runs every `step` microseconds and after each interrupt. */
void host_pass(uint32_t us, uint32_t step);
void host_receive(const uint8_t *bytes, uint32_t count);
void host_drive(uint8_t pin, uint8_t level);
/* Have a watched input change just before the main loop locks interrupts for the so-many-th time from now, from 1. */
void host_surprise(uint8_t pin, uint8_t level, uint32_t locks);
/* Take what the core has sent. Returns how many bytes; they stay until time passes again. */
uint32_t host_sent(const uint8_t **bytes);

#endif
