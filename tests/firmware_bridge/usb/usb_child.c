/* Endpoint 0 of the RP2040's USB on this computer: events come in, one a line, and what it does about each goes out.
 *
 *   S 16 hex digits   a setup packet        D   what was sent has been fetched
 *   R hex digits      a packet has come     B   the bus was reset
 *
 * Packets are given in blocks of exactly their size, so that the sanitizers see a byte read beyond them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "usb_control.h"

static void hex(const uint8_t *data, uint8_t size) {
    for (uint8_t i = 0; i < size; i++) printf("%02x", data[i]);
}

void usb_send(const uint8_t *data, uint8_t size) {
    printf("send ");
    hex(data, size);
    printf(";");
}
void usb_expect(void) { printf("expect;"); }
void usb_stall(void) { printf("stall;"); }
void usb_address(uint8_t address) { printf("address %u;", address); }
void usb_configure(uint8_t on) { printf("configure %u;", on); }
void usb_halt(uint8_t endpoint, uint8_t on) { printf("halt %u %u;", endpoint, on); }
void usb_listen(uint8_t on) { printf("listen %u;", on); }

static uint8_t *read_hex(const char *text, uint8_t *size) {
    size_t length = strlen(text) / 2;
    uint8_t *bytes = malloc(length ? length : 1);
    for (size_t i = 0; i < length; i++) {
        unsigned one = 0;
        if (sscanf(text + 2 * i, "%2x", &one) != 1) exit(2);
        bytes[i] = (uint8_t)one;
    }
    *size = (uint8_t)length;
    return bytes;
}

static void act(char kind, const char *text) {
    uint8_t size = 0, *bytes = read_hex(text, &size);
    if (kind == 'S' && size == 8) usb_control_setup(bytes);
    if (kind == 'D') usb_control_sent();
    if (kind == 'R') usb_control_received(bytes, size);
    if (kind == 'B') usb_control_reset();
    free(bytes);
}

int main(void) {
    char line[512];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        act(line[0], line[0] && line[1] ? line + 2 : "");
        printf("\n");
        fflush(stdout);
    }
    return 0;
}
