/* What the device knows of itself and its host, shared by the files that answer the host. */
#ifndef ES_STATE_H
#define ES_STATE_H

#include "es_frame.h"

struct es_state {
    volatile uint8_t state, reason;
    volatile uint16_t latch;
    uint8_t reset;
    uint32_t session;
    uint32_t heartbeat, beat_at;
    uint32_t booted_at;
    uint16_t again, gaps;
    uint32_t polled_at, longest_loop;
};

extern struct es_state core;

/* Bring every gate to rest and stop until armed again. From anywhere. reason: ES_LATCH_... */
void es_stop(uint8_t reason);
/* Let gates move. latch: how many stops are known of. Returns ES_STATUS_... */
uint8_t es_arm(uint32_t heartbeat, uint16_t latch);
uint16_t es_latch_count(void);

/* A message that is not numbered. ended: when its last byte arrived, if that is known. */
void es_take_call(const struct es_frame *frame, uint32_t ended, int known);
/* Answer a ping when the line is free. Returns 1 while it waits for that. */
int es_ping_waits(void);
void es_tell_boot(void);

/* A command. */
void es_take_command(const struct es_frame *frame);
/* Begin its numbers at 1. */
void es_commands_greet(void);
/* What a program does with its host, in es_commands.c or in another program's file: */
/* A host has said hello. */
void es_host_came(void);
/* Carry a command out. Returns ES_STATUS_... */
uint8_t es_run(const struct es_frame *frame);

#endif
