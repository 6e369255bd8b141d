/* Interrupts, alarm, watchdog; what starts in which order. */
#include "board.h"

#include "es_core.h"
#include "es_messages.h"
#include "es_port.h"
#include "line.h"
#include "registers.h"
#include "uart.h"
#include "usb.h"

#define TICK_US 1000u

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

/* ---- starting ---- */

void board_reset_blocks(uint32_t blocks) {
    SET(RESETS_RESET) = blocks;
    CLR(RESETS_RESET) = blocks;
    while ((REG(RESETS_DONE) & blocks) != blocks) {
    }
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
    clocks_start();
    board_reset_blocks(BLOCK_IO_BANK0 | BLOCK_PADS_BANK0 | BLOCK_TIMER | BLOCK_UART0 | BLOCK_USB);
    uart_start();
    usb_start();
    return reset_reason();
}

void board_tick_again(void) {
    REG(TIMER_INTR) = 2;
    REG(TIMER_ALARM1) = REG(TIMER_RAWL) + TICK_US;
    line_again();
}

void board_let_in(uint32_t tick_priority) {
    REG(TIMER_INTE) = 3;
    board_tick_again();
    /* alarm and pins first, the serial lines after them: neither interrupts the other, and no byte delays a move */
    REG(NVIC_PRIORITY(0)) = tick_priority << 8;
    REG(NVIC_PRIORITY(1)) = BOARD_AS_SERIAL << 8;
    REG(NVIC_PRIORITY(5)) = BOARD_AS_SERIAL;
    REG(NVIC_PRIORITY(6)) = BOARD_AS_SERIAL << 16;
    REG(NVIC_ENABLE) = 1u << IRQ_TIMER_0 | 1u << IRQ_TIMER_1 | 1u << IRQ_IO_BANK0 | LINE_IRQS;
}

void board_watchdog_start(void) {
    REG(WATCHDOG_CTRL) = 0;
    REG(PSM_WDSEL) = 0x1fffc;                  /* all but the oscillators: else pins would keep their levels */
    REG(WATCHDOG_LOAD) = 2u * ES_WATCHDOG_US; /* counts down by two: erratum RP2040-E1 */
    REG(WATCHDOG_CTRL) = 0x40000000u;
}

void board_watchdog_feed(void) { REG(WATCHDOG_LOAD) = 2u * ES_WATCHDOG_US; }
