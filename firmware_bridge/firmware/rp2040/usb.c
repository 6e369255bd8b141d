/* The USB controller, RP2040 datasheet 4.1: how it starts, endpoint 0, its interrupt. */
#include "usb.h"

#include "registers.h"
#include "usb_control.h"
#include "usb_data.h"
#include "usb_packet.h"

#define AVAILABLE 0x0400u
#define LENGTH 0x03ffu
#define AT_CONTROL 0x100u /* endpoint 0's place in the memory is given */
#define MEMORY_USED 0x240u
/* interrupts */
#define BUFFERS 0x10u
#define BUS_RESET 0x1000u
#define SETUP 0x10000u
#define FRAME 0x20000u
#define SIE_BUS_RESET 0x80000u
#define SIE_SETUP 0x20000u

static uint32_t control_in, control_out; /* USB_DATA1, or 0, for the next packet of endpoint 0 */

void on_usb(void);

/* ---- packets ---- */

/* AVAILABLE after the rest, when the controller's slower clock has seen that: 4.1.2.5.1. */
void usb_hand_over(uint32_t buffer, uint32_t what) {
    REG(buffer) = what;
    __asm volatile("b 1f\n1: b 1f\n1: b 1f\n1: b 1f\n1: b 1f\n1: b 1f\n1:" ::: "memory"); /* 12 cycles */
    REG(buffer) = what | AVAILABLE;
}

uint32_t usb_next(uint32_t *data) {
    uint32_t now = *data;
    *data ^= USB_DATA1;
    return now;
}

uint8_t usb_size_of(uint32_t buffer) {
    uint32_t size = REG(buffer) & LENGTH;
    return (uint8_t)(size < USB_PACKET ? size : USB_PACKET);
}

void usb_send(const uint8_t *data, uint8_t size) {
    for (uint8_t i = 0; i < size; i = (uint8_t)(i + 4)) {
        uint32_t word = 0;
        for (uint8_t j = 0; j < 4 && i + j < size; j++) word |= (uint32_t)data[i + j] << 8u * j;
        REG(USB_MEMORY + AT_CONTROL + i) = word;
    }
    usb_hand_over(USB_BUFFER(0u, USB_IN), USB_FULL | usb_next(&control_in) | size);
}

void usb_expect(void) { usb_hand_over(USB_BUFFER(0u, USB_OUT), usb_next(&control_out) | USB_PACKET); }

void usb_stall(void) {
    REG(USB_STALL_ARM) = 3; /* until the next setup packet */
    REG(USB_BUFFER(0u, USB_IN)) = USB_STALLED;
    REG(USB_BUFFER(0u, USB_OUT)) = USB_STALLED;
}

void usb_address(uint8_t address) { REG(USB_ADDRESS) = address; }

static void control_received(void) {
    uint8_t data[USB_PACKET], size = usb_size_of(USB_BUFFER(0u, USB_OUT));
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
    REG(USB_BUFFER(0u, USB_IN)) = 0;
    REG(USB_BUFFER(0u, USB_OUT)) = 0;
    REG(USB_BUFF_STATUS) = REG(USB_BUFF_STATUS);
    usb_control_reset();
    REG(USB_SIE_STATUS) = SIE_BUS_RESET;
}

/* new: the next request has come, so what went on before it on endpoint 0 is over. */
static void buffers(int new) {
    uint32_t done = REG(USB_BUFF_STATUS);
    REG(USB_BUFF_STATUS) = done;
    if (done & USB_DONE(0u, USB_IN) && !new) usb_control_sent();
    if (done & USB_DONE(0u, USB_OUT) && !new) control_received();
    usb_data_done(done);
}

static void setup(void) {
    uint32_t words[2];
    uint8_t packet[8];
    REG(USB_BUFFER(0u, USB_IN)) = 0;
    REG(USB_BUFFER(0u, USB_OUT)) = 0;
    control_in = control_out = USB_DATA1;
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
        usb_data_frame();
    }
    if (told & BUFFERS) buffers((told & SETUP) != 0);
    if (told & SETUP) setup();
    usb_data_take();
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
