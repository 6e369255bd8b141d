# Gates and their openings. Moves are made when `poll` sees that they are due: as late as what else the program does.
import es_messages as es

MASK = 0xFFFFFFFF


def after(a, b):
    """a - b in ticks of 32 bits, from -2**31 on."""
    return ((a - b + 0x80000000) & MASK) - 0x80000000


class Gate:
    def __init__(self, pin, resting, max_on, min_off, late, now):
        self.pin, self.resting, self.max_on, self.min_off, self.late = pin, resting, max_on, min_off, late
        self.away = None  # (part, opens, closes, opened)
        self.rested_from = (now + min_off) & MASK
        self.resting_yet = True
        pin.init(pin.OUT, value=resting)


class Gates:
    """tell(id, form, *values) takes an event."""

    def __init__(self, tell, room):
        self.tell, self.room = tell, room
        self.gates = {}
        self.planned = []  # (opens, closes, gate number, part), unordered: there are few
        self.moves = self.latest = 0

    @property
    def free(self):
        return self.room - len(self.planned) - sum(1 for gate in self.gates.values() if gate.away)

    def set(self, number, pin, resting, max_on, min_off, late, now):
        self.gates[number] = Gate(pin, resting, max_on, min_off, late, now)

    def check(self, number, opens, closes, now):
        gate = self.gates.get(number)
        if gate is None:
            return es.STATUS_UNKNOWN_GATE
        if after(closes, opens) <= 0:
            return es.STATUS_BACKWARDS
        if after(opens, now) < LEAD_US:
            return es.STATUS_PAST
        if after(opens, now) > es.FURTHEST_US or not 0 <= after(closes, now) <= es.FURTHEST_US:
            return es.STATUS_TOO_FAR
        if after(closes, opens) > gate.max_on:
            return es.STATUS_TOO_LONG
        others = [(one[0], one[1]) for one in self.planned if one[2] == number]
        if gate.away:
            others.append((gate.away[1], gate.away[2]))
        for begins, ends in others:
            if after(opens, ends) < 0 and after(begins, closes) < 0:
                return es.STATUS_OVERLAPPING
            if max(after(opens, ends), after(begins, closes)) < gate.min_off:
                return es.STATUS_TOO_SOON
        return es.STATUS_TOO_SOON if gate.resting_yet and after(opens, gate.rested_from) < 0 else es.STATUS_OK

    def plan(self, number, opens, closes, part, now):
        if any(one[3] == part for one in self.planned):
            return es.STATUS_DOUBLE_PART
        status = self.check(number, opens, closes, now)
        if status == es.STATUS_OK and self.free <= 0:
            return es.STATUS_QUEUE_FULL
        if status == es.STATUS_OK:
            self.planned.append((opens, closes, number, part))
        return status

    def replan(self, part, opens, closes, now):
        for one in self.planned:
            if one[3] == part:
                self.planned.remove(one)
                status = self.check(one[2], opens, closes, now)
                self.planned.append((opens, closes, one[2], part) if status == es.STATUS_OK else one)
                return status
        for number, gate in self.gates.items():
            if gate.away and gate.away[0] == part:
                return self._end_at(gate, number, now if after(closes, now) < 0 else closes)
        return es.STATUS_UNKNOWN_PART

    def _end_at(self, gate, number, closes):
        part, opens, _, opened = gate.away
        if after(closes, opened) > gate.max_on:
            return es.STATUS_TOO_LONG
        for begins, _, other, _ in self.planned:
            if other == number and after(begins, closes) < gate.min_off:
                return es.STATUS_TOO_SOON
        gate.away = (part, opens, closes, opened)
        return es.STATUS_OK

    def cancel(self, part):
        for one in self.planned:
            if one[3] == part:
                self.planned.remove(one)
                return es.STATUS_OK
        return es.STATUS_UNKNOWN_PART

    def cancel_gate(self, number):
        self.planned = [one for one in self.planned if one[2] != number]
        return es.STATUS_OK if number in self.gates else es.STATUS_UNKNOWN_GATE

    def rest(self, cause, now):
        """Every gate at rest now; nothing is planned any more."""
        self.planned = []
        for number, gate in self.gates.items():
            if gate.away:
                self._close(number, gate, cause, now)

    def poll(self, now):
        """Make what is due. Returns False when a gate was away for longer than it may be."""
        right = True
        for number, gate in self.gates.items():
            if gate.away and after(now, gate.away[2]) >= 0:
                right = right and after(now, gate.away[3]) <= gate.max_on + 1000 * OVERRUN_MS
                self._close(number, gate, es.CAUSE_PLANNED, now)
            elif gate.resting_yet and not gate.away and after(now, gate.rested_from) >= 0:
                gate.resting_yet = False
        for one in [one for one in self.planned if after(now, one[0]) >= 0]:
            self.planned.remove(one)
            self._open(one, now)
        return right

    def _open(self, one, now):
        opens, closes, number, part = one
        gate = self.gates[number]
        late = after(now, opens) > gate.late or after(closes, now) <= 0
        if late or gate.away or (gate.resting_yet and after(now, gate.rested_from) < -100):
            reason = es.STATUS_LATE if late else es.STATUS_TOO_SOON
            self.tell(es.MISSED, es.MISSED_FORM, number, reason, part, opens, now)
            return
        gate.pin.value(1 - gate.resting)
        gate.away = (part, opens, closes, now)
        self._count(opens, now)
        self.tell(es.OPENED, es.OPENED_FORM, number, part, opens, now)

    def _close(self, number, gate, cause, now):
        gate.pin.value(gate.resting)
        part, _, closes, _ = gate.away
        gate.away = None
        gate.rested_from, gate.resting_yet = (now + gate.min_off) & MASK, True
        if cause == es.CAUSE_PLANNED:
            self._count(closes, now)
        self.tell(es.CLOSED, es.CLOSED_FORM, number, cause, part, closes, now)

    def _count(self, due, now):
        self.moves += 1
        self.latest = max(self.latest, after(now, due))


LEAD_US = 5000  # a pass of the main loop and a pause of the garbage collector
OVERRUN_MS = 20
