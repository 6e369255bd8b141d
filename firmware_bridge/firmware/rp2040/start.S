/* From flash to RAM: everything runs from RAM, because a miss of the flash cache would delay a move by a microsecond or more. */
    .syntax unified
    .cpu cortex-m0plus
    .thumb

    .section .flash_vectors, "a"
    .word stack_top
    .word from_flash

    .section .flash_start, "ax"
    .global from_flash
    .thumb_func
from_flash:
    cpsid i
    ldr r0, =ram_image
    ldr r1, =ram_start
    ldr r2, =ram_end
1:  cmp r1, r2
    bhs 2f
    ldmia r0!, {r3}
    stmia r1!, {r3}
    b 1b
2:  ldr r2, =bss_end
    movs r3, #0
3:  cmp r1, r2
    bhs 4f
    stmia r1!, {r3}
    b 3b
4:  ldr r0, =0xe000ed08     /* VTOR */
    ldr r1, =vectors
    str r1, [r0]
    ldr r0, =main
    bx r0
    .balign 4
    .ltorg

    .section .vectors, "a"
    .balign 256
vectors:
    .word stack_top
    .word from_flash
    .rept 14
    .word stuck
    .endr
    .word on_alarm      /* 0: TIMER_0 */
    .word on_tick       /* 1: TIMER_1 */
    .rept 3
    .word stuck
    .endr
    .word on_usb        /* 5: USBCTRL */
    .rept 7
    .word stuck
    .endr
    .word on_pins       /* 13: IO_BANK0 */
    .rept 6
    .word stuck
    .endr
    .word on_uart       /* 20: UART0 */
    .rept 5
    .word stuck
    .endr
    .word on_usb        /* 26: goes on with what has waited */
    .rept 5
    .word stuck
    .endr

    .section .text.stuck, "ax"
    .thumb_func
stuck:
    cpsid i
    b .                     /* the watchdog brings the board back, and its pins to rest before that */
