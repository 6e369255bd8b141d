#include "usb_requests.h"

#include <stddef.h>

#include "usb_control.h"
#include "usb_descriptors.h"

#define HALT 0u
#define INTERFACES 2u

static struct {
    uint8_t configured, halted; /* halted: bit n, see halt_bit */
    uint8_t number[2];          /* little-endian, and below 256 */
    uint8_t coding[USB_CODING_SIZE];
} state;

/* ---- requests: each returns 1, or 0 when it is refused, and then has done nothing ---- */

static int give(struct usb_answer *answer, const uint8_t *bytes, uint16_t size) {
    answer->bytes = bytes;
    answer->size = size;
    return 1;
}

static int give_number(struct usb_answer *answer, uint8_t number, uint8_t size) {
    state.number[0] = number;
    return give(answer, state.number, size);
}

static int device_status(const struct usb_setup *setup, struct usb_answer *answer) {
    return !setup->value && !setup->index && give_number(answer, 0, 2);
}

static int is_interface(const struct usb_setup *setup) { return state.configured && setup->index < INTERFACES; }

static int interface_status(const struct usb_setup *setup, struct usb_answer *answer) {
    return !setup->value && is_interface(setup) && give_number(answer, 0, 2);
}

/* Returns 0 for an endpoint that cannot halt: there is none, or it is endpoint 0. */
static uint8_t halt_bit(uint16_t endpoint) {
    if (!state.configured) return 0;
    if (endpoint == (0x80u | USB_NOTICES)) return 1;
    if (endpoint == USB_DATA) return 2;
    return endpoint == (0x80u | USB_DATA) ? 4 : 0;
}

static int endpoint_status(const struct usb_setup *setup, struct usb_answer *answer) {
    uint8_t bit = halt_bit(setup->index);
    if (setup->value || (!bit && setup->index != 0 && setup->index != 0x80u)) return 0;
    return give_number(answer, (state.halted & bit) != 0, 2);
}

static int halt(uint16_t endpoint, uint8_t on) {
    uint8_t bit = halt_bit(endpoint);
    if (!bit) return 0;
    state.halted = (uint8_t)(on ? state.halted | bit : state.halted & ~bit);
    usb_halt((uint8_t)endpoint, on);
    return 1;
}

static int set_halt(const struct usb_setup *setup, struct usb_answer *answer) {
    (void)answer;
    return setup->value == HALT && halt(setup->index, 1);
}

static int clear_halt(const struct usb_setup *setup, struct usb_answer *answer) {
    (void)answer;
    return setup->value == HALT && halt(setup->index, 0);
}

static int set_address(const struct usb_setup *setup, struct usb_answer *answer) {
    if (setup->value > 127 || setup->index) return 0;
    answer->address = (uint8_t)(USB_NEW | setup->value);
    return 1;
}

static int get_descriptor(const struct usb_setup *setup, struct usb_answer *answer) {
    uint16_t size = 0;
    const uint8_t *bytes = usb_descriptor((uint8_t)(setup->value >> 8), (uint8_t)setup->value, &size);
    return bytes && give(answer, bytes, size);
}

static int get_configuration(const struct usb_setup *setup, struct usb_answer *answer) {
    return !setup->value && !setup->index && give_number(answer, state.configured, 1);
}

static int set_configuration(const struct usb_setup *setup, struct usb_answer *answer) {
    (void)answer;
    if (setup->value > 1 || setup->index) return 0;
    state.configured = (uint8_t)setup->value;
    state.halted = 0;
    usb_listen(0);
    usb_configure(state.configured);
    return 1;
}

static int get_interface(const struct usb_setup *setup, struct usb_answer *answer) {
    return !setup->value && is_interface(setup) && give_number(answer, 0, 1);
}

/* The host's count of packets begins anew with this, for the endpoints of the interface. */
static int set_interface(const struct usb_setup *setup, struct usb_answer *answer) {
    (void)answer;
    if (setup->value || !is_interface(setup)) return 0;
    if (setup->index == 0) return halt(0x80u | USB_NOTICES, 0);
    return halt(USB_DATA, 0) && halt(0x80u | USB_DATA, 0);
}

static int is_serial(const struct usb_setup *setup) { return state.configured && setup->index == 0; }

static int set_line_coding(const struct usb_setup *setup, struct usb_answer *answer) {
    (void)answer;
    return is_serial(setup) && !setup->value;
}

static int get_line_coding(const struct usb_setup *setup, struct usb_answer *answer) {
    return is_serial(setup) && !setup->value && give(answer, state.coding, USB_CODING_SIZE);
}

static int set_line_state(const struct usb_setup *setup, struct usb_answer *answer) {
    (void)answer;
    if (!is_serial(setup)) return 0;
    usb_listen(setup->value & 1u);
    return 1;
}

#define CLASS 0x20u
#define TO_DEVICE 0u
#define TO_INTERFACE 1u
#define TO_ENDPOINT 2u

static const struct request {
    uint8_t type, request, takes; /* takes: the size of the data that come with it */
    int (*run)(const struct usb_setup *setup, struct usb_answer *answer);
} requests[] = {
    {USB_TO_HOST | TO_DEVICE, 0, 0, device_status},
    {USB_TO_HOST | TO_INTERFACE, 0, 0, interface_status},
    {USB_TO_HOST | TO_ENDPOINT, 0, 0, endpoint_status},
    {TO_ENDPOINT, 1, 0, clear_halt},
    {TO_ENDPOINT, 3, 0, set_halt},
    {TO_DEVICE, 5, 0, set_address},
    {USB_TO_HOST | TO_DEVICE, 6, 0, get_descriptor},
    {USB_TO_HOST | TO_DEVICE, 8, 0, get_configuration},
    {TO_DEVICE, 9, 0, set_configuration},
    {USB_TO_HOST | TO_INTERFACE, 10, 0, get_interface},
    {TO_INTERFACE, 11, 0, set_interface},
    {CLASS | TO_INTERFACE, 0x20, USB_CODING_SIZE, set_line_coding},
    {USB_TO_HOST | CLASS | TO_INTERFACE, 0x21, 0, get_line_coding},
    {CLASS | TO_INTERFACE, 0x22, 0, set_line_state},
};

static const struct request *find(const struct usb_setup *setup) {
    for (uint8_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        const struct request *one = &requests[i];
        if (one->type == setup->type && one->request == setup->request) return one;
    }
    return NULL;
}

int usb_request(const struct usb_setup *setup, struct usb_answer *answer) {
    const struct request *request = find(setup);
    uint16_t comes = setup->type & USB_TO_HOST ? 0 : setup->length;
    return request && comes == request->takes && request->run(setup, answer);
}

void usb_request_data(const uint8_t *data) {
    for (uint8_t i = 0; i < USB_CODING_SIZE; i++) state.coding[i] = data[i];
}

void usb_requests_reset(void) {
    static const uint8_t coding[USB_CODING_SIZE] = {0x00, 0xc2, 0x01, 0x00, 0, 0, 8}; /* 115,200 baud, 8 bits */
    state.configured = state.halted = 0;
    usb_request_data(coding);
    usb_listen(0);
    usb_configure(0);
}
