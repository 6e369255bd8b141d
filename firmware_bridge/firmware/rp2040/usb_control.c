#include "usb_control.h"

#include <stddef.h>

#include "usb_descriptors.h"

#define CODING_SIZE 7u
#define HALT 0u
#define NEW 0x80u
#define INTERFACES 2u

struct setup {
    uint8_t type, request;
    uint16_t value, index, length;
};
enum stage { NOTHING, ANSWERS, ENDS_OUT, GETS, ENDS_IN };

static struct {
    uint8_t stage;
    const uint8_t *from; /* what is left of an answer */
    uint16_t left;
    uint8_t zero; /* it ends on a whole packet though the host asked for more: an empty one tells that it ends */
    uint8_t reply[2];
    uint8_t address, configured, halted; /* address: NEW and what counts from the end of its request on; halted: bit n, see halt_bit */
    uint8_t coding[CODING_SIZE];
} control;

/* ---- requests: each returns 1, or 0 when it is refused, and then has done nothing ---- */

static int give(const uint8_t *bytes, uint16_t size) {
    control.from = bytes;
    control.left = size;
    return 1;
}

static int give_two(uint8_t low, uint8_t size) {
    control.reply[0] = low;
    control.reply[1] = 0;
    return give(control.reply, size);
}

static int device_status(const struct setup *setup) {
    return !setup->value && !setup->index && give_two(0, 2);
}

static int is_interface(const struct setup *setup) { return control.configured && setup->index < INTERFACES; }

static int interface_status(const struct setup *setup) {
    return !setup->value && is_interface(setup) && give_two(0, 2);
}

/* Returns 0 for an endpoint that cannot halt: there is none, or it is endpoint 0. */
static uint8_t halt_bit(uint16_t endpoint) {
    if (!control.configured) return 0;
    if (endpoint == (0x80u | USB_NOTICES)) return 1;
    if (endpoint == USB_DATA) return 2;
    return endpoint == (0x80u | USB_DATA) ? 4 : 0;
}

static int endpoint_status(const struct setup *setup) {
    uint8_t bit = halt_bit(setup->index);
    if (setup->value || (!bit && setup->index != 0 && setup->index != 0x80u)) return 0;
    return give_two((control.halted & bit) != 0, 2);
}

static int halt(const struct setup *setup, uint8_t on) {
    uint8_t bit = halt_bit(setup->index);
    if (setup->value != HALT || !bit) return 0;
    control.halted = (uint8_t)(on ? control.halted | bit : control.halted & ~bit);
    usb_halt((uint8_t)setup->index, on);
    return 1;
}

static int set_halt(const struct setup *setup) { return halt(setup, 1); }
static int clear_halt(const struct setup *setup) { return halt(setup, 0); }

static int set_address(const struct setup *setup) {
    if (setup->value > 127 || setup->index) return 0;
    control.address = (uint8_t)(NEW | setup->value);
    return 1;
}

static int get_descriptor(const struct setup *setup) {
    uint16_t size = 0;
    const uint8_t *bytes = usb_descriptor((uint8_t)(setup->value >> 8), (uint8_t)setup->value, &size);
    return bytes && give(bytes, size);
}

static int get_configuration(const struct setup *setup) {
    return !setup->value && !setup->index && give_two(control.configured, 1);
}

static int set_configuration(const struct setup *setup) {
    if (setup->value > 1 || setup->index) return 0;
    control.configured = (uint8_t)setup->value;
    control.halted = 0;
    usb_listen(0);
    usb_configure(control.configured);
    return 1;
}

static int get_interface(const struct setup *setup) {
    return !setup->value && is_interface(setup) && give_two(0, 1);
}

static int set_interface(const struct setup *setup) { return !setup->value && is_interface(setup); }

static int is_serial(const struct setup *setup) { return control.configured && setup->index == 0; }

static int set_line_coding(const struct setup *setup) {
    return is_serial(setup) && !setup->value;
}

static int get_line_coding(const struct setup *setup) {
    return is_serial(setup) && !setup->value && give(control.coding, CODING_SIZE);
}

static int set_line_state(const struct setup *setup) {
    if (!is_serial(setup)) return 0;
    usb_listen(setup->value & 1u);
    return 1;
}

#define TO_HOST 0x80u
#define CLASS 0x20u
#define TO_DEVICE 0u
#define TO_INTERFACE 1u
#define TO_ENDPOINT 2u

static const struct request {
    uint8_t type, request, takes; /* takes: the size of the data that come with it */
    int (*run)(const struct setup *setup);
} requests[] = {
    {TO_HOST | TO_DEVICE, 0, 0, device_status},
    {TO_HOST | TO_INTERFACE, 0, 0, interface_status},
    {TO_HOST | TO_ENDPOINT, 0, 0, endpoint_status},
    {TO_ENDPOINT, 1, 0, clear_halt},
    {TO_ENDPOINT, 3, 0, set_halt},
    {TO_DEVICE, 5, 0, set_address},
    {TO_HOST | TO_DEVICE, 6, 0, get_descriptor},
    {TO_HOST | TO_DEVICE, 8, 0, get_configuration},
    {TO_DEVICE, 9, 0, set_configuration},
    {TO_HOST | TO_INTERFACE, 10, 0, get_interface},
    {TO_INTERFACE, 11, 0, set_interface},
    {CLASS | TO_INTERFACE, 0x20, CODING_SIZE, set_line_coding},
    {TO_HOST | CLASS | TO_INTERFACE, 0x21, 0, get_line_coding},
    {CLASS | TO_INTERFACE, 0x22, 0, set_line_state},
};

static const struct request *find(const struct setup *setup) {
    for (uint8_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        const struct request *one = &requests[i];
        if (one->type == setup->type && one->request == setup->request) return one;
    }
    return NULL;
}

/* ---- stages ---- */

static void send_on(void) {
    uint8_t size = (uint8_t)(control.left < USB_PACKET ? control.left : USB_PACKET);
    const uint8_t *from = control.from;
    control.from += size;
    control.left = (uint16_t)(control.left - size);
    if (size < USB_PACKET) control.zero = 0;
    usb_send(from, size);
}

static void end_in(void) {
    control.stage = ENDS_IN;
    usb_send(NULL, 0);
}

static void begin_answer(const struct setup *setup) {
    control.zero = control.left < setup->length;
    if (control.left > setup->length) control.left = setup->length;
    control.stage = ANSWERS;
    send_on();
}

void usb_control_setup(const uint8_t *packet) {
    struct setup setup = {
        .type = packet[0],
        .request = packet[1],
        .value = (uint16_t)(packet[2] | packet[3] << 8),
        .index = (uint16_t)(packet[4] | packet[5] << 8),
        .length = (uint16_t)(packet[6] | packet[7] << 8),
    };
    const struct request *request = find(&setup);
    control.stage = NOTHING;
    control.left = 0;
    control.address = 0;
    int comes = !(setup.type & TO_HOST) && setup.length; /* data, after this */
    if (!request || (comes && setup.length != request->takes) || (!comes && request->takes) || !request->run(&setup)) {
        usb_stall();
    } else if (comes) {
        control.stage = GETS;
        usb_expect();
    } else if (setup.length) {
        begin_answer(&setup);
    } else {
        end_in();
    }
}

void usb_control_sent(void) {
    if (control.stage == ANSWERS && (control.left || control.zero)) {
        send_on();
    } else if (control.stage == ANSWERS) {
        control.stage = ENDS_OUT;
        usb_expect();
    } else if (control.stage == ENDS_IN) {
        control.stage = NOTHING;
        if (control.address) usb_address((uint8_t)(control.address & ~NEW));
        control.address = 0;
    }
}

void usb_control_received(const uint8_t *data, uint8_t size) {
    uint8_t stage = control.stage;
    control.stage = NOTHING;
    if (stage != GETS) return;
    if (size != CODING_SIZE) {
        usb_stall();
        return;
    }
    for (uint8_t i = 0; i < CODING_SIZE; i++) control.coding[i] = data[i];
    end_in();
}

void usb_control_reset(void) {
    static const uint8_t coding[CODING_SIZE] = {0x00, 0xc2, 0x01, 0x00, 0, 0, 8}; /* 115,200 baud, 8 bits, as the UART's */
    control.stage = NOTHING;
    control.left = 0;
    control.configured = control.halted = control.address = 0;
    for (uint8_t i = 0; i < CODING_SIZE; i++) control.coding[i] = coding[i];
    usb_listen(0);
    usb_configure(0);
}
