"""The camera of a board that sorts by itself, played by a program: at each part that the eye sees, the next picture."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.errors import GateError
from firmware_bridge.codes import Status, Verdict
from firmware_bridge.link import Link
from firmware_bridge.messages import Closed, Expect, Judged, Latched, Missed, Opened, Pixels
from firmware_bridge.session import Done
from firmware_bridge.wire import Event

PIECE = 26


@dataclass
class Fate:
    """What became of one part. expected, opened, closed: ticks of the board. missed: its opening was not made."""

    part: int
    picture: str
    expected: int
    judged: Judged | None = None
    opened: int | None = None
    closed: int | None = None
    missed: bool = False

    @property
    def over(self) -> bool:
        """Whether nothing more will happen to it."""
        if self.judged is None:
            return False
        return self.judged.verdict is not Verdict.SORTED or self.closed is not None or self.missed


class SorterCamera:
    """Pictures by name, one for each part. `fates` says what became of them. Call `step` often."""

    def __init__(self, link: Link, pictures: Iterable[tuple[str, NDArray[np.uint8]]]) -> None:
        """pictures: of the size the model takes, in the order in which parts pass the eye."""
        self._link = link
        self._pictures = deque((name, pixels.tobytes()) for name, pixels in pictures)
        self._to_send: deque[tuple[int, bytes]] = deque()
        self._sending: tuple[int, bytes] | None = None
        self._unanswered = 0
        self._busy = False
        self.fates: dict[int, Fate] = {}
        self.stops: list[Latched] = []

    @property
    def over(self) -> bool:
        """Whether every picture was sent, and nothing more will happen to any part."""
        return not self._pictures and all(fate.over for fate in self.fates.values())

    def step(self) -> None:
        """Take in what the board has said, and send what it waits for. Raises GateError when the board is lost."""
        for one in self._link.take():
            self._hear(one)
        if self._link.failure is not None:
            raise GateError(f"--port: {self._link.failure}; look at the board and its cable")
        if self._sending is None and self._to_send:
            self._send(*self._to_send.popleft())

    def _hear(self, one: Event | Done) -> None:
        match one:
            case Expect():
                self._expected(one)
            case Done(command=Pixels()):
                self._answered(one.status)
            case Judged() if one.part in self.fates:
                self.fates[one.part].judged = one
            case Opened() if one.part in self.fates:
                self.fates[one.part].opened = one.tick
            case Closed() if one.part in self.fates:
                self.fates[one.part].closed = one.tick
            case Missed() if one.part in self.fates:
                self.fates[one.part].missed = True
            case Latched():
                self._stopped(one)

    def _expected(self, event: Expect) -> None:
        if event.part in self.fates or not self._pictures:
            return
        name, pixels = self._pictures.popleft()
        self.fates[event.part] = Fate(event.part, name, event.at)
        self._to_send.append((event.part, pixels))

    def _send(self, part: int, pixels: bytes) -> None:
        pieces = [pixels[at : at + PIECE].ljust(PIECE, b"\0") for at in range(0, len(pixels), PIECE)]
        self._sending, self._unanswered, self._busy = (part, pixels), len(pieces), False
        for number, piece in enumerate(pieces):
            self._link.send(Pixels(part, number * PIECE, piece))

    def _answered(self, status: Status) -> None:
        self._unanswered -= 1
        self._busy |= status is Status.BUSY
        if self._unanswered:
            return
        if self._busy and self._sending is not None and self.fates[self._sending[0]].judged is None:
            self._to_send.appendleft(self._sending)
        self._sending = None

    def _stopped(self, event: Latched) -> None:
        """Every opening without a closed is void."""
        self.stops.append(event)
        for fate in self.fates.values():
            if fate.judged is not None and not fate.over:
                fate.missed = True


def feed(camera: SorterCamera, wait: Callable[[], None], tell: Callable[[Fate], None]) -> list[Fate]:
    """Send pictures until there are no more and nothing more will happen. Returns every part's fate, in order.

    wait: lets some milliseconds pass. tell: hears of each part when nothing more will happen to it. Raises GateError.
    """
    told: set[int] = set()
    while not camera.over:
        wait()
        camera.step()
        for part, fate in camera.fates.items():
            if fate.over and part not in told:
                told.add(part)
                tell(fate)
    return [camera.fates[part] for part in sorted(camera.fates)]
