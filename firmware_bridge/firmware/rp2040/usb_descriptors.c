/* What the device says of itself: USB 2.0, 9.6; USB CDC 1.2, 5.2; CDC PSTN 1.2, 5.3.
 *
 * The two numbers below are pid.codes' first pair for tests. It is not unique, and MUST NOT be on a device that is sold, or
 * passed on, or manufactured: whoever does that gets numbers of their own (docs/microcontrollers.md says where) and puts
 * them, and their name, here.
 */
#include "usb_descriptors.h"

#include <stddef.h>

#include "es_core.h"
#include "usb_control.h"

#define VENDOR 0x1209u
#define PRODUCT 0x0001u
#define MAKER 'e', 0, 'd', 0, 'g', 0, 'e', 0, '-', 0, 's', 0, 'o', 0, 'r', 0, 't', 0
#define NAME 'g', 0, 'a', 0, 't', 0, 'e', 0, ' ', 0, 'c', 0, 'o', 0, 'n', 0, 't', 0, 'r', 0, 'o', 0, 'l', 0, 'l', 0, 'e', 0, 'r', 0

#define DEVICE 1
#define CONFIGURATION 2
#define STRING 3
#define INTERFACE 4
#define ENDPOINT 5
#define ASSOCIATION 11
#define CLASS_INTERFACE 0x24
#define IN 0x80
#define BULK 2
#define INTERRUPT 3
#define CDC 2
#define ACM 2
#define CDC_DATA 10
#define TWO(number) (uint8_t)((number) & 255u), (uint8_t)((number) >> 8)
#define MILLIAMPERES(number) ((number) / 2)

static const uint8_t device[] = {
    18, DEVICE, TWO(0x0200), 0xef, 2, 1, /* functions by association */
    USB_PACKET, TWO(VENDOR), TWO(PRODUCT), TWO(ES_FIRMWARE), 1, 2, 0, 1, /* strings: maker, name, no serial number */
};

static const uint8_t configuration[] = {
    9, CONFIGURATION, TWO(75), 2, 1, 0, 0x80, MILLIAMPERES(100),
    8, ASSOCIATION, 0, 2, CDC, ACM, 0, 0,
    9, INTERFACE, 0, 0, 1, CDC, ACM, 0, 0, /* protocol 0: no modem, so that nothing sends it AT commands */
    5, CLASS_INTERFACE, 0, TWO(0x0120),    /* header */
    5, CLASS_INTERFACE, 1, 0, 1,           /* calls: none; data on interface 1 */
    4, CLASS_INTERFACE, 2, 2,              /* line coding and line state are taken */
    5, CLASS_INTERFACE, 6, 0, 1,           /* union: 0 controls 1 */
    7, ENDPOINT, IN | USB_NOTICES, INTERRUPT, TWO(8u), 255,
    9, INTERFACE, 1, 0, 2, CDC_DATA, 0, 0, 0,
    7, ENDPOINT, USB_DATA, BULK, TWO(USB_PACKET), 0,
    7, ENDPOINT, IN | USB_DATA, BULK, TWO(USB_PACKET), 0,
};

static const uint8_t languages[] = {4, STRING, TWO(0x0409u)};
static const uint8_t maker[] = {2 + sizeof((uint8_t[]){MAKER}), STRING, MAKER};
static const uint8_t name[] = {2 + sizeof((uint8_t[]){NAME}), STRING, NAME};

static const struct descriptor {
    uint8_t type, index, size;
    const uint8_t *bytes;
} descriptors[] = {
    {DEVICE, 0, sizeof device, device},
    {CONFIGURATION, 0, sizeof configuration, configuration},
    {STRING, 0, sizeof languages, languages},
    {STRING, 1, sizeof maker, maker},
    {STRING, 2, sizeof name, name},
};

const uint8_t *usb_descriptor(uint8_t type, uint8_t index, uint16_t *size) {
    for (uint8_t i = 0; i < sizeof descriptors / sizeof *descriptors; i++) {
        const struct descriptor *one = &descriptors[i];
        if (one->type != type || one->index != index) continue;
        *size = one->size;
        return one->bytes;
    }
    return NULL;
}
