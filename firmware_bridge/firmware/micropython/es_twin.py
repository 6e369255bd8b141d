# The gate controller of firmware/core once more, in MicroPython, by the same protocol: to read, to change, to try.
#
# What it cannot promise: when. Moves are made in its main loop, so an edge is late by a pass, and when the garbage
# collector runs, by milliseconds more. It watches no emergency stop, no sensor and no encoder, and refuses to be set to
# any. For gates that must be punctual, or that can hurt, use the real firmware.
import struct

import es_messages as es
from es_gates import LEAD_US, MASK, Gates
from es_line import Reader, frame

GATES, ROOM, EVENTS, WINDOW = 6, 16, 40, 4


class Twin:
    """write(bytes) sends; pin_of(number) gives a Pin, or None for those there are not."""

    def __init__(self, write, pin_of, reset, now):
        self._write, self._pin_of, self._reset = write, pin_of, reset
        self._reader = Reader()
        self._events = []  # payloads as frames' ids and contents, until the host has them
        self._event_number, self._sent, self._sent_at = 1, 0, now
        self._gates, self._pins = Gates(self._tell, ROOM), {}
        self._state, self._reason, self._latch, self._lost = es.STATE_ALONE, es.LATCH_NONE, 0, 0
        self._session = self._heartbeat = self._beat_at = self._again = self._gaps = self._longest = 0
        self._expected, self._statuses, self._told_gap = 1, [], False
        self._polled_at = self._booted_at = now
        self._boot(now)

    # ---- what comes ----

    def feed(self, data, now):
        for id, number, payload in self._reader.feed(data):
            if number:
                self._command(id, number, payload, now)
            else:
                self._call(id, payload, now)

    def _call(self, id, payload, now):
        if id == es.HELLO and len(payload) == struct.calcsize(es.HELLO_FORM):
            self._hello(struct.unpack(es.HELLO_FORM, payload), now)
        elif id == es.PING and len(payload) == struct.calcsize(es.PING_FORM):
            self._answer(es.PONG, es.PONG_FORM, struct.unpack(es.PING_FORM, payload)[0], now, now)
        elif id == es.HEARTBEAT and len(payload) == 4 and self._state != es.STATE_ALONE:
            if struct.unpack(es.HEARTBEAT_FORM, payload)[0] == self._session:
                self._beat_at = now
                self._status(now)
        elif id == es.EVENT_ACK and len(payload) == 1:
            had = (payload[0] - self._event_number) % 255 + 1 if payload[0] else 0
            if 0 < had <= self._sent:
                self._events = self._events[had:]
                self._event_number = (self._event_number - 1 + had) % 255 + 1
                self._sent -= had

    def _hello(self, hello, now):
        protocol, session, _ = hello
        status = es.STATUS_OK if protocol == es.PROTOCOL else es.STATUS_WRONG_VERSION
        if status == es.STATUS_OK:
            self._gates.rest(es.CAUSE_REST, now)
            self._gates.gates, self._pins = {}, {}
            self._events, self._event_number, self._sent, self._lost = [], 1, 0, 0
            self._expected, self._statuses, self._told_gap = 1, [], False
            self._session, self._state, self._reason = session, es.STATE_GREETED, es.LATCH_NONE
        self._answer(
            es.IDENTITY, es.IDENTITY_FORM, es.PROTOCOL, status, self._state, session, 0x0100, GATES, 0, 0, ROOM, WINDOW,
            self._reset, 1000000, LEAD_US, self._latch, b"mpython",
        )  # fmt: skip

    def _command(self, id, number, payload, now):
        if self._state == es.STATE_ALONE:
            self._answer(es.NACK, es.NACK_FORM, self._expected, es.REFUSAL_NOT_GREETED)
        elif number == self._expected:
            status = self._run(id, payload, now)
            self._statuses = self._statuses[-(es.WINDOW - 1) :]
            self._statuses.append(status)
            self._expected, self._told_gap = number % 255 + 1, False
            self._ack(number, status)
        else:
            ago = (self._expected - number) % 255
            if ago <= len(self._statuses):
                self._again += 1
                self._ack(number, self._statuses[-ago])
                return
            self._gaps += 1
            if not self._told_gap:
                self._answer(es.NACK, es.NACK_FORM, self._expected, es.REFUSAL_GAP)
            self._told_gap = True

    def _run(self, id, payload, now):
        known = COMMANDS.get(id)
        if known is None:
            return es.STATUS_UNKNOWN_MESSAGE
        form, when, method = known
        if len(payload) != struct.calcsize(form):
            return es.STATUS_BAD_VALUE
        if when == AT_REST and self._state == es.STATE_ARMED:
            return es.STATUS_BUSY
        if when == ARMED and self._state != es.STATE_ARMED:
            return es.STATUS_LATCHED if self._state == es.STATE_LATCHED else es.STATUS_NOT_ARMED
        return method(self, struct.unpack(form, payload), now)

    def _set_gate(self, values, now):
        number, pin, resting, max_on, min_off, late = values
        found = self._pin_of(pin)
        if found is None or number >= GATES or resting > 1 or not max_on:
            return es.STATUS_BAD_VALUE
        if self._pins.get(number, pin) != pin or any(one == pin for two, one in self._pins.items() if two != number):
            return es.STATUS_BAD_VALUE  # one pin, one gate
        self._pins[number] = pin
        self._gates.set(number, found, resting, max_on, min_off, late, now)
        return es.STATUS_OK

    def _set_estop(self, values, now):
        return es.STATUS_OK if values[0] == es.NO_PIN else es.STATUS_BAD_VALUE

    def _set_input(self, values, now):
        return es.STATUS_BAD_VALUE

    def _arm(self, values, now):
        heartbeat, latch = values
        if not 1000 <= heartbeat <= 60000000:
            return es.STATUS_BAD_VALUE
        if latch != self._latch:
            return es.STATUS_WRONG_LATCH
        self._heartbeat, self._beat_at = heartbeat, now
        self._state, self._reason = es.STATE_ARMED, es.LATCH_NONE
        return es.STATUS_OK

    def _plan(self, values, now):
        return self._gates.plan(values[0], values[1], values[2], values[3], now)

    def _replan(self, values, now):
        return self._gates.replan(values[0], values[1], values[2], now)

    def _cancel(self, values, now):
        return self._gates.cancel(values[0])

    def _cancel_gate(self, values, now):
        return self._gates.cancel_gate(values[0])

    def _rest(self, values, now):
        self._gates.rest(es.CAUSE_REST, now)
        return es.STATUS_OK

    def _halt(self, values, now):
        if self._state != es.STATE_LATCHED:
            self._stop(es.LATCH_HOST, now)
        return es.STATUS_OK

    def _ask_stats(self, values, now):
        self._answer(
            es.STATS, es.STATS_FORM, self._reader.good, self._reader.bad, self._again & 0xFFFF, self._gaps & 0xFFFF, 0,
            self._lost, self._longest, self._gates.latest, self._gates.moves,
        )  # fmt: skip
        return es.STATUS_OK

    # ---- what goes on ----

    def poll(self, now):
        """In the main loop, as often as can be."""
        self._longest = max(self._longest, (now - self._polled_at) & MASK)
        self._polled_at = now
        if not self._gates.poll(now):
            self._stop(es.LATCH_OVERRUN, now)
        if self._state == es.STATE_ARMED and (now - self._beat_at) & MASK > self._heartbeat:
            self._stop(es.LATCH_HEARTBEAT, now)
        if self._state == es.STATE_ALONE and (now - self._booted_at) & MASK >= 1000000:
            self._boot(now)
        if self._sent and (now - self._sent_at) & MASK >= es.RETRY_US:
            self._sent = 0
        while self._sent < min(len(self._events), WINDOW):
            id, payload = self._events[self._sent]
            self._write(frame(id, (self._event_number - 1 + self._sent) % 255 + 1, payload))
            if not self._sent:
                self._sent_at = now
            self._sent += 1

    def _stop(self, reason, now):
        self._gates.rest(es.CAUSE_LATCHED, now)
        if self._state != es.STATE_ALONE:
            self._state, self._reason = es.STATE_LATCHED, reason
            self._latch = (self._latch + 1) & 0xFFFF
            self._tell(es.LATCHED, es.LATCHED_FORM, reason, self._latch, now)

    # ---- what is said ----

    def _answer(self, id, form, *values):
        self._write(frame(id, 0, struct.pack(form, *values)))

    def _tell(self, id, form, *values):
        if len(self._events) >= EVENTS:
            self._lost = min(self._lost + 1, 0xFFFF)
        else:
            self._events.append((id, struct.pack(form, *values)))

    def _ack(self, number, status):
        self._answer(es.ACK, es.ACK_FORM, number, status, self._state, self._gates.free)

    def _boot(self, now):
        self._answer(es.BOOT, es.BOOT_FORM, es.PROTOCOL, 0x0100, self._reset, now, b"mpython")
        self._booted_at = now

    def _status(self, now):
        away = sum(1 << number for number, gate in self._gates.gates.items() if gate.away)
        self._answer(
            es.DEVICE_STATUS, es.DEVICE_STATUS_FORM, now, self._state, self._reason, self._latch, self._gates.free, 0,
            self._lost, away,
        )  # fmt: skip


ANY, AT_REST, ARMED = range(3)
COMMANDS = {
    es.SET_GATE: (es.SET_GATE_FORM, AT_REST, Twin._set_gate),
    es.SET_ESTOP: (es.SET_ESTOP_FORM, AT_REST, Twin._set_estop),
    es.SET_SENSOR: (es.SET_SENSOR_FORM, AT_REST, Twin._set_input),
    es.SET_ENCODER: (es.SET_ENCODER_FORM, AT_REST, Twin._set_input),
    es.ARM: (es.ARM_FORM, ANY, Twin._arm),
    es.PLAN: (es.PLAN_FORM, ARMED, Twin._plan),
    es.REPLAN: (es.REPLAN_FORM, ARMED, Twin._replan),
    es.CANCEL: (es.CANCEL_FORM, ARMED, Twin._cancel),
    es.CANCEL_GATE: (es.CANCEL_GATE_FORM, ARMED, Twin._cancel_gate),
    es.REST: (es.REST_FORM, ANY, Twin._rest),
    es.HALT: (es.HALT_FORM, ANY, Twin._halt),
    es.ASK_STATS: (es.ASK_STATS_FORM, ANY, Twin._ask_stats),
}
