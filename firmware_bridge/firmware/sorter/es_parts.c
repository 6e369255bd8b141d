#include "es_parts.h"

#include "es_camera.h"
#include "es_judge.h"
#include "es_messages.h"
#include "es_port.h"
#include "es_queue.h"
#include "es_settings.h"

#define LONGEST_US 60000000u /* a beam that is broken for longer is a fault, and its ticks must not wrap */

static struct es_part parts[ES_PARTS];
static volatile uint8_t newest = ES_PARTS - 1u;
static volatile uint8_t oldest; /* that may still be here; only the tick moves it */
static uint32_t count, whole_at; /* how many have come; when the beam was last whole again */

static uint8_t after(uint8_t place) { return (uint8_t)((place + 1u) % ES_PARTS); }

uint32_t es_part_middle(const struct es_part *part) { return part->began + (part->ended - part->began) / 2u; }

static void begin(uint32_t tick) {
    struct es_part *last = &parts[newest];
    if (last->state == ES_PART_PASSED && tick - last->ended < ES_MIN_GAP_US) {
        last->state = ES_PART_PASSING; /* a hole or a gleam: it is the same part still */
        return;
    }
    struct es_part next = {.began = tick, .ended = tick, .state = ES_PART_PASSING};
    if (count && tick - whole_at < ES_FREE_US) last->doubt = next.doubt = ES_VERDICT_CROWDED;
    next.number = ++count;
    if (after(after(newest)) == oldest) { /* more than are kept */
        last->doubt = ES_VERDICT_CROWDED;
        es_judge(&next);
        return;
    }
    newest = after(newest);
    parts[newest] = next;
}

void es_parts_edge(int broken, uint32_t tick) {
    struct es_part *last = &parts[newest];
    if (broken) {
        begin(tick);
        return;
    }
    whole_at = tick;
    if (last->state != ES_PART_PASSING) return;
    last->ended = tick;
    last->state = ES_PART_PASSED;
}

void es_parts_doubt(uint8_t verdict) {
    uint32_t before = es_lock();
    for (uint8_t i = 0; i < ES_PARTS; i++) parts[i].doubt = verdict;
    es_unlock(before);
}

/* Interrupts are locked. Returns 1 when the camera is to hear of it. */
static int settle(struct es_part *part, uint32_t now) {
    if (part->state == ES_PART_PASSING && now - part->began > LONGEST_US) {
        part->began = now - LONGEST_US;
        part->doubt = ES_VERDICT_TOO_LONG;
    }
    if (part->state != ES_PART_PASSED || now - part->ended < ES_MIN_GAP_US) return 0;
    part->state = ES_PART_WAITING;
    return 1;
}

/* Interrupts are locked. Whether what becomes of it can be said now. */
static int is_due(const struct es_part *part, uint32_t now) {
    if (part->state == ES_PART_KNOWN) return part->doubt || now - part->ended >= ES_FREE_US;
    return part->state == ES_PART_WAITING && now - es_part_middle(part) > ES_LAST_US;
}

static void look_at(struct es_part *part) {
    uint32_t before = es_lock();
    uint32_t now = es_now();
    int passed = settle(part, now), due = is_due(part, now);
    es_unlock(before);
    if (passed) es_camera_expect(part->number, es_part_middle(part) + ES_EYE_TO_CAMERA_US);
    if (!due) return;
    es_judge(part);
    part->state = ES_PART_NONE;
}

void es_parts_poll(void) {
    uint8_t end = after(newest);
    if (parts[oldest].state == ES_PART_NONE && oldest != end) oldest = after(oldest);
    for (uint8_t place = oldest; place != end; place = after(place))
        if (parts[place].state != ES_PART_NONE) look_at(&parts[place]);
}

static struct es_part *find(uint32_t number) {
    for (uint8_t i = 0; i < ES_PARTS; i++)
        if (parts[i].number == number && parts[i].state != ES_PART_NONE) return &parts[i];
    return 0;
}

int es_part_waits(uint32_t number) {
    struct es_part *part = find(number);
    return part && part->state == ES_PART_WAITING;
}

int es_part_think(uint32_t number) {
    uint32_t before = es_lock();
    struct es_part *part = find(number);
    int right = part && part->state == ES_PART_WAITING;
    if (right) part->state = ES_PART_THINKING;
    es_unlock(before);
    return right;
}

void es_part_known(uint32_t number, uint8_t label, uint32_t score, int accepted) {
    uint32_t before = es_lock();
    struct es_part *part = find(number);
    part->label = label;
    part->score = score;
    part->accepted = (uint8_t)accepted;
    part->state = ES_PART_KNOWN;
    es_unlock(before);
}
