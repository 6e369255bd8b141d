#include "usb_control.h"

#include <stddef.h>

#include "usb_requests.h"

enum stage { NOTHING, ANSWERS, ENDS_OUT, GETS, ENDS_IN };

static struct {
    uint8_t stage;
    uint8_t zero;             /* it ends on a whole packet though the host asked for more: an empty one tells that it ends */
    struct usb_answer answer; /* what is left of it */
} control;

static void send_on(void) {
    uint8_t size = (uint8_t)(control.answer.size < USB_PACKET ? control.answer.size : USB_PACKET);
    const uint8_t *from = control.answer.bytes;
    control.answer.bytes += size;
    control.answer.size = (uint16_t)(control.answer.size - size);
    if (size < USB_PACKET) control.zero = 0;
    usb_send(from, size);
}

static void end_in(void) {
    control.stage = ENDS_IN;
    usb_send(NULL, 0);
}

static void begin_answer(const struct usb_setup *setup) {
    control.zero = control.answer.size < setup->length;
    if (control.answer.size > setup->length) control.answer.size = setup->length;
    control.stage = ANSWERS;
    send_on();
}

void usb_control_setup(const uint8_t *packet) {
    struct usb_setup setup = {
        .type = packet[0],
        .request = packet[1],
        .value = (uint16_t)(packet[2] | packet[3] << 8),
        .index = (uint16_t)(packet[4] | packet[5] << 8),
        .length = (uint16_t)(packet[6] | packet[7] << 8),
    };
    control.stage = NOTHING;
    control.answer = (struct usb_answer){NULL, 0, 0};
    if (!usb_request(&setup, &control.answer)) {
        usb_stall();
    } else if (!setup.length) {
        end_in();
    } else if (setup.type & USB_TO_HOST) {
        begin_answer(&setup);
    } else {
        control.stage = GETS;
        usb_expect();
    }
}

void usb_control_sent(void) {
    if (control.stage == ANSWERS && (control.answer.size || control.zero)) {
        send_on();
    } else if (control.stage == ANSWERS) {
        control.stage = ENDS_OUT;
        usb_expect();
    } else if (control.stage == ENDS_IN) {
        control.stage = NOTHING;
        if (control.answer.address) usb_address((uint8_t)(control.answer.address & ~USB_NEW));
    }
}

void usb_control_received(const uint8_t *data, uint8_t size) {
    uint8_t stage = control.stage;
    control.stage = NOTHING;
    if (stage != GETS) return;
    if (size != USB_CODING_SIZE) {
        usb_stall();
        return;
    }
    usb_request_data(data);
    end_in();
}

void usb_control_reset(void) {
    control.stage = NOTHING;
    usb_requests_reset();
}
