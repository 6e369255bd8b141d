"""The codes and the figures of the protocol. docs/protocol.md and the C header are made from them."""

from __future__ import annotations

from enum import IntEnum

PROTOCOL = 1
MOST_PAYLOAD = 32  # bytes; hello and identity fill it, so a device needs no larger buffer
WINDOW = 8  # commands, or events, on their way without an acknowledgement
RETRY_US = 50_000
FURTHEST_US = 1_800_000_000  # 30 minutes: a tick further ahead is refused, half the counter's range is 35.8
NO_PIN = 255
CRC_START = 0xFFFF


class State(IntEnum):
    """What the device is ready for."""

    ALONE = 0  # no host has greeted it since it started: it answers hello and ping
    GREETED = 1  # a host has: gates, sensors and encoders can be set; nothing moves
    ARMED = 2  # gates move as planned, while heartbeats come
    LATCHED = 3  # stopped: every gate at rest, nothing planned, until it is armed again


class Status(IntEnum):
    """What became of a command, or of an opening."""

    OK = 0  # carried out
    PAST = 1  # the opening begins in the past, or so soon that it could not be kept
    OVERLAPPING = 2  # another opening of the gate lies in the same time
    TOO_LONG = 3  # it is longer than the gate's longest time away from rest
    TOO_SOON = 4  # the gate would rest for less than its shortest rest, before it or after it
    UNKNOWN_GATE = 5  # no gate of this number is set
    LATCHED = 6  # the device is stopped and must be armed first
    NOT_ARMED = 7  # it was not armed since it was greeted
    QUEUE_FULL = 8  # no room now; send it again when openings have been made
    TOO_FAR = 9  # more than 30 minutes ahead
    BACKWARDS = 10  # the opening ends before it begins
    UNKNOWN_PART = 11  # no opening for this part is planned or under way; no such part waits for a picture
    DOUBLE_PART = 12  # an opening for this part is planned already
    BAD_VALUE = 13  # a pin, a level or a number this device does not have
    BUSY = 14  # not while it is armed, or while what it would fill is in use; hello: another line's host has it armed
    WRONG_LATCH = 15  # another stop has happened since the one that the host has seen
    ESTOP = 16  # the emergency stop is pressed
    WRONG_VERSION = 17  # the host speaks another protocol
    UNKNOWN_MESSAGE = 18  # no command of this number
    LATE = 19  # the opening could not begin in time, so it was not made


class Latch(IntEnum):
    """Why the device has stopped."""

    NONE = 0  # it is not stopped
    HEARTBEAT = 1  # the host has been silent
    ESTOP = 2  # the emergency stop was pressed
    HOST = 3  # the host said so
    OVERRUN = 4  # a gate was away from rest longer than it may be: the program was kept from closing it


class Reset(IntEnum):
    """Why the device has started."""

    UNKNOWN = 0  # the board cannot tell
    POWER = 1  # power was applied
    BUTTON = 2  # its reset or run pin
    WATCHDOG = 3  # its program hung, and the watchdog ended it
    SOFTWARE = 4  # its program, or a debugger, started it again
    BROWNOUT = 5  # its supply was too low for a moment


class Cause(IntEnum):
    """Why a gate came to rest."""

    PLANNED = 0  # its time was over
    REST = 1  # the host said so
    LATCHED = 2  # the device stopped


class Pull(IntEnum):
    """The resistor of an input."""

    NONE = 0  # open: something outside holds it
    UP = 1  # to the supply
    DOWN = 2  # to ground


class Refusal(IntEnum):
    """Why a command was not taken: its number does not count as used."""

    GAP = 0  # one before it is missing: send again from `expected` on
    NOT_GREETED = 1  # the device has started since, or never heard hello


class Verdict(IntEnum):
    """Why a part goes where it goes, on a board that sorts by itself."""

    SORTED = 0  # a gate opens for it
    BELOW_THRESHOLD = 1  # the score is below the label's threshold
    NO_BIN = 2  # no gate takes this label
    CROWDED = 3  # another part is so near that a gate would act on both
    TOO_LONG = 4  # longer than any of its gates acts for
    LATE = 5  # known too late for its gates
    GATE_RESTING = 6  # each of its gates must rest, or has no room for more
    NOT_ARMED = 7  # nothing moves now: not started yet, or stopped
    UNCLASSIFIED = 8  # no picture of it came in time


CODES: tuple[type[IntEnum], ...] = (State, Status, Latch, Reset, Cause, Pull, Refusal, Verdict)
