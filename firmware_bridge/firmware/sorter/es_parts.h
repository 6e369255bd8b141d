/* The parts between the photo-eye and the last gate, in the order in which they passed the eye. */
#ifndef ES_PARTS_H
#define ES_PARTS_H

#include <stdint.h>

#define ES_PARTS 32u

enum {
    ES_PART_NONE,
    ES_PART_PASSING,  /* it breaks the beam */
    ES_PART_PASSED,   /* the beam is whole; it may be a hole in the part yet */
    ES_PART_WAITING,  /* for its picture */
    ES_PART_THINKING, /* about its picture */
    ES_PART_KNOWN     /* what it is; its gate is not planned yet */
};

struct es_part {
    uint32_t number, began, ended; /* ticks at which the beam was broken and whole again */
    uint32_t score;                /* in 1/65536 */
    uint8_t label, accepted;
    uint8_t doubt; /* ES_VERDICT_... for which it goes to reject whatever it is; 0: none */
    volatile uint8_t state;
};

/* The beam is broken, or whole again. From the eye's interrupt, or with interrupts locked. */
void es_parts_edge(int broken, uint32_t tick);
/* From now on nothing moves for the parts that are here. verdict: why. */
void es_parts_doubt(uint8_t verdict);
/* From the tick: tell the camera of parts that have passed, and judge those whose time has come. */
void es_parts_poll(void);

/* Whether a part waits for its picture. */
int es_part_waits(uint32_t number);
/* From the main loop: there is a picture of a part. Returns 0 when it is too late for that, or no part is known by it. */
int es_part_think(uint32_t number);
/* What the picture shows. score: in 1/65536. */
void es_part_known(uint32_t number, uint8_t label, uint32_t score, int accepted);

/* The middle of a part was in the beam at this tick. */
uint32_t es_part_middle(const struct es_part *part);

#endif
