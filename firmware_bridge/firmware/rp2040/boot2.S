/* The second stage of booting: 252 bytes and their CRC-32, which the build puts in. The boot ROM copies it to RAM.
 *
 * It lets the flash be read where it is mapped, with the plain read command (03h) that every SPI flash knows, at a quarter of
 * the system clock; the program is copied to RAM from there and never reads flash again, so nothing faster is needed.
 * Registers: RP2040 datasheet 4.10.13 (SSI).
 */
    .syntax unified
    .cpu cortex-m0plus
    .thumb
    .section .boot2, "ax"
    .global boot2
    .thumb_func
boot2:
    ldr r3, =0x18000000     /* SSI */
    movs r1, #0
    str r1, [r3, #0x08]     /* SSIENR: off */
    movs r1, #4
    str r1, [r3, #0x14]     /* BAUDR */
    ldr r1, =0x001f0300     /* CTRLR0: 32 bits a frame, standard SPI, EEPROM read */
    str r1, [r3, #0x00]
    movs r1, #0
    str r1, [r3, #0x04]     /* CTRLR1: one frame */
    ldr r1, =0x03000218     /* SPI_CTRLR0: command 03h of 8 bits, 24 bits of address */
    ldr r0, =0x180000f4
    str r1, [r0]
    movs r1, #1
    str r1, [r3, #0x08]     /* SSIENR: on */
    ldr r0, =0x10000100     /* the vector table behind this block: stack pointer, then where to go on */
    ldr r1, =0xe000ed08
    str r0, [r1]
    ldmia r0!, {r1, r2}
    msr msp, r1
    bx r2
    .balign 4
    .ltorg
