/* The serial line on GPIO 0 (out) and 1 (in). */
#ifndef UART_H
#define UART_H

void uart_start(void);
/* Send on, if something waits. The lines' interrupts are kept out, or this is one of them. */
void uart_fill(void);
/* Whether the last byte has left the board. */
int uart_idle(void);

#endif
