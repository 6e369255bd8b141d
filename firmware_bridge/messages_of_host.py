"""What the host says: the table's calls and commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from firmware_bridge.codes import Pull
from firmware_bridge.wire import TEXT16, TICK, U8, U16, U32, US32, Call, Command


@dataclass(frozen=True)
class Hello(Call, id=0x01):
    """Begin: every gate goes to rest, what was planned and set is forgotten, numbering starts at 1 on both sides."""

    protocol: Annotated[int, U16, "the version the host speaks"]
    session: Annotated[int, U32, "drawn anew by the host for every hello; the device gives it back"]
    host: Annotated[str, TEXT16, "name and version of the host's program, for a person"]


@dataclass(frozen=True)
class Ping(Call, id=0x02):
    """Ask for the device's time. As long as its answer, so that the time on the wire is the same both ways."""

    token: Annotated[int, U16, "given back in the answer"]
    unused_1: Annotated[int, U32, "0"] = 0
    unused_2: Annotated[int, U32, "0"] = 0


@dataclass(frozen=True)
class Heartbeat(Call, id=0x03):
    """The sorter is alive. Nothing else counts as life. Answered with status."""

    session: Annotated[int, U32, "the one of hello; a heartbeat of another session is passed over"]


@dataclass(frozen=True)
class EventAck(Call, id=0x04):
    """Events up to this number have arrived."""

    number: Annotated[int, U8, "of the last event taken in without a gap"]


@dataclass(frozen=True)
class SetGate(Command, id=0x10):
    """Say where a gate is and what nothing may drive it beyond. The pin becomes an output at the resting level."""

    gate: Annotated[int, U8, "the gate's number, from 0"]
    pin: Annotated[int, U8, "the board's own number of the pin"]
    resting_level: Annotated[int, U8, "0 or 1: the pin's level at rest"]
    max_on: Annotated[int, US32, "longest time away from rest, 1 us to 600 s"]
    min_off: Annotated[int, US32, "shortest rest between two openings, at most 600 s"]
    late: Annotated[int, US32, "an opening that begins later than this is not made"]


@dataclass(frozen=True)
class SetEstop(Command, id=0x11):
    """Say which input tells that the emergency stop is pressed. The stop itself cuts the power by its own wires."""

    pin: Annotated[int, U8, "the board's number of the pin; 255: none"]
    pressed_level: Annotated[int, U8, "0 or 1: the level that means pressed"]
    pull: Annotated[Pull, U8, "the input's resistor"]


@dataclass(frozen=True)
class SetSensor(Command, id=0x12):
    """Say which input to tell of, such as a photo-eye."""

    sensor: Annotated[int, U8, "the sensor's number, from 0"]
    pin: Annotated[int, U8, "the board's number of the pin"]
    pull: Annotated[Pull, U8, "the input's resistor"]
    edges: Annotated[int, U8, "1: rising, 2: falling, 3: both"]
    quiet: Annotated[int, US32, "after an edge that is told of, others are passed over for so long (bouncing)"]


@dataclass(frozen=True)
class SetEncoder(Command, id=0x13):
    """Say which inputs to count. With two pins every edge of both counts, up or down; with one, rising edges."""

    encoder: Annotated[int, U8, "the encoder's number, from 0"]
    pin_a: Annotated[int, U8, "the board's number of the pin"]
    pin_b: Annotated[int, U8, "the second channel's pin; 255: none"]
    pull: Annotated[Pull, U8, "the inputs' resistor"]
    every: Annotated[int, U16, "tell of every so many counts, at least 1"]


@dataclass(frozen=True)
class Arm(Command, id=0x14):
    """Let gates move, at the start and after every stop. From now on heartbeats must come."""

    heartbeat: Annotated[int, US32, "longest silence between heartbeats, 1,000 to 60,000,000"]
    latch: Annotated[int, U16, "how many stops the host has seen, from identity, status or latched"]


@dataclass(frozen=True)
class Plan(Command, id=0x15):
    """Open a gate from one tick until another, for a part."""

    gate: Annotated[int, U8, "the gate's number"]
    opens: Annotated[int, TICK, "when it leaves rest"]
    closes: Annotated[int, TICK, "when it is at rest again"]
    part: Annotated[int, U32, "names the opening; not used by another one that is planned or under way"]


@dataclass(frozen=True)
class Replan(Command, id=0x16):
    """Move an opening. One under way only ends at another moment. Refused, it stays as it was."""

    part: Annotated[int, U32, "which opening"]
    opens: Annotated[int, TICK, "when it leaves rest; not looked at when it has already"]
    closes: Annotated[int, TICK, "when it is at rest again"]


@dataclass(frozen=True)
class Cancel(Command, id=0x17):
    """Forget an opening that has not begun."""

    part: Annotated[int, U32, "which opening"]


@dataclass(frozen=True)
class CancelGate(Command, id=0x18):
    """Forget every opening of a gate that has not begun; one under way goes on to its end."""

    gate: Annotated[int, U8, "the gate's number"]


@dataclass(frozen=True)
class Rest(Command, id=0x19):
    """Bring every gate to rest now and forget what was planned. The device stays armed."""


@dataclass(frozen=True)
class Halt(Command, id=0x1A):
    """Bring every gate to rest now and stop until armed again."""


@dataclass(frozen=True)
class AskStats(Command, id=0x1B):
    """Ask for the counters; stats comes before the acknowledgement."""
