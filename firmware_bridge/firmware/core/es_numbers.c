/* Commands are carried out once and in order: docs/protocol.md, "Four kinds of messages". */
#include "es_link.h"
#include "es_port.h"
#include "es_queue.h"
#include "es_state.h"

static struct {
    uint8_t expected, told_gap; /* the number of the next command; whether the host knows that one is missing */
    uint8_t statuses[ES_WINDOW], done; /* of the last commands; how many, at most ES_WINDOW */
    uint8_t newest;                    /* where the last one is */
} numbers;

void es_commands_greet(void) {
    numbers.expected = 1;
    numbers.told_gap = numbers.done = 0;
}

static void acknowledge(uint8_t number, uint8_t status) {
    uint8_t payload[ES_ACK_SIZE];
    struct es_ack ack = {.number = number, .status = status, .state = core.state, .free = es_queue_free()};
    es_write_ack(payload, &ack);
    es_link_answer(ES_ACK, payload, ES_ACK_SIZE);
}

static void refuse(uint8_t refusal) {
    uint8_t payload[ES_NACK_SIZE];
    struct es_nack nack = {.expected = numbers.expected, .refusal = refusal};
    es_write_nack(payload, &nack);
    es_link_answer(ES_NACK, payload, ES_NACK_SIZE);
}

static void carry_out(const struct es_frame *frame) {
    uint8_t status = es_run(frame);
    numbers.newest = (uint8_t)((numbers.newest + 1u) % ES_WINDOW);
    numbers.statuses[numbers.newest] = status;
    if (numbers.done < ES_WINDOW) numbers.done++;
    numbers.expected = es_number_plus(numbers.expected, 1);
    numbers.told_gap = 0;
    acknowledge(frame->number, status);
}

void es_take_command(const struct es_frame *frame) {
    if (core.state == ES_STATE_ALONE) {
        refuse(ES_REFUSAL_NOT_GREETED);
        return;
    }
    if (frame->number == numbers.expected) {
        carry_out(frame);
        return;
    }
    uint8_t ago = es_number_distance(frame->number, numbers.expected); /* 1: the last one */
    if (ago <= numbers.done) {
        if (core.again < UINT16_MAX) core.again++;
        acknowledge(frame->number, numbers.statuses[(uint8_t)(numbers.newest + ES_WINDOW + 1u - ago) % ES_WINDOW]);
        return;
    }
    if (core.gaps < UINT16_MAX) core.gaps++;
    if (!numbers.told_gap) refuse(ES_REFUSAL_GAP);
    numbers.told_gap = 1;
}
