#include "line.h"

#include "es_core.h"
#include "es_frame.h"
#include "es_port.h"
#include "uart.h"
#include "usb.h"

static volatile uint8_t hosts; /* the line that is the core's */

/* What comes on the other line, and the one word that is said there. */
static struct {
    uint8_t piece[ES_FRAME_STUFFED], size;
    uint8_t word[ES_FRAME_LINE], length, told;
} other;

/* ---- another host ---- */

static void refuse(const uint8_t *payload) {
    struct es_hello hello;
    es_read_hello(payload, &hello);
    struct es_identity identity = {.protocol = ES_PROTOCOL, .status = ES_STATUS_BUSY, .session = hello.session,
                                   .firmware = ES_FIRMWARE, .state = ES_STATE_ARMED, .tick_rate = 1000000u,
                                   .board = ES_BOARD};
    struct es_frame frame = {.id = ES_IDENTITY, .size = ES_IDENTITY_SIZE};
    es_write_identity(frame.payload, &identity);
    other.length = es_frame_write(&frame, other.word);
    other.told = 0;
}

/* What waits for the host before is not for this one. */
static void change(uint8_t line, const struct es_frame *hello, uint32_t tick) {
    uint8_t again[ES_FRAME_LINE], length = es_frame_write(hello, again);
    hosts = line;
    other.length = other.told = 0;
    while (es_tx_next() >= 0) {
    }
    for (uint8_t i = 0; i < length; i++) es_received(again[i], tick);
}

static void overhear(uint8_t line, uint8_t byte, uint32_t tick) {
    struct es_frame frame;
    if (byte) {
        if (other.size < ES_FRAME_STUFFED) other.piece[other.size] = byte;
        if (other.size <= ES_FRAME_STUFFED) other.size++;
        return;
    }
    int hello = other.size && es_frame_read(other.piece, other.size, &frame) && frame.id == ES_HELLO &&
                frame.size == ES_HELLO_SIZE && !frame.number;
    other.size = 0;
    if (!hello) return;
    if (line_may_change()) {
        change(line, &frame, tick);
    } else {
        refuse(frame.payload);
    }
}

/* ---- either line ---- */

void line_received(uint8_t line, uint8_t byte, uint32_t tick) {
    if (line == hosts) {
        es_received(byte, tick);
    } else {
        overhear(line, byte, tick);
    }
}

void line_lost(uint8_t line) {
    if (line == hosts) es_overrun();
}

int line_next(uint8_t line) {
    if (line == hosts) return es_tx_next();
    return other.told < other.length ? other.word[other.told++] : -1;
}

uint16_t line_room(uint8_t line) { return line == hosts ? es_rx_room() : UINT16_MAX; }

/* The lines' interrupts are kept out alone, so that no move waits for this. */
void es_uart_kick(void) {
    REG(NVIC_DISABLE) = LINE_IRQS;
    __asm volatile("dsb\n isb" ::: "memory");
    if (hosts == LINE_UART) {
        uart_fill();
    } else {
        usb_fill();
    }
    REG(NVIC_ENABLE) = LINE_IRQS;
}

/* As an interrupt of theirs, so that it comes between none of their others, and not into what keeps them out. */
void line_again(void) { REG(NVIC_PENDING) = 1u << IRQ_AGAIN; }

int es_uart_idle(void) { return hosts == LINE_UART ? uart_idle() : usb_idle(); }
