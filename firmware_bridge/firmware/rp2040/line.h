/* Two serial lines, the UART and USB, and one host: the one whose hello came last.
 *
 * While a host has gates armed, hello on the other line is refused with a word: identity with status busy. All else that
 * comes on that line is not heard. The core sees one line.
 */
#ifndef LINE_H
#define LINE_H

#include <stdint.h>

#include "registers.h"

#define LINE_UART 0u
#define LINE_USB 1u
#define LINE_IRQS (1u << IRQ_UART0 | 1u << IRQ_USB | 1u << IRQ_AGAIN)

/* From a line's interrupt: a byte, and when; a byte was lost; the next byte to send, -1 when there is none. */
void line_received(uint8_t line, uint8_t byte, uint32_t tick);
void line_lost(uint8_t line);
int line_next(uint8_t line);
/* How many bytes of a line there is room for. */
uint16_t line_room(uint8_t line);

/* Each millisecond: what waits for room, or for a frame of USB to end, goes on. */
void line_again(void);

/* The program's: whether a host on the other line may take the board over now. */
int line_may_change(void);

#endif
