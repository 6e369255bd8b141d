/* Clocks, alarm, serial line, watchdog. */
#include "board.h"

#include "es_core.h"
#include "es_messages.h"
#include "es_port.h"
#include "registers.h"

#define CLOCK_HZ 125000000u
#define TICK_US 1000u
#define UART_BUSY 0x08u
#define UART_RX_EMPTY 0x10u
#define UART_TX_FULL 0x20u
#define UART_LOST 0x800u
#define RX_INTERRUPT 0x10u
#define TX_INTERRUPT 0x20u
#define DIVISOR ((CLOCK_HZ * 4u + ES_BAUD / 2u) / ES_BAUD) /* 64ths of 16 x baud */

/* ---- interrupts ---- */

uint32_t es_lock(void) {
    uint32_t before;
    __asm volatile("mrs %0, primask\n cpsid i" : "=r"(before)::"memory");
    return before;
}

void es_unlock(uint32_t before) { __asm volatile("msr primask, %0" ::"r"(before) : "memory"); }

/* ---- time ---- */

uint32_t es_now(void) { return REG(TIMER_RAWL); }

void es_alarm_at(uint32_t tick) {
    REG(TIMER_ALARM0) = tick;
    /* the alarm compares for equality: a tick that has passed would come in 71 minutes */
    if ((int32_t)(REG(TIMER_RAWL) - tick) >= 0) SET(TIMER_INTF) = 1;
}

void es_alarm_off(void) {
    REG(TIMER_ARMED) = 1;
    CLR(TIMER_INTF) = 1;
}

void on_alarm(void) {
    CLR(TIMER_INTF) = 1;
    REG(TIMER_INTR) = 1;
    es_alarm();
}

/* ---- serial line, without its buffers: every byte has its own interrupt and its own moment ---- */

static void fill(void) {
    int byte;
    while (!(REG(UART_FR) & UART_TX_FULL)) {
        byte = es_tx_next();
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
        if (data & UART_LOST) es_overrun();
        es_received((uint8_t)data, tick);
    }
    fill();
}

/* The interrupt is kept out alone, so that no move waits for this. */
void es_uart_kick(void) {
    REG(NVIC_ENABLE + 0x80u) = 1u << IRQ_UART0;
    __asm volatile("dsb\n isb" ::: "memory");
    fill();
    REG(NVIC_ENABLE) = 1u << IRQ_UART0;
}

int es_uart_idle(void) { return !(REG(UART_FR) & UART_BUSY); }

/* ---- starting ---- */

static void start_clocks(void) {
    REG(XOSC_STARTUP) = 47u * 64u; /* 64 ms: some boards' crystals are slow */
    REG(XOSC_CTRL) = 0xfabaa0u;
    while (!(REG(XOSC_STATUS) & 0x80000000u)) {
    }
    REG(CLK_REF_CTRL) = 2; /* from the crystal */
    while (!(REG(CLK_REF_SELECTED) & 4u)) {
    }
    REG(CLK_SYS_CTRL) = 0;
    while (!(REG(CLK_SYS_SELECTED) & 1u)) {
    }
    SET(RESETS_RESET) = 1u << 12; /* PLL_SYS */
    CLR(RESETS_RESET) = 1u << 12;
    while (!(REG(RESETS_DONE) & 1u << 12)) {
    }
    REG(PLL_CS) = 1;
    REG(PLL_FBDIV) = 125; /* 12 MHz x 125 / 6 / 2 = 125 MHz */
    CLR(PLL_PWR) = 0x21;
    while (!(REG(PLL_CS) & 0x80000000u)) {
    }
    REG(PLL_PRIM) = 0x62000;
    CLR(PLL_PWR) = 0x08;
    REG(CLK_SYS_CTRL) = 1; /* from PLL_SYS */
    while (!(REG(CLK_SYS_SELECTED) & 2u)) {
    }
    REG(CLK_PERI_CTRL) = 0x800;
    REG(WATCHDOG_TICK) = 0x200u | 12u; /* a microsecond, for timer and watchdog */
}

static void start_blocks(void) {
    uint32_t blocks = 1u << 5 | 1u << 8 | 1u << 21 | 1u << 22; /* IO_BANK0, PADS_BANK0, TIMER, UART0 */
    SET(RESETS_RESET) = blocks;
    CLR(RESETS_RESET) = blocks;
    while ((REG(RESETS_DONE) & blocks) != blocks) {
    }
}

static void start_uart(void) {
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

static uint8_t reset_reason(void) {
    uint32_t reason = REG(WATCHDOG_REASON), chip = REG(CHIP_RESET);
    if (reason & 1u) return ES_RESET_WATCHDOG;
    if (reason & 2u) return ES_RESET_SOFTWARE;
    if (chip & 0x10000u) return ES_RESET_BUTTON;
    if (chip & 0x100000u) return ES_RESET_SOFTWARE;
    return chip & 0x100u ? ES_RESET_POWER : ES_RESET_UNKNOWN;
}

uint8_t board_start(void) {
    start_clocks();
    start_blocks();
    start_uart();
    return reset_reason();
}

void board_tick_again(void) {
    REG(TIMER_INTR) = 2;
    REG(TIMER_ALARM1) = REG(TIMER_RAWL) + TICK_US;
}

void board_let_in(uint32_t tick_priority) {
    REG(TIMER_INTE) = 3;
    board_tick_again();
    /* alarm and pins first, the serial line after them */
    REG(NVIC_PRIORITY(0)) = tick_priority << 8;
    REG(NVIC_PRIORITY(5)) = BOARD_AS_SERIAL;
    REG(NVIC_ENABLE) = 1u << IRQ_TIMER_0 | 1u << IRQ_TIMER_1 | 1u << IRQ_IO_BANK0 | 1u << IRQ_UART0;
}

void board_watchdog_start(void) {
    REG(WATCHDOG_CTRL) = 0;
    REG(PSM_WDSEL) = 0x1fffc;                  /* all but the oscillators: else pins would keep their levels */
    REG(WATCHDOG_LOAD) = 2u * ES_WATCHDOG_US; /* counts down by two: erratum RP2040-E1 */
    REG(WATCHDOG_CTRL) = 0x40000000u;
}

void board_watchdog_feed(void) { REG(WATCHDOG_LOAD) = 2u * ES_WATCHDOG_US; }
