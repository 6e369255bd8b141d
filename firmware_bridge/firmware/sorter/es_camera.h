/* The seam between the sorter and its camera: three functions to bring, for a camera of yours. es_camera_serial.c is the
 * one that comes with it: pictures over the serial line. */
#ifndef ES_CAMERA_H
#define ES_CAMERA_H

#include <stdint.h>

#include "es_frame.h"

/* A part is in the middle of the picture at a tick, which lies ahead or has just been. Every millisecond's tick calls this,
 * so it only takes note. */
void es_camera_expect(uint32_t part, uint32_t at);
/* The next picture that is whole, or 0. From the main loop, which may be kept from it for as long as a picture is thought
 * about. The pixels are the caller's until the next call; rows from top to bottom, of the size and channels that the model
 * takes. */
const uint8_t *es_camera_next(uint32_t *part);
/* A command has come over the serial line; the sorter itself has none. Returns ES_STATUS_..., UNKNOWN_MESSAGE for those that
 * are not the camera's. From the tick. */
uint8_t es_camera_command(const struct es_frame *frame);

#endif
