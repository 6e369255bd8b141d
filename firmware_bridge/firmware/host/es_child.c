/* The core driven by a test through pipes, a line for each step. Answers with lines of what happened, then ".".
 *
 *   start RESET TICK CHAOS | pass US STEP | stall US | skip US | receive HEX | bytes HEX | drive PIN LEVEL
 *   surprise PIN LEVEL LOCKS
 *   w TICK PIN LEVEL: an output was set | b HEX: bytes were sent
 */
#include <stdio.h>
#include <string.h>

#include "es_core.h"
#include "es_host.h"

static void tell_write(uint8_t pin, uint8_t level) { printf("w %u %u %u\n", (unsigned)host_tick, pin, level); }

static void only_bytes(const uint8_t *bytes, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) es_received(bytes[i], host_tick);
}

static void receive(const char *hex, void (*take)(const uint8_t *bytes, uint32_t count)) {
    uint8_t bytes[4096];
    uint32_t count = 0;
    unsigned byte;
    for (; count < sizeof bytes && sscanf(hex, "%2x", &byte) == 1; hex += 2) bytes[count++] = (uint8_t)byte;
    take(bytes, count);
}

static void tell_sent(void) {
    const uint8_t *bytes;
    uint32_t count = host_sent(&bytes);
    if (count) printf("b ");
    for (uint32_t i = 0; i < count; i++) printf("%02x", bytes[i]);
    if (count) printf("\n");
}

int main(void) {
    static char line[9000];
    unsigned a, b, c;
    host_on_write = tell_write;
    while (fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "start %u %u %u", &a, &b, &c) == 3) {
            host_tick = b;
            host_chaos = c;
            es_start((uint8_t)a);
        } else if (sscanf(line, "pass %u %u", &a, &b) == 2) {
            host_pass(a, b);
        } else if (sscanf(line, "stall %u", &a) == 1) {
            host_tick += a;
            host_pass(0, 1);
        } else if (sscanf(line, "skip %u", &a) == 1) {
            host_tick += a;
        } else if (!strncmp(line, "receive ", 8)) {
            receive(line + 8, host_receive);
        } else if (!strncmp(line, "bytes ", 6)) {
            receive(line + 6, only_bytes);
        } else if (sscanf(line, "drive %u %u", &a, &b) == 2) {
            host_drive((uint8_t)a, (uint8_t)b);
        } else if (sscanf(line, "surprise %u %u %u", &a, &b, &c) == 3) {
            host_surprise((uint8_t)a, (uint8_t)b, c);
        }
        tell_sent();
        printf(". %u\n", (unsigned)host_tick);
        fflush(stdout);
    }
    return 0;
}
