/* The data endpoints of the serial line on USB. Each has one buffer. */
#include "usb_data.h"

#include "es_port.h"
#include "line.h"
#include "registers.h"
#include "usb.h"
#include "usb_control.h"
#include "usb_packet.h"

#define ENABLED 0x80000000u
#define EACH_BUFFER 0x20000000u /* interrupts */
#define AS_BULK (2u << 26)
#define AS_INTERRUPT (3u << 26)
/* places in the memory; endpoint 0's is given */
#define AT_OUT 0x180u
#define AT_IN 0x1c0u
#define AT_NOTICES 0x200u
/* Erratum RP2040-E15: a packet fetched across the end of a frame may hang the controller (hubs of a Pi 4 do that). */
#define FRAME_US 1000u
#define LATE_IN_FRAME_US 800u

static struct {
    uint8_t configured, listens;
    uint8_t sends, ends; /* a packet waits to be fetched; an empty one must follow, if nothing else does */
    uint8_t got;         /* a packet waits for room */
    uint8_t stalled_in, stalled_out;
    uint32_t in, out; /* USB_DATA1, or 0, for the next packet */
    uint32_t frame_at;
} usb;

/* ---- what endpoint 0 decides ---- */

static void expect_data(void) { usb_hand_over(USB_BUFFER(USB_DATA, USB_OUT), usb_next(&usb.out) | USB_PACKET); }

void usb_listen(uint8_t on) { usb.listens = on; }

static void begin_in(void) {
    REG(USB_BUFFER(USB_DATA, USB_IN)) = 0;
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
    REG(USB_ENDPOINT(USB_NOTICES, USB_IN)) = on ? ENABLED | AS_INTERRUPT | AT_NOTICES : 0;
    REG(USB_ENDPOINT(USB_DATA, USB_IN)) = on ? ENABLED | EACH_BUFFER | AS_BULK | AT_IN : 0;
    REG(USB_ENDPOINT(USB_DATA, USB_OUT)) = on ? ENABLED | EACH_BUFFER | AS_BULK | AT_OUT : 0;
    REG(USB_BUFFER(USB_NOTICES, USB_IN)) = 0;
    REG(USB_BUFFER(USB_DATA, USB_OUT)) = 0;
    begin_in();
    if (on) begin_out();
}

void usb_halt(uint8_t endpoint, uint8_t on) {
    if (endpoint == USB_DATA) {
        usb.stalled_out = on;
        if (on) {
            REG(USB_BUFFER(USB_DATA, USB_OUT)) = USB_STALLED;
        } else {
            begin_out();
        }
    } else if (endpoint == (0x80u | USB_DATA)) {
        begin_in();
        usb.stalled_in = on;
        if (on) REG(USB_BUFFER(USB_DATA, USB_IN)) = USB_STALLED;
    } else {
        REG(USB_BUFFER(USB_NOTICES, USB_IN)) = on ? USB_STALLED : 0;
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
    usb_hand_over(USB_BUFFER(USB_DATA, USB_IN), USB_FULL | usb_next(&usb.in) | size);
}

int usb_idle(void) { return !usb.sends; }

/* ---- data from the host ---- */

/* A packet stays where it is, and the host is kept waiting, until there is room for all of it. */
void usb_data_take(void) {
    if (!usb.got || usb.stalled_out || line_room(LINE_USB) < USB_PACKET) return;
    uint8_t size = usb_size_of(USB_BUFFER(USB_DATA, USB_OUT));
    uint32_t tick = es_now(), word = 0;
    for (uint8_t i = 0; i < size; i++, word >>= 8) {
        if (i % 4u == 0) word = REG(USB_MEMORY + AT_OUT + i);
        line_received(LINE_USB, (uint8_t)word, tick);
    }
    usb.got = 0;
    expect_data();
}

/* ---- what the interrupt tells ---- */

void usb_data_frame(void) { usb.frame_at = es_now(); }

void usb_data_done(uint32_t done) {
    if (done & USB_DONE(USB_DATA, USB_IN)) usb.sends = 0;
    if (done & USB_DONE(USB_DATA, USB_OUT)) usb.got = 1;
}
