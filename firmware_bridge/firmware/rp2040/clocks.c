/* From the crystal's 12 MHz: 125 MHz for processor and UART, 48 MHz for USB, a microsecond for timer and watchdog. */
#include "board.h"
#include "registers.h"

/* 12 MHz x times, divided as PRIM says (both dividers). */
static void start_pll(uint32_t pll, uint32_t block, uint32_t times, uint32_t dividers) {
    board_reset_blocks(block);
    REG(PLL_CS(pll)) = 1;
    REG(PLL_FBDIV(pll)) = times;
    CLR(PLL_PWR(pll)) = 0x21;
    while (!(REG(PLL_CS(pll)) & 0x80000000u)) {
    }
    REG(PLL_PRIM(pll)) = dividers;
    CLR(PLL_PWR(pll)) = 0x08;
}

void clocks_start(void) {
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
    REG(CLK_USB_CTRL) = 0;                             /* off while its source starts */
    start_pll(PLL_SYS, BLOCK_PLL_SYS, 125, 0x62000);   /* 12 MHz x 125 / 6 / 2 = 125 MHz */
    start_pll(PLL_USB, BLOCK_PLL_USB, 100, 0x55000);   /* 12 MHz x 100 / 5 / 5 = 48 MHz */
    REG(CLK_SYS_CTRL) = 1;                             /* from PLL_SYS */
    while (!(REG(CLK_SYS_SELECTED) & 2u)) {
    }
    REG(CLK_PERI_CTRL) = 0x800;
    REG(CLK_USB_CTRL) = 0x800;           /* from PLL_USB */
    REG(WATCHDOG_TICK) = 0x200u | 12u; /* a microsecond, for timer and watchdog */
}
