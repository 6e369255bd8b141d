/* Frames: COBS between zeros, length, id, number, payload, CRC-16. */
#ifndef ES_FRAME_H
#define ES_FRAME_H

#include <stdint.h>

#include "es_messages.h"

#define ES_FRAME_HEAD 3u
#define ES_FRAME_CHECK 2u
#define ES_FRAME_BODY (ES_FRAME_HEAD + ES_MOST_PAYLOAD + ES_FRAME_CHECK)
#define ES_FRAME_STUFFED (ES_FRAME_BODY + 1u)
#define ES_FRAME_LINE (ES_FRAME_STUFFED + 2u)

struct es_frame {
    uint8_t id, number, size;
    uint8_t payload[ES_MOST_PAYLOAD];
};

uint16_t es_crc(const uint8_t *data, uint8_t size);
/* Write a frame with its zeros to out, of ES_FRAME_LINE bytes. Returns how many. */
uint8_t es_frame_write(const struct es_frame *frame, uint8_t *out);
/* Read what lay between two zeros, in its place. Returns 1, or 0 when it is no frame. */
int es_frame_read(uint8_t *stuffed, uint8_t size, struct es_frame *frame);

#endif
