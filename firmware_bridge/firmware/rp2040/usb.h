/* The serial line on USB: a CDC-ACM device, /dev/ttyACM0 to a Linux host. */
#ifndef USB_H
#define USB_H

void usb_start(void);
/* Send on, if something waits; drop it if nobody has the port open. The lines' interrupts are kept out, or this is one. */
void usb_fill(void);
/* Whether the host has fetched the last packet. */
int usb_idle(void);

#endif
