"""What the microcontroller says: the table's answers and events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from firmware_bridge.codes import Cause, Latch, Refusal, Reset, State, Status
from firmware_bridge.wire import I32, TEXT8, TICK, U8, U16, U32, US16, US32, Answer, Event


@dataclass(frozen=True)
class Identity(Answer, id=0x41):
    """The answer to hello. Its layout and hello's stay as they are in every version of the protocol."""

    protocol: Annotated[int, U16, "the version the device speaks"]
    status: Annotated[Status, U8, "OK; WRONG_VERSION: that of hello is another; or BUSY"]
    state: Annotated[State, U8, "GREETED when status is OK"]
    session: Annotated[int, U32, "the one of the hello that this answers"]
    firmware: Annotated[int, U16, "the firmware's version: 256 x major + minor"]
    gates: Annotated[int, U8, "how many gates it can have"]
    sensors: Annotated[int, U8, "how many sensors it can have"]
    encoders: Annotated[int, U8, "how many encoders it can have"]
    queue: Annotated[int, U8, "how many openings it can hold, of all gates together"]
    window: Annotated[int, U8, "how many commands may be on their way without an acknowledgement"]
    reset: Annotated[Reset, U8, "why it last started"]
    tick_rate: Annotated[int, U32, "ticks in a second: 1,000,000"]
    lead: Annotated[int, US16, "an opening that begins sooner than this from now is refused as past"]
    latch: Annotated[int, U16, "how many stops there have been since it started"]
    board: Annotated[str, TEXT8, "the board's name"]


@dataclass(frozen=True)
class Pong(Answer, id=0x42):
    """The answer to ping."""

    token: Annotated[int, U16, "the ping's"]
    received: Annotated[int, TICK, "when the last byte of the ping arrived"]
    sent: Annotated[int, TICK, "when the first byte of this answer left"]


@dataclass(frozen=True)
class Ack(Answer, id=0x43):
    """A command was taken in. The number is the command's, in the answer's contents and not in its frame."""

    number: Annotated[int, U8, "of the command"]
    status: Annotated[Status, U8, "OK: carried out; else refused, and nothing was changed"]
    state: Annotated[State, U8, "the device's state after it"]
    free: Annotated[int, U8, "openings there is room for"]


@dataclass(frozen=True)
class Nack(Answer, id=0x44):
    """A command was not taken in."""

    expected: Annotated[int, U8, "the number of the command it waits for"]
    refusal: Annotated[Refusal, U8, "why"]


@dataclass(frozen=True)
class DeviceStatus(Answer, id=0x45):
    """The answer to heartbeat."""

    tick: Annotated[int, TICK, "the device's time"]
    state: Annotated[State, U8, "the device's state"]
    reason: Annotated[Latch, U8, "why it is stopped; NONE when it is not"]
    latch: Annotated[int, U16, "how many stops there have been since it started"]
    free: Annotated[int, U8, "openings there is room for"]
    estop: Annotated[int, U8, "1: the emergency stop is pressed"]
    lost: Annotated[int, U16, "events there was no room for, since hello; stays at 65,535"]
    away: Annotated[int, U32, "bit n: gate n is away from rest"]


@dataclass(frozen=True)
class Stats(Answer, id=0x46):
    """The counters since the device started, each staying at its largest value."""

    good: Annotated[int, U32, "frames that were whole"]
    bad: Annotated[int, U32, "frames whose length or checksum was wrong"]
    again: Annotated[int, U16, "commands that came a second time"]
    gaps: Annotated[int, U16, "commands not taken in because one before them was missing"]
    overruns: Annotated[int, U16, "bytes that came faster than they were read"]
    lost: Annotated[int, U16, "events there was no room for, since hello"]
    longest_loop: Annotated[int, US32, "longest time between two passes of the main loop"]
    latest_move: Annotated[int, US32, "largest delay of a planned move behind its tick"]
    moves: Annotated[int, U32, "planned moves made"]


@dataclass(frozen=True)
class Boot(Answer, id=0x47):
    """Sent when the device starts and every second until it is greeted."""

    protocol: Annotated[int, U16, "the version the device speaks"]
    firmware: Annotated[int, U16, "the firmware's version: 256 x major + minor"]
    reset: Annotated[Reset, U8, "why it started"]
    tick: Annotated[int, TICK, "the device's time"]
    board: Annotated[str, TEXT8, "the board's name"]


@dataclass(frozen=True)
class Opened(Event, id=0x61):
    """A gate has left rest."""

    gate: Annotated[int, U8, "the gate's number"]
    part: Annotated[int, U32, "the opening's"]
    due: Annotated[int, TICK, "when it was planned"]
    tick: Annotated[int, TICK, "when the pin was set"]


@dataclass(frozen=True)
class Closed(Event, id=0x62):
    """A gate has come to rest."""

    gate: Annotated[int, U8, "the gate's number"]
    cause: Annotated[Cause, U8, "why"]
    part: Annotated[int, U32, "the opening's"]
    due: Annotated[int, TICK, "when it was planned"]
    tick: Annotated[int, TICK, "when the pin was set"]


@dataclass(frozen=True)
class Missed(Event, id=0x63):
    """An opening that was planned is not made."""

    gate: Annotated[int, U8, "the gate's number"]
    reason: Annotated[Status, U8, "LATE: it could not begin in time; TOO_SOON: the gate had not rested long enough"]
    part: Annotated[int, U32, "the opening's"]
    due: Annotated[int, TICK, "when it should have begun"]
    tick: Annotated[int, TICK, "when that was found"]


@dataclass(frozen=True)
class Latched(Event, id=0x64):
    """The device has stopped: every gate is at rest, and every opening without a closed is void."""

    reason: Annotated[Latch, U8, "why"]
    latch: Annotated[int, U16, "how many stops there have been since it started; arm must name it"]
    tick: Annotated[int, TICK, "when"]


@dataclass(frozen=True)
class Edge(Event, id=0x65):
    """A sensor's input has changed."""

    sensor: Annotated[int, U8, "the sensor's number"]
    level: Annotated[int, U8, "0 or 1: the level after it"]
    tick: Annotated[int, TICK, "when"]


@dataclass(frozen=True)
class Count(Event, id=0x66):
    """An encoder has counted on. The count is absolute, so one that is missing costs no distance."""

    encoder: Annotated[int, U8, "the encoder's number"]
    count: Annotated[int, I32, "counts since it was set; wraps at 32 bits"]
    tick: Annotated[int, TICK, "when this count was reached"]


@dataclass(frozen=True)
class Estop(Event, id=0x67):
    """The emergency stop's input has changed."""

    pressed: Annotated[int, U8, "1: pressed, 0: released; the device stays stopped all the same"]
    tick: Annotated[int, TICK, "when"]
