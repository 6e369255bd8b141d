#include "es_sorter.h"

#include "es_camera.h"
#include "es_core.h"
#include "es_gates.h"
#include "es_inputs.h"
#include "es_link.h"
#include "es_parts.h"
#include "es_port.h"
#include "es_settings.h"
#include "es_state.h"

#define EYE 0u
#define START 1u
#define BOTH_EDGES 3u
#define NEVER UINT32_MAX /* there is no host whose silence would matter */
#define BOUNCE_US 30000u

static volatile uint32_t turned_at; /* when the main loop last came round */
static volatile uint8_t wanted;     /* somebody wants gates to move */
static uint8_t set;                 /* inputs are; what they tell before is how they were found */

/* ---- at the start ---- */

static void set_gates(void) {
    for (uint8_t i = 0; i < ES_GATES_SET; i++) {
        const struct es_gate_setting *from = &es_gate_settings[i];
        struct es_set_gate set = {.gate = i, .pin = from->pin, .resting_level = from->resting_level,
                                  .max_on = from->max_on, .min_off = from->min_off, .late = from->late};
        es_gate_set(&set);
    }
}

static void set_sensor(uint8_t number, uint8_t pin, uint8_t level, uint32_t quiet) {
    struct es_set_sensor set = {.sensor = number, .pin = pin, .edges = BOTH_EDGES, .quiet = quiet,
                                .pull = level ? ES_PULL_DOWN : ES_PULL_UP};
    if (pin != ES_NO_PIN) es_sensor_set(&set);
}

static void set_estop(void) {
    struct es_set_estop set = {.pin = ES_ESTOP_PIN, .pressed_level = ES_ESTOP_PRESSED,
                               .pull = ES_ESTOP_PRESSED ? ES_PULL_UP : ES_PULL_DOWN};
    es_estop_set(&set);
}

void es_sorter_start(uint8_t reset) {
    es_start(reset);
    core.state = ES_STATE_GREETED; /* by itself: nothing of what moves is a host's to say */
    es_link_greet();
    set_gates();
    set_estop();
    set_sensor(EYE, ES_EYE_PIN, ES_EYE_BROKEN, 0);
    set_sensor(START, ES_START_PIN, ES_START_PRESSED, BOUNCE_US);
    wanted = ES_START_PIN == ES_NO_PIN && (reset == ES_RESET_POWER || reset == ES_RESET_BUTTON);
    if (es_pin_read(ES_EYE_PIN) == ES_EYE_BROKEN) es_parts_edge(1, es_now());
    es_parts_doubt(ES_VERDICT_NOT_ARMED);
    turned_at = es_now();
    set = 1;
}

/* ---- what comes from outside ---- */

void es_sensor_edge(uint8_t number, uint8_t level, uint32_t tick) {
    if (!set) return;
    if (number == EYE) {
        es_parts_edge(level == ES_EYE_BROKEN, tick);
    } else if (level == ES_START_PRESSED) {
        wanted = 1;
    }
}

/* A camera, or somebody who looks on, has said hello: gates, parts and what is planned are no business of theirs. */
void es_host_came(void) {}

uint8_t es_run(const struct es_frame *frame) { return es_camera_command(frame); }

/* ---- what goes on ---- */

void es_sorter_tick(void) {
    es_poll();
    if (wanted && core.state != ES_STATE_ARMED && es_arm(NEVER, es_latch_count()) == ES_STATUS_OK)
        es_parts_doubt(ES_VERDICT_NOT_ARMED); /* the belt has gone on, or has stood, meanwhile */
    wanted = 0; /* whether it could or not: nobody expects a machine to start later by itself */
    es_parts_poll();
}

int es_sorter_think(void) {
    uint32_t number;
    turned_at = es_now();
    const uint8_t *pixels = es_camera_next(&number);
    if (!pixels) return 0;
    if (!es_part_think(number)) return 1;
    ES_ANSWER answer = ES_CLASSIFY(pixels);
    es_part_known(number, (uint8_t)answer.label, answer.score, answer.accepted);
    return 1;
}

int es_sorter_healthy(void) { return es_healthy() && es_now() - turned_at < ES_THINK_US; }
