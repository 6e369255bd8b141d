#include "es_link.h"

#include "es_core.h"
#include "es_port.h"

#define RX_MASK (ES_RX_SIZE - 1u)
#define TX_MASK (ES_TX_SIZE - 1u)
#define EVENT_PAYLOAD 14u

struct event {
    uint8_t id, size;
    uint8_t payload[EVENT_PAYLOAD];
};
struct stamp {
    uint8_t at;
    uint32_t tick;
};

static volatile uint8_t rx[ES_RX_SIZE], tx[ES_TX_SIZE];
static volatile uint8_t rx_in, rx_out, tx_in, tx_out; /* positions in the rings; equal: empty */
static volatile struct stamp stamps[ES_STAMPS];
static volatile uint8_t stamp_in;
static uint8_t piece[ES_FRAME_STUFFED], piece_size;

static struct event events[ES_EVENTS];
static volatile uint8_t event_first, event_count; /* the oldest one's place, and how many */
static uint8_t event_number, event_sent, event_tried; /* the oldest one's number; how many went out, and ever did */
static uint32_t event_sent_at;
static struct es_link_stats stats;

uint8_t es_number_distance(uint8_t a, uint8_t b) { return (uint8_t)(b >= a ? b - a : b + (255 - a)); }

uint8_t es_number_plus(uint8_t number, uint8_t steps) {
    uint16_t sum = (uint16_t)(number + steps);
    return (uint8_t)(sum > 255 ? sum - 255 : sum);
}

struct es_link_stats es_link_stats(void) {
    uint32_t before = es_lock();
    struct es_link_stats copy = stats;
    es_unlock(before);
    return copy;
}

void es_received(uint8_t byte, uint32_t tick) {
    uint8_t next = (uint8_t)((rx_in + 1u) & RX_MASK);
    if (next == rx_out) {
        es_overrun();
        return;
    }
    rx[rx_in] = byte;
    if (byte == 0) {
        volatile struct stamp *stamp = &stamps[stamp_in];
        stamp->at = rx_in;
        stamp->tick = tick;
        stamp_in = (uint8_t)((stamp_in + 1u) % ES_STAMPS);
    }
    rx_in = next;
}

uint16_t es_rx_room(void) { return (uint16_t)((rx_out - rx_in - 1u) & RX_MASK); }

void es_overrun(void) {
    if (stats.overruns < UINT16_MAX) stats.overruns++;
}

/* Look for the moment of a zero, the newest first: an older one in the same place belongs to the lap before. */
static int find_stamp(uint8_t at, uint32_t *tick) {
    uint32_t before = es_lock();
    int found = 0;
    for (uint8_t i = 1; i <= ES_STAMPS && !found; i++) {
        volatile struct stamp *stamp = &stamps[(uint8_t)(stamp_in + ES_STAMPS - i) % ES_STAMPS];
        found = stamp->at == at;
        *tick = stamp->tick;
    }
    es_unlock(before);
    return found;
}

int es_link_take(struct es_frame *frame, uint32_t *ended, int *known) {
    while (rx_out != rx_in) {
        uint8_t at = rx_out, byte = rx[at];
        *known = byte == 0 && find_stamp(at, ended);
        rx_out = (uint8_t)((at + 1u) & RX_MASK);
        if (byte) {
            if (piece_size < ES_FRAME_STUFFED) piece[piece_size] = byte;
            if (piece_size <= ES_FRAME_STUFFED) piece_size++;
            continue;
        }
        uint8_t size = piece_size;
        piece_size = 0;
        if (size == 0) continue;
        if (es_frame_read(piece, size, frame)) {
            stats.good++;
            return 1;
        }
        stats.bad++;
    }
    return 0;
}

/* Returns 1 when the frame is on its way, 0 when there is no room for all of it. */
static int send(uint8_t id, uint8_t number, const uint8_t *payload, uint8_t size) {
    struct es_frame frame = {.id = id, .number = number, .size = size};
    uint8_t line[ES_FRAME_LINE];
    for (uint8_t i = 0; i < size; i++) frame.payload[i] = payload[i];
    uint8_t length = es_frame_write(&frame, line);
    uint8_t used = (uint8_t)((tx_in - tx_out) & TX_MASK);
    if (TX_MASK - used < length) return 0;
    uint8_t in = tx_in;
    for (uint8_t i = 0; i < length; i++, in = (uint8_t)((in + 1u) & TX_MASK)) tx[in] = line[i];
    tx_in = in;
    es_uart_kick();
    return 1;
}

int es_tx_next(void) {
    if (tx_out == tx_in) return -1;
    uint8_t byte = tx[tx_out];
    tx_out = (uint8_t)((tx_out + 1u) & TX_MASK);
    return byte;
}

int es_link_idle(void) { return tx_out == tx_in && es_uart_idle(); }

void es_link_answer(uint8_t id, const uint8_t *payload, uint8_t size) { send(id, 0, payload, size); }

void es_link_greet(void) {
    uint32_t before = es_lock();
    event_count = 0;
    stats.lost = 0;
    es_unlock(before);
    event_number = 1;
    event_sent = event_tried = 0;
}

int es_link_busy(void) { return event_count >= ES_EVENTS / 2u; }

void es_link_event(uint8_t id, const uint8_t *payload, uint8_t size) {
    if (event_count == ES_EVENTS) {
        if (stats.lost < UINT16_MAX) stats.lost++;
        return;
    }
    struct event *event = &events[(uint16_t)(event_first + event_count) % ES_EVENTS];
    event->id = id;
    event->size = size;
    for (uint8_t i = 0; i < size; i++) event->payload[i] = payload[i];
    event_count++;
}

void es_link_acknowledged(uint8_t number) {
    if (number == 0) return;
    uint8_t had = es_number_distance(event_number, number);
    if (had >= event_tried) return; /* of one that was never sent, or that is acknowledged already */
    had++;
    uint32_t before = es_lock();
    event_first = (uint8_t)((uint16_t)(event_first + had) % ES_EVENTS);
    event_count = (uint8_t)(event_count - had);
    es_unlock(before);
    event_number = es_number_plus(event_number, had);
    event_tried = (uint8_t)(event_tried - had);
    event_sent = (uint8_t)(event_sent > had ? event_sent - had : 0);
    event_sent_at = es_now();
}

void es_link_poll(uint32_t now) {
    if (event_sent && now - event_sent_at >= ES_RETRY_US) event_sent = 0;
    while (event_sent < event_count && event_sent < ES_WINDOW_OF_BOARD) {
        struct event *event = &events[(uint16_t)(event_first + event_sent) % ES_EVENTS];
        if (!send(event->id, es_number_plus(event_number, event_sent), event->payload, event->size)) break;
        if (event_sent == 0) event_sent_at = now;
        event_sent++;
        if (event_tried < event_sent) event_tried = event_sent;
    }
}
