/* What is asked of the device, one by one: standard requests (USB 2.0, chapter 9) and those of a serial line (CDC PSTN 1.2,
 * 6.3).
 */
#ifndef USB_REQUESTS_H
#define USB_REQUESTS_H

#include <stdint.h>

#define USB_TO_HOST 0x80u
#define USB_CODING_SIZE 7u /* the only data that a host sends with a request */
#define USB_NEW 0x80u

struct usb_setup {
    uint8_t type, request;
    uint16_t value, index, length;
};
struct usb_answer {
    const uint8_t *bytes;
    uint16_t size;
    uint8_t address; /* USB_NEW and the address that counts from the end of the request on */
};

/* Carry a request out. Returns 1, or 0 when it is refused, and then has done nothing. */
int usb_request(const struct usb_setup *setup, struct usb_answer *answer);
/* The data of a request that was accepted: USB_CODING_SIZE bytes. */
void usb_request_data(const uint8_t *data);
/* As after a reset of the bus. */
void usb_requests_reset(void);

#endif
