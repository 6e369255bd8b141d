/* A camera at the other end of the serial line: it hears of every part, and sends a picture of it in pieces. */
#include "es_camera.h"
#include "es_link.h"
#include "es_parts.h"
#include "es_port.h"
#include "es_settings.h"

enum { FREE, FILLING, WHOLE, LENT };

static struct {
    uint32_t part, filled;
    volatile uint8_t state;
    uint8_t pixels[ES_PICTURE_BYTES];
} pictures[2]; /* one is thought about while the other arrives */

void es_camera_expect(uint32_t part, uint32_t at) {
    uint8_t payload[ES_EXPECT_SIZE];
    struct es_expect expect = {.part = part, .at = at};
    es_write_expect(payload, &expect);
    uint32_t before = es_lock();
    es_link_event(ES_EXPECT, payload, ES_EXPECT_SIZE);
    es_unlock(before);
}

/* Where a picture begins to arrive; one that another has broken off is dropped. Returns 2 when there is no room. */
static uint8_t begin(uint32_t part) {
    for (uint8_t i = 0; i < 2; i++)
        if (pictures[i].state == FILLING) pictures[i].state = FREE;
    for (uint8_t i = 0; i < 2; i++) {
        if (pictures[i].state != FREE) continue;
        pictures[i].part = part;
        pictures[i].filled = 0;
        pictures[i].state = FILLING;
        return i;
    }
    return 2;
}

static uint8_t take(const struct es_pixels *piece) {
    uint8_t i = 0;
    if (piece->at == 0) {
        if (!es_part_waits(piece->part)) return ES_STATUS_UNKNOWN_PART;
        i = begin(piece->part);
        if (i == 2) return ES_STATUS_BUSY;
    } else {
        while (i < 2 && pictures[i].state != FILLING) i++;
        if (i == 2 || pictures[i].part != piece->part || pictures[i].filled != piece->at) return ES_STATUS_BAD_VALUE;
    }
    for (uint32_t from = 0; from < sizeof piece->pixels && pictures[i].filled < ES_PICTURE_BYTES; from++)
        pictures[i].pixels[pictures[i].filled++] = piece->pixels[from];
    if (pictures[i].filled == ES_PICTURE_BYTES) pictures[i].state = WHOLE;
    return ES_STATUS_OK;
}

uint8_t es_camera_command(const struct es_frame *frame) {
    if (frame->id != ES_PIXELS) return ES_STATUS_UNKNOWN_MESSAGE;
    if (frame->size != ES_PIXELS_SIZE) return ES_STATUS_BAD_VALUE;
    struct es_pixels piece;
    es_read_pixels(frame->payload, &piece);
    return take(&piece);
}

const uint8_t *es_camera_next(uint32_t *part) {
    uint8_t found = 2;
    for (uint8_t i = 0; i < 2; i++) {
        if (pictures[i].state == LENT) pictures[i].state = FREE;
        /* the older one, when both are whole */
        if (pictures[i].state == WHOLE && (found == 2 || pictures[i].part < pictures[found].part)) found = i;
    }
    if (found == 2) return 0;
    pictures[found].state = LENT;
    *part = pictures[found].part;
    return pictures[found].pixels;
}
