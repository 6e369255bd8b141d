/* For the controller's interrupt: what the data endpoints do about it. */
#ifndef USB_DATA_H
#define USB_DATA_H

#include <stdint.h>

/* A frame of the bus, a millisecond, has begun. */
void usb_data_frame(void);
/* Buffers are done: bits USB_DONE. */
void usb_data_done(uint32_t done);
/* Hand on what has come, if there is room for it. */
void usb_data_take(void);

#endif
