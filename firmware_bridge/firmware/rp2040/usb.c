/* The USB controller, RP2040 datasheet 4.1: its registers, its memory, its interrupt.
 *
 * Each data endpoint has one buffer. Memory is read and written in words.
 */
#include "usb.h"

#include "es_port.h"
#include "line.h"
#include "registers.h"
#include "usb_control.h"

#define FULL 0x8000u
#define DATA1 0x2000u
#define STALLED 0x0800u
#define AVAILABLE 0x0400u
#define LENGTH 0x03ffu
#define ENABLED 0x80000000u
#define EACH_BUFFER 0x20000000u /* interrupts */
#define AS_BULK (2u << 26)
#define AS_INTERRUPT (3u << 26)
#define OUT 1u
#define IN 0u
/* places in the memory; endpoint 0's is given */
#define AT_CONTROL 0x100u
#define AT_OUT 0x180u
#define AT_IN 0x1c0u
#define AT_NOTICES 0x200u
#define MEMORY_USED 0x240u
/* interrupts */
#define BUFFERS 0x10u
#define BUS_RESET 0x1000u
#define SETUP 0x10000u
#define FRAME 0x20000u
#define SIE_BUS_RESET 0x80000u
#define SIE_SETUP 0x20000u
#define DONE(number, out) (1u << (2u * (number) + (out)))
/* Erratum RP2040-E15: a packet fetched across the end of a frame may hang the controller (hubs of a Pi 4 do that). */
#define FRAME_US 1000u
#define LATE_IN_FRAME_US 800u

static struct {
    uint8_t configured, listens;
    uint8_t sends, ends; /* a packet waits to be fetched; an empty one must follow, if nothing else does */
    uint8_t got;         /* a packet waits for room */
    uint8_t stalled_in, stalled_out;
    uint32_t control_in, control_out, in, out; /* DATA1, or 0, for the next packet */
    uint32_t frame_at;
} usb;

void on_usb(void);

/* ---- packets ---- */

/* AVAILABLE after the rest, when the controller's slower clock has seen that: 4.1.2.5.1. */
static void hand_over(uint32_t buffer, uint32_t what) {
    REG(buffer) = what;
    __asm volatile("b 1f\n1: b 1f\n1: b 1f\n1: b 1f\n1: b 1f\n1: b 1f\n1:" ::: "memory"); /* 12 cycles */
    REG(buffer) = what | AVAILABLE;
}

static uint32_t next(uint32_t *data) {
    uint32_t now = *data;
    *data ^= DATA1;
    return now;
}

void usb_send(const uint8_t *data, uint8_t size) {
    for (uint8_t i = 0; i < size; i = (uint8_t)(i + 4)) {
        uint32_t word = 0;
        for (uint8_t j = 0; j < 4 && i + j < size; j++) word |= (uint32_t)data[i + j] << 8u * j;
        REG(USB_MEMORY + AT_CONTROL + i) = word;
    }
    hand_over(USB_BUFFER(0u, IN), FULL | next(&usb.control_in) | size);
}

void usb_expect(void) { hand_over(USB_BUFFER(0u, OUT), next(&usb.control_out) | USB_PACKET); }

void usb_stall(void) {
    REG(USB_STALL_ARM) = 3; /* until the next setup packet */
    REG(USB_BUFFER(0u, IN)) = STALLED;
    REG(USB_BUFFER(0u, OUT)) = STALLED;
}

static void expect_data(void) { hand_over(USB_BUFFER(USB_DATA, OUT), next(&usb.out) | USB_PACKET); }

/* ---- what endpoint 0 decides ---- */

void usb_address(uint8_t address) { REG(USB_ADDRESS) = address; }

void usb_listen(uint8_t on) { usb.listens = on; }

static void begin_in(void) {
    REG(USB_BUFFER(USB_DATA, IN)) = 0;
    usb.in = 0;
    usb.sends = usb.ends = usb.stalled_in = 0;
}

static void begin_out(void) {
    usb.out = 0;
    usb.got = usb.stalled_out = 0;
    expect_data();
}

void usb_configure(uint8_t on) {
    usb.configured = on;
    REG(USB_ENDPOINT(USB_NOTICES, IN)) = on ? ENABLED | AS_INTERRUPT | AT_NOTICES : 0;
    REG(USB_ENDPOINT(USB_DATA, IN)) = on ? ENABLED | EACH_BUFFER | AS_BULK | AT_IN : 0;
    REG(USB_ENDPOINT(USB_DATA, OUT)) = on ? ENABLED | EACH_BUFFER | AS_BULK | AT_OUT : 0;
    REG(USB_BUFFER(USB_NOTICES, IN)) = 0;
    REG(USB_BUFFER(USB_DATA, OUT)) = 0;
    begin_in();
    if (on) begin_out();
}

void usb_halt(uint8_t endpoint, uint8_t on) {
    if (endpoint == USB_DATA) {
        usb.stalled_out = on;
        if (on) {
            REG(USB_BUFFER(USB_DATA, OUT)) = STALLED;
        } else {
            begin_out();
        }
    } else if (endpoint == (0x80u | USB_DATA)) {
        begin_in();
        usb.stalled_in = on;
        if (on) REG(USB_BUFFER(USB_DATA, IN)) = STALLED;
    } else {
        REG(USB_BUFFER(USB_NOTICES, IN)) = on ? STALLED : 0;
    }
}

/* ---- data to the host ---- */

static int late_in_frame(void) {
    uint32_t age = es_now() - usb.frame_at;
    return age >= LATE_IN_FRAME_US && age < FRAME_US;
}

/* Put what waits into the buffer. Returns how much that is. */
static uint8_t collect(void) {
    uint8_t size = 0;
    uint32_t word = 0;
    int byte = 0;
    while (size < USB_PACKET && (byte = line_next(LINE_USB)) >= 0) {
        word |= (uint32_t)byte << 8u * (size % 4u);
        if (++size % 4u) continue;
        REG(USB_MEMORY + AT_IN + size - 4u) = word;
        word = 0;
    }
    if (size % 4u) REG(USB_MEMORY + AT_IN + size - size % 4u) = word;
    return size;
}

void usb_fill(void) {
    if (!usb.listens) { /* as on a wire that leads nowhere */
        while (line_next(LINE_USB) >= 0) {
        }
    }
    if (!usb.configured || usb.sends || usb.stalled_in || late_in_frame()) return;
    uint8_t size = collect();
    if (!size && !usb.ends) return;
    usb.ends = size == USB_PACKET;
    usb.sends = 1;
    hand_over(USB_BUFFER(USB_DATA, IN), FULL | next(&usb.in) | size);
}

int usb_idle(void) { return !usb.sends; }

/* ---- data from the host ---- */

static uint8_t size_of(uint32_t buffer) {
    uint32_t size = REG(buffer) & LENGTH;
    return (uint8_t)(size < USB_PACKET ? size : USB_PACKET);
}

/* A packet stays where it is, and the host is kept waiting, until there is room for all of it. */
static void take(void) {
    if (!usb.got || usb.stalled_out || line_room(LINE_USB) < USB_PACKET) return;
    uint8_t size = size_of(USB_BUFFER(USB_DATA, OUT));
    uint32_t tick = es_now(), word = 0;
    for (uint8_t i = 0; i < size; i++, word >>= 8) {
        if (i % 4u == 0) word = REG(USB_MEMORY + AT_OUT + i);
        line_received(LINE_USB, (uint8_t)word, tick);
    }
    usb.got = 0;
    expect_data();
}

static void control_received(void) {
    uint8_t data[USB_PACKET], size = size_of(USB_BUFFER(0u, OUT));
    uint32_t word = 0;
    for (uint8_t i = 0; i < size; i++, word >>= 8) {
        if (i % 4u == 0) word = REG(USB_MEMORY + AT_CONTROL + i);
        data[i] = (uint8_t)word;
    }
    usb_control_received(data, size);
}

/* ---- interrupt: the controller's, and the one that goes on with what has waited ---- */

static void reset(void) {
    REG(USB_ADDRESS) = 0;
    REG(USB_BUFFER(0u, IN)) = 0;
    REG(USB_BUFFER(0u, OUT)) = 0;
    REG(USB_BUFF_STATUS) = REG(USB_BUFF_STATUS);
    usb_control_reset();
    REG(USB_SIE_STATUS) = SIE_BUS_RESET;
}

/* new: the next request has come, so what went on before it on endpoint 0 is over. */
static void buffers(int new) {
    uint32_t done = REG(USB_BUFF_STATUS);
    REG(USB_BUFF_STATUS) = done;
    if (done & DONE(0u, IN) && !new) usb_control_sent();
    if (done & DONE(0u, OUT) && !new) control_received();
    if (done & DONE(USB_DATA, IN)) usb.sends = 0;
    if (done & DONE(USB_DATA, OUT)) usb.got = 1;
}

static void setup(void) {
    uint32_t words[2];
    uint8_t packet[8];
    REG(USB_BUFFER(0u, IN)) = 0;
    REG(USB_BUFFER(0u, OUT)) = 0;
    usb.control_in = usb.control_out = DATA1;
    REG(USB_SIE_STATUS) = SIE_SETUP; /* before it is read: one that comes meanwhile is read again */
    words[0] = REG(USB_SETUP);
    words[1] = REG(USB_SETUP + 4u);
    for (uint8_t i = 0; i < 8; i++) packet[i] = (uint8_t)(words[i / 4u] >> 8u * (i % 4u));
    usb_control_setup(packet);
}

void on_usb(void) {
    uint32_t told = REG(USB_INTS);
    if (told & BUS_RESET) {
        reset();
        return; /* what came before it is void; what came after it calls again */
    }
    if (told & FRAME) {
        REG(USB_SOF); /* reading it takes the interrupt back */
        usb.frame_at = es_now();
    }
    if (told & BUFFERS) buffers((told & SETUP) != 0);
    if (told & SETUP) setup();
    take();
    usb_fill();
}

void usb_start(void) {
    for (uint32_t at = 0; at < MEMORY_USED; at += 4) REG(USB_MEMORY + at) = 0;
    usb_control_reset();
    REG(USB_MUXING) = 0x9;     /* to its own pins, connected by software */
    REG(USB_PWR) = 0xc;        /* no pin tells of the supply: it is there */
    REG(USB_MAIN_CTRL) = 1;    /* a device */
    REG(USB_INTE) = BUFFERS | BUS_RESET | SETUP | FRAME;
    REG(USB_SIE_CTRL) = 1u << 29;            /* endpoint 0 interrupts with each buffer */
    REG(USB_SIE_CTRL) = 1u << 29 | 1u << 16; /* and the host sees that somebody is there */
}
