"""Where the line and the browsers meet: what the line tells comes in here, what browsers ask goes out."""

from __future__ import annotations

import asyncio
import itertools
import pickle
import socket
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from edge.line_asked import AskedCommand, CommandAsked, LabelAsked, SlotFreed, Watchers
from edge.line_told import Answer, GivenUp, Labelled, LineFacts, PartTold, PictureTold, Told
from edge.line_view import LineBook, LineView
from edge.picture_slots import PictureSlots
from edge.web.jpegs import Jpeg
from edge.web.subscribers import Subscribers

PICTURES_KEPT = 10  # two seconds, for a browser on a slow network
COMMAND_WITHIN_S, LABEL_WITHIN_S = 3.0, 6.0
NO_ANSWER = "the line has not answered; see whether it still runs"
_MOST_MESSAGE_BYTES = 1 << 20
_MOST_AT_ONCE = 200
_RETRY_S = 0.05
_MOST_WAITING = 256
_CHANGES: Mapping[type[Told], tuple[str, ...]] = {
    PartTold: ("parts",),
    GivenUp: ("parts",),
    Labelled: ("parts",),
}


@dataclass(frozen=True)
class Shown:
    """A frame of the line with what was found in it."""

    told: PictureTold
    jpeg: Jpeg


class Hub:
    """Everything here happens in one thread, the event loop's."""

    def __init__(self, line: socket.socket, facts: LineFacts, slots: PictureSlots, now: Callable[[], float]) -> None:
        """line: the socket to the sorter's process. now: the machine clock."""
        self._line, self._slots, self._now = line, slots, now
        self.book = LineBook(facts)
        self.pictures: OrderedDict[int, Shown] = OrderedDict()
        self.subscribers = Subscribers(self._watchers_changed)
        self.line_ended = asyncio.Event()
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[str | None]] = {}
        self._outbox: deque[bytes] = deque(maxlen=_MOST_WAITING)
        line.setblocking(False)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Within the block what the line tells is heard."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._line.fileno(), self._hear)
        try:
            yield
        finally:
            loop.remove_reader(self._line.fileno())
            self.subscribers.close()

    def view(self) -> LineView:
        """Return the line as it is now."""
        return self.book.view(self._now())

    async def command(self, command: AskedCommand, by: str) -> str | None:
        """Ask the line for something, as a button would; return why it was not done."""
        number = next(self._numbers)
        asked = CommandAsked(ask=number, at=self._now(), command=command, by=by)
        return await self._ask(number, asked, COMMAND_WITHIN_S)

    async def label(self, part: int, label: str, by: str) -> str | None:
        """Have the line write down what a part was; return why that was not done."""
        number = next(self._numbers)
        return await self._ask(number, LabelAsked(ask=number, part=part, label=label, by=by), LABEL_WITHIN_S)

    async def _ask(self, number: int, asked: CommandAsked | LabelAsked, within_s: float) -> str | None:
        if len(self._asked) >= _MOST_WAITING:
            return "too much is asked of the line at once; try again in a moment"
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        try:
            if not self._send(asked.model_dump_json().encode()):
                return NO_ANSWER
            return await asyncio.wait_for(answer, within_s)
        except TimeoutError:
            return NO_ANSWER
        finally:
            self._asked.pop(number, None)

    def _hear(self) -> None:
        for _ in range(_MOST_AT_ONCE):
            try:
                message = self._line.recv(_MOST_MESSAGE_BYTES)
            except BlockingIOError:
                return
            except OSError:
                message = b""
            if not message:
                self._end()
                return
            self.hear(pickle.loads(message))

    def _end(self) -> None:
        """The line has ended: nobody answers any more what was asked of it."""
        self.line_ended.set()
        for waiting in self._asked.values():
            if not waiting.done():
                waiting.set_result(NO_ANSWER)

    def hear(self, told: Told) -> None:
        """Take in one thing that the line tells."""
        if isinstance(told, PictureTold):
            self._keep(told)
        elif isinstance(told, Answer):
            waiting = self._asked.get(told.ask)
            if waiting is not None and not waiting.done():
                waiting.set_result(told.problem)
        else:
            before = self.book.incidents
            self.book.hear(told)
            self.subscribers.changed(*_CHANGES.get(type(told), ("now",)))
            if self.book.incidents != before:
                self.subscribers.changed("incidents")

    def _keep(self, told: PictureTold) -> None:
        pixels = self._slots.read(told.slot, told.width, told.height)
        self._post(SlotFreed(slot=told.slot).model_dump_json().encode())
        self.pictures[told.number] = Shown(told, Jpeg(pixels))
        while len(self.pictures) > PICTURES_KEPT:
            self.pictures.popitem(last=False)
        self.subscribers.changed("picture")

    def _watchers_changed(self, count: int) -> None:
        self._post(Watchers(count=count).model_dump_json().encode())

    def _post(self, message: bytes) -> None:
        """Send what must not be lost: later, if there is no room now."""
        self._outbox.append(message)
        self._flush()

    def _flush(self) -> None:
        while self._outbox:
            if not self._send(self._outbox[0]):
                if not self.line_ended.is_set():
                    asyncio.get_running_loop().call_later(_RETRY_S, self._flush)
                return
            self._outbox.popleft()

    def _send(self, message: bytes) -> bool:
        with suppress(OSError):
            self._line.send(message)
            return True
        return False
