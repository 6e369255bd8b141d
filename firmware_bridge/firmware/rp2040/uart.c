/* Without its buffers: every byte has its own interrupt and its own moment. */
#include "uart.h"

#include "board.h"
#include "es_port.h"
#include "line.h"
#include "registers.h"

#define UART_BUSY 0x08u
#define UART_RX_EMPTY 0x10u
#define UART_TX_FULL 0x20u
#define UART_LOST 0x800u
#define RX_INTERRUPT 0x10u
#define TX_INTERRUPT 0x20u
#define DIVISOR ((CLOCK_HZ * 4u + ES_BAUD / 2u) / ES_BAUD) /* 64ths of 16 x baud */

void on_uart(void);

void uart_fill(void) {
    int byte;
    while (!(REG(UART_FR) & UART_TX_FULL)) {
        byte = line_next(LINE_UART);
        if (byte < 0) {
            CLR(UART_IMSC) = TX_INTERRUPT;
            return;
        }
        REG(UART_DR) = (uint32_t)byte;
    }
    SET(UART_IMSC) = TX_INTERRUPT;
}

void on_uart(void) {
    while (!(REG(UART_FR) & UART_RX_EMPTY)) {
        uint32_t tick = es_now(), data = REG(UART_DR);
        if (data & UART_LOST) line_lost(LINE_UART);
        line_received(LINE_UART, (uint8_t)data, tick);
    }
    uart_fill();
}

int uart_idle(void) { return !(REG(UART_FR) & UART_BUSY); }

void uart_start(void) {
    REG(UART_IBRD) = DIVISOR >> 6;
    REG(UART_FBRD) = DIVISOR & 63u;
    REG(UART_LCR_H) = 0x60; /* 8 bits, no buffers */
    REG(UART_CR) = 0x301;
    REG(UART_ICR) = 0x7ff;
    REG(UART_IMSC) = RX_INTERRUPT;
    REG(GPIO_CTRL(0)) = 2;
    REG(PAD(1)) = 0x4au; /* input, pulled up: a line that nobody drives is quiet */
    REG(GPIO_CTRL(1)) = 2;
}
