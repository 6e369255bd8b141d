/* The gate controller, as a board sees it. docs/protocol.md says what it does. */
#ifndef ES_CORE_H
#define ES_CORE_H

#include <stdint.h>

#define ES_FIRMWARE 0x0101u /* 256 x major + minor */

/* Once, before interrupts are let in. reset: ES_RESET_... */
void es_start(uint8_t reset);
/* In the main loop, after every interrupt and at least every millisecond. */
void es_poll(void);
/* Whether moves are made when they are due. Feed the watchdog only then. */
int es_healthy(void);

/* From the alarm's interrupt. No other interrupt that calls the core may interrupt it, nor it them, but es_received's. */
void es_alarm(void);
/* From the interrupt of an input that is watched: its level after the edge, and when. */
void es_input(uint8_t pin, uint8_t level, uint32_t tick);
/* From the serial line's interrupt: a byte, and when. Alarm and input may interrupt this. */
void es_received(uint8_t byte, uint32_t tick);
/* From the serial line's interrupt: a byte or more was lost before it was read. */
void es_overrun(void);
/* How many bytes there is room for: a line that can make its host wait need not lose any. */
uint16_t es_rx_room(void);
/* From the serial line's interrupt: the next byte to send, -1 when there is none. */
int es_tx_next(void);

#endif
