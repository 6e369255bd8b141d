/* Buffers of the USB controller: RP2040 datasheet 4.1.2.5 and 4.1.2.7. Its memory is read and written in words. */
#ifndef USB_PACKET_H
#define USB_PACKET_H

#include <stdint.h>

#define USB_IN 0u
#define USB_OUT 1u
#define USB_FULL 0x8000u
#define USB_DATA1 0x2000u
#define USB_STALLED 0x0800u
#define USB_DONE(number, out) (1u << (2u * (number) + (out)))

/* Give a buffer, USB_BUFFER(...), to the controller. what: but for that it is available. */
void usb_hand_over(uint32_t buffer, uint32_t what);
/* USB_DATA1 or 0, for this packet; the next one's is the other. */
uint32_t usb_next(uint32_t *data);
/* How many bytes have come in a buffer; at most USB_PACKET. */
uint8_t usb_size_of(uint32_t buffer);

#endif
