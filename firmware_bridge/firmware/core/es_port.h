/* The seam between the gate controller and a board: pins, clock, serial line.
 *
 * A board brings es_board.h with its sizes, and one file with these functions. It calls the functions of es_core.h.
 * Everything here may be called with interrupts locked and must return within a microsecond or two.
 */
#ifndef ES_PORT_H
#define ES_PORT_H

#include <stddef.h>
#include <stdint.h>

/* ES_BOARD      name, at most 8 characters
 * ES_GATES, ES_SENSORS, ES_ENCODERS   how many of each; gates at most 32
 * ES_QUEUE      openings held, of all gates together; at most 127
 * ES_EVENTS     events held until the host has them; at most 255
 * ES_WINDOW_OF_BOARD   commands on their way; at most ES_WINDOW, and ES_RX_SIZE / 32
 * ES_RX_SIZE, ES_TX_SIZE   bytes of the two rings: powers of two, at most 256
 * ES_STAMPS     moments of frames' ends remembered
 * ES_LEAD_US    an opening must be planned so long ahead
 * ES_SPIN_US    the alarm is set so much earlier, and the rest is waited for in it, to be exact */
#include "es_board.h"

/* The board's microseconds; wraps. */
uint32_t es_now(void);

/* Keep interrupts away, and let them come again as they did before. */
uint32_t es_lock(void);
void es_unlock(uint32_t before);

/* Whether a pin, below 32, exists and is not the serial line's. The other functions are called with such pins only. */
int es_pin_usable(uint8_t pin);
/* Make it an output that starts at a level, without a glitch. */
void es_pin_output(uint8_t pin, uint8_t level);
/* Set outputs at once, bit n for pin n: those in high, and those in low. */
void es_pins_write(uint32_t high, uint32_t low);
/* Make it an input and have es_input called at each of its edges. pull: ES_PULL_... */
void es_pin_watch(uint8_t pin, uint8_t pull);
void es_pin_unwatch(uint8_t pin);
uint8_t es_pin_read(uint8_t pin);

/* Call es_alarm from an interrupt at a tick, or at once when that is past. There is one alarm. */
void es_alarm_at(uint32_t tick);
void es_alarm_off(void);

/* Bytes wait in es_tx_next; send them from an interrupt. */
void es_uart_kick(void);
/* Whether the last byte has left the board. */
int es_uart_idle(void);

#endif
