/* The registers that are used, by the names of the RP2040 datasheet. */
#ifndef REGISTERS_H
#define REGISTERS_H

#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))
/* Writes to these aliases set or clear the bits given, in one access. */
#define SET(address) REG((address) + 0x2000u)
#define CLR(address) REG((address) + 0x3000u)

#define CLK_REF_CTRL 0x40008030u
#define CLK_REF_SELECTED 0x40008038u
#define CLK_SYS_CTRL 0x4000803cu
#define CLK_SYS_SELECTED 0x40008044u
#define CLK_PERI_CTRL 0x40008048u
#define CLK_USB_CTRL 0x40008054u
#define RESETS_RESET 0x4000c000u
#define RESETS_DONE 0x4000c008u
#define PSM_WDSEL 0x40010008u
#define GPIO_CTRL(pin) (0x40014004u + 8u * (pin))
#define IO_INTR(pin) (0x400140f0u + 4u * ((pin) / 8u))
#define IO_INTE(pin) (0x40014100u + 4u * ((pin) / 8u))
#define IO_INTS(pin) (0x40014120u + 4u * ((pin) / 8u))
#define PAD(pin) (0x4001c004u + 4u * (pin))
#define XOSC_CTRL 0x40024000u
#define XOSC_STATUS 0x40024004u
#define XOSC_STARTUP 0x4002400cu
#define PLL_SYS 0x40028000u
#define PLL_USB 0x4002c000u
#define PLL_CS(pll) (pll)
#define PLL_PWR(pll) ((pll) + 4u)
#define PLL_FBDIV(pll) ((pll) + 8u)
#define PLL_PRIM(pll) ((pll) + 12u)
#define UART_DR 0x40034000u
#define UART_FR 0x40034018u
#define UART_IBRD 0x40034024u
#define UART_FBRD 0x40034028u
#define UART_LCR_H 0x4003402cu
#define UART_CR 0x40034030u
#define UART_IMSC 0x40034038u
#define UART_ICR 0x40034044u
#define TIMER_ALARM0 0x40054010u
#define TIMER_ALARM1 0x40054014u
#define TIMER_ARMED 0x40054020u
#define TIMER_RAWL 0x40054028u
#define TIMER_INTR 0x40054034u
#define TIMER_INTE 0x40054038u
#define TIMER_INTF 0x4005403cu
#define WATCHDOG_CTRL 0x40058000u
#define WATCHDOG_LOAD 0x40058004u
#define WATCHDOG_REASON 0x40058008u
#define WATCHDOG_TICK 0x4005802cu
#define CHIP_RESET 0x40064008u
/* USB: its memory, which registers, packets and the processor share (4.1.2.7), and its registers (4.1.4) */
#define USB_SETUP 0x50100000u
#define USB_ENDPOINT(number, out) (0x50100000u + 8u * (number) + 4u * (out))
#define USB_BUFFER(number, out) (0x50100080u + 8u * (number) + 4u * (out))
#define USB_MEMORY 0x50100000u
#define USB_ADDRESS 0x50110000u
#define USB_MAIN_CTRL 0x50110040u
#define USB_SOF 0x50110048u
#define USB_SIE_CTRL 0x5011004cu
#define USB_SIE_STATUS 0x50110050u
#define USB_BUFF_STATUS 0x50110058u
#define USB_STALL_ARM 0x50110068u
#define USB_MUXING 0x50110074u
#define USB_PWR 0x50110078u
#define USB_INTE 0x50110090u
#define USB_INTS 0x50110098u
#define SIO_IN 0xd0000004u
#define SIO_OUT_SET 0xd0000014u
#define SIO_OUT_CLR 0xd0000018u
#define SIO_OE_SET 0xd0000024u
#define SIO_OE_CLR 0xd0000028u
#define NVIC_ENABLE 0xe000e100u
#define NVIC_DISABLE 0xe000e180u
#define NVIC_PENDING 0xe000e200u
#define NVIC_PRIORITY(group) (0xe000e400u + 4u * (group))
#define VTOR 0xe000ed08u

#define IRQ_TIMER_0 0u
#define IRQ_TIMER_1 1u
#define IRQ_USB 5u
#define IRQ_IO_BANK0 13u
#define IRQ_UART0 20u
#define IRQ_AGAIN 26u /* no block's: the program's own */

/* bits of RESETS */
#define BLOCK_IO_BANK0 (1u << 5)
#define BLOCK_PADS_BANK0 (1u << 8)
#define BLOCK_PLL_SYS (1u << 12)
#define BLOCK_PLL_USB (1u << 13)
#define BLOCK_TIMER (1u << 21)
#define BLOCK_UART0 (1u << 22)
#define BLOCK_USB (1u << 24)

#endif
