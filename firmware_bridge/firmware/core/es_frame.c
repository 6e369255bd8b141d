#include "es_frame.h"

uint16_t es_crc(const uint8_t *data, uint8_t size) {
    uint16_t crc = ES_CRC_START;
    while (size--) {
        /* a byte at once: C. Adler's form of polynomial 0x1021 */
        uint16_t x = (uint16_t)((crc >> 8) ^ *data++);
        x ^= x >> 4;
        crc = (uint16_t)((crc << 8) ^ (uint16_t)(x << 12) ^ (uint16_t)(x << 5) ^ x);
    }
    return crc;
}

static uint8_t stuff(const uint8_t *body, uint8_t size, uint8_t *out) {
    uint8_t at = 0, to = 1;
    for (uint8_t i = 0; i < size; i++) {
        if (body[i]) {
            out[to++] = body[i];
        } else {
            out[at] = (uint8_t)(to - at);
            at = to++;
        }
    }
    out[at] = (uint8_t)(to - at);
    return to;
}

uint8_t es_frame_write(const struct es_frame *frame, uint8_t *out) {
    uint8_t body[ES_FRAME_BODY];
    uint8_t size = frame->size;
    body[0] = size;
    body[1] = frame->id;
    body[2] = frame->number;
    for (uint8_t i = 0; i < size; i++) body[ES_FRAME_HEAD + i] = frame->payload[i];
    size = (uint8_t)(size + ES_FRAME_HEAD);
    es_put16(body + size, es_crc(body, size));
    out[0] = 0;
    uint8_t length = stuff(body, (uint8_t)(size + ES_FRAME_CHECK), out + 1);
    out[length + 1] = 0;
    return (uint8_t)(length + 2);
}

/* Returns the size of the body, 0 when the lengths lead nowhere. */
static uint8_t unstuff(uint8_t *data, uint8_t size) {
    uint8_t at = 0, to = 0;
    while (at < size) {
        uint8_t length = data[at++];
        if (length == 0 || length - 1 > size - at) return 0;
        while (--length) data[to++] = data[at++];
        if (at < size) data[to++] = 0;
    }
    return to;
}

int es_frame_read(uint8_t *stuffed, uint8_t size, struct es_frame *frame) {
    if (size > ES_FRAME_STUFFED) return 0;
    uint8_t length = unstuff(stuffed, size);
    if (length < ES_FRAME_HEAD + ES_FRAME_CHECK) return 0;
    uint8_t checked = (uint8_t)(length - ES_FRAME_CHECK);
    if (stuffed[0] != checked - ES_FRAME_HEAD) return 0;
    if (es_get16(stuffed + checked) != es_crc(stuffed, checked)) return 0;
    frame->size = stuffed[0];
    frame->id = stuffed[1];
    frame->number = stuffed[2];
    for (uint8_t i = 0; i < frame->size; i++) frame->payload[i] = stuffed[ES_FRAME_HEAD + i];
    return 1;
}
