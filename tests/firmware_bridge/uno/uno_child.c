/* An Arduino Uno that is not there: the firmware on simavr, driven through pipes. uno_child FIRMWARE.elf
 *
 *   pass US | receive HEX | hang
 *   w NANOSECONDS PIN LEVEL: an output has changed | b HEX: bytes arrived | . NANOSECONDS STARTS
 *
 * Nanoseconds count from when the firmware has started its clock, timer 1. hang: it stops dead, with interrupts off.
 */
#include <simavr/avr_ioport.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>
#include <simavr/sim_irq.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CYCLES_PER_US 16
#define BYTE_CYCLES 1389 /* at 115,200 baud */
#define TCCR1B 0x81

static avr_t *avr;
static avr_cycle_count_t began, next_byte;
static unsigned char incoming[65536], arrived[65536];
static unsigned in_count, in_done, out_count, starts;

static unsigned long long now_ns(void) { return (avr->cycle - began) * 125 / 2; }

static void on_output(avr_irq_t *irq, uint32_t value, void *param) {
    (void)irq;
    (void)param;
    arrived[out_count++ % sizeof arrived] = (unsigned char)value;
}

static void on_pin(avr_irq_t *irq, uint32_t value, void *param) {
    (void)irq;
    printf("w %llu %d %u\n", now_ns(), (int)(long)param, (unsigned)(value & 1));
}

static void step(void) {
    int clock_ran = avr->data[TCCR1B] != 0;
    if (in_done < in_count && avr->cycle >= next_byte) {
        avr_raise_irq(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT), incoming[in_done++]);
        next_byte = avr->cycle + BYTE_CYCLES;
    }
    avr_run(avr);
    if (!clock_ran && avr->data[TCCR1B] != 0) {
        began = avr->cycle;
        starts++;
    }
}

static void receive(const char *hex) {
    unsigned byte;
    if (in_done == in_count) in_done = in_count = 0;
    if (next_byte < avr->cycle + BYTE_CYCLES) next_byte = avr->cycle + BYTE_CYCLES;
    for (; in_count < sizeof incoming && sscanf(hex, "%2x", &byte) == 1; hex += 2) incoming[in_count++] = (unsigned char)byte;
}

static void hang(void) {
    avr->flash[0x7000] = 0xff; /* rjmp to itself */
    avr->flash[0x7001] = 0xcf;
    avr->pc = 0x7000;
    avr->sreg[7] = 0;
    avr->state = cpu_Running;
}

static void start(const char *path) {
    static elf_firmware_t firmware;
    if (elf_read_firmware(path, &firmware)) exit(3);
    avr = avr_make_mcu_by_name("atmega328p");
    avr_init(avr);
    firmware.frequency = 16000000;
    avr_load_firmware(avr, &firmware);
    uint32_t flags = 0;
    avr_ioctl(avr, AVR_IOCTL_UART_GET_FLAGS('0'), &flags);
    flags &= ~(uint32_t)(AVR_UART_FLAG_STDIO | AVR_UART_FLAG_POLL_SLEEP);
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT), on_output, NULL);
    for (long pin = 2; pin < 8; pin++)
        avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_IOPORT_GETIRQ('D'), (int)pin), on_pin, (void *)pin);
}

int main(int count, char **words) {
    static char line[20000];
    unsigned us;
    if (count != 2) return 2;
    start(words[1]);
    while (fgets(line, sizeof line, stdin)) {
        if (!strncmp(line, "receive ", 8)) receive(line + 8);
        if (!strncmp(line, "hang", 4)) hang();
        if (sscanf(line, "pass %u", &us) == 1)
            for (avr_cycle_count_t end = avr->cycle + (avr_cycle_count_t)us * CYCLES_PER_US; avr->cycle < end;) step();
        if (out_count) printf("b ");
        for (unsigned i = 0; i < out_count; i++) printf("%02x", arrived[i]);
        if (out_count) printf("\n");
        out_count = 0;
        printf(". %llu %u\n", now_ns(), starts);
        fflush(stdout);
    }
    return 0;
}
