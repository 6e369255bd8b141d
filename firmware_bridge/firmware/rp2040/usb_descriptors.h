#ifndef USB_DESCRIPTORS_H
#define USB_DESCRIPTORS_H

#include <stdint.h>

/* Returns a descriptor, NULL when there is none. type and index: as the host asks. size: of the whole of it. */
const uint8_t *usb_descriptor(uint8_t type, uint8_t index, uint16_t *size);

#endif
