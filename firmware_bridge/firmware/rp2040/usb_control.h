/* The stages of a request on endpoint 0: setup, data, status (USB 2.0, 8.5.3). Plain C without registers, so that it is
 * tested on any computer.
 */
#ifndef USB_CONTROL_H
#define USB_CONTROL_H

#include <stdint.h>

#define USB_PACKET 64u
#define USB_NOTICES 1u /* endpoint numbers: in, never used, but a serial line must have it */
#define USB_DATA 2u    /* in and out */

/* The host has reset the bus. */
void usb_control_reset(void);
/* A setup packet of 8 bytes has come; whatever went on before is over. */
void usb_control_setup(const uint8_t *packet);
/* The host has fetched the packet that was to be sent. */
void usb_control_sent(void);
/* The packet that was expected has come; size: at most USB_PACKET. */
void usb_control_received(const uint8_t *data, uint8_t size);

/* What the controller brings. On endpoint 0, the first packet after setup being DATA1: */
void usb_send(const uint8_t *data, uint8_t size);
void usb_expect(void);
void usb_stall(void);
/* For all endpoints: */
void usb_address(uint8_t address);
/* Endpoints USB_NOTICES and USB_DATA from their beginning, or off. */
void usb_configure(uint8_t on);
/* Of an endpoint's address (0x81, 0x02, 0x82): stalled or not. Not any more: from its beginning. */
void usb_halt(uint8_t endpoint, uint8_t on);
/* Whether somebody has the port open (DTR). */
void usb_listen(uint8_t on);

#endif
