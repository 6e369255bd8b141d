"""What a board says that sorts by itself (firmware/sorter), and what the camera on its serial line says to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from firmware_bridge.codes import Verdict
from firmware_bridge.wire import PIXELS26, TICK, U8, U16, U32, Command, Event


@dataclass(frozen=True)
class Pixels(Command, id=0x20):
    """Bring a piece of the picture of a part, from its first byte to its last, one picture after the other.

    Refused: UNKNOWN_PART, when no such part waits for a picture; BUSY, when two pictures are held already (begin again
    later); BAD_VALUE, when a piece is not the next one.
    """

    part: Annotated[int, U32, "the part, as expect has named it"]
    at: Annotated[int, U16, "the place of the first of these bytes in the picture; 0 begins a picture"]
    pixels: Annotated[bytes, PIXELS26, "rows from top to bottom, a byte for each channel; beyond the end 0"]


@dataclass(frozen=True)
class Expect(Event, id=0x68):
    """A part has passed the photo-eye: take its picture."""

    part: Annotated[int, U32, "the part's number, counted from 1"]
    at: Annotated[int, TICK, "when it is in the middle of the picture"]


@dataclass(frozen=True)
class Judged(Event, id=0x69):
    """What becomes of a part: one for each."""

    part: Annotated[int, U32, "the part's number"]
    label: Annotated[int, U8, "the label's number in the model; 255: it was not classified"]
    score: Annotated[int, U16, "of that label, in 1/65536; 65,535 stands for 1 as well"]
    verdict: Annotated[Verdict, U8, "why it goes where it goes"]
    gate: Annotated[int, U8, "the gate that opens; 255: none, the part rides on to reject"]
    opens: Annotated[int, TICK, "when it opens, or would have"]
