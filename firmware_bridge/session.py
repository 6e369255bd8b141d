"""The host's side of the protocol on one link: numbers, acknowledgements, repetitions, the order of events.

Nothing here reads a clock, waits or writes: bytes and moments come in, bytes and messages go out. So every rule of
docs/protocol.md is tested without a port, and a thread, a test and an emulated line drive it alike.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from edge.errors import EdgeSortError
from firmware_bridge.codec import Decoder, encode, next_number
from firmware_bridge.codes import RETRY_US, WINDOW, Refusal, Status
from firmware_bridge.handshake import check_version
from firmware_bridge.messages import Ack, Boot, DeviceStatus, EventAck, Heartbeat, Hello, Identity, Nack, Ping, Pong
from firmware_bridge.wire import Command, Event, Message, ProtocolError

RETRY_S = RETRY_US / 1e6
MOST_TRIES = 10
PING_LOST_S = 1.0  # after which another one may go


class LinkLost(EdgeSortError):
    """The board no longer answers, or has started anew: nothing that was planned holds."""


@dataclass(frozen=True)
class Done:
    """What became of a command. free: openings the device now has room for."""

    command: Command
    status: Status
    free: int


@dataclass(frozen=True)
class TimeMark:
    """An answered ping: the device read its counter at `received` and `sent`, between two moments of the host."""

    asked_at: float
    received: int
    sent: int
    heard_at: float


Heard = Done | TimeMark | Event | DeviceStatus | Identity | Message


@dataclass
class _Pending:
    number: int
    command: Command
    sent_at: float
    tries: int = 0


class Session:
    """One greeting and what follows. A board that starts anew, or another greeting, needs another session."""

    def __init__(self, hello: Hello) -> None:
        """hello: with a session number that was not used before."""
        self.hello = hello
        self.identity: Identity | None = None
        self.boots: list[Boot] = []
        self._decoder = Decoder()
        self._waiting: deque[Command] = deque()
        self._under_way: deque[_Pending] = deque()
        self._number = self._events = 0
        self._window = WINDOW
        self._owed: int | None = None
        self._ping: tuple[int, float] | None = None
        self._token = 0
        self._out = bytearray()

    @property
    def bad_frames(self) -> int:
        """How much of what came was no frame."""
        return self._decoder.bad

    @property
    def pinged_at(self) -> float | None:
        """When the ping left that has no answer yet."""
        return self._ping[1] if self._ping is not None else None

    @property
    def idle(self) -> bool:
        """Whether every command has been answered."""
        return not self._waiting and not self._under_way

    def greet(self) -> None:
        """Send hello, or send it again."""
        self._out += encode(self.hello)

    def send(self, command: Command) -> None:
        """Have a command carried out, once and after all before it."""
        self._waiting.append(command)

    def heartbeat(self) -> None:
        """Say that the sorter is alive."""
        self._out += encode(Heartbeat(self.hello.session))

    def ping(self, now: float) -> None:
        """Ask for the device's time, unless the last question is still open. To be written at once."""
        if self._ping is not None and now - self._ping[1] < PING_LOST_S:
            return
        self._token = (self._token + 1) % 65536
        self._ping = (self._token, now)
        self._out += encode(Ping(self._token))

    def to_write(self, now: float) -> bytes:
        """Return what is to be written now. Raises LinkLost when the device leaves a command unanswered."""
        if self._owed is not None:
            self._out += encode(EventAck(self._owed))
            self._owed = None
        if self._under_way and now - self._under_way[0].sent_at >= RETRY_S:
            self._again(now)
        while self.identity is not None and self._waiting and len(self._under_way) < self._window:
            self._number = next_number(self._number)
            pending = _Pending(self._number, self._waiting.popleft(), now)
            self._under_way.append(pending)
            self._out += encode(pending.command, pending.number)
        data = bytes(self._out)
        self._out.clear()
        return data

    def take(self, data: bytes, now: float) -> list[Heard]:
        """Take in bytes that have come, and return what they say, events once and in order.

        Raises LinkLost when the device has started anew, ProtocolError when it speaks another version.
        """
        heard: list[Heard] = []
        for frame in self._decoder.feed(data):
            if isinstance(frame.message, Event):
                heard += self._event(frame.message, frame.number)
            else:
                heard += self._answer(frame.message, now)
        return heard

    def _answer(self, message: Message, now: float) -> list[Heard]:
        match message:
            case Identity():
                return self._identified(message)
            case Boot():
                self._booted(message)
            case Pong(token=token) if self._ping is not None and token == self._ping[0]:
                asked_at, self._ping = self._ping[1], None
                return [TimeMark(asked_at, message.received, message.sent, now)]
            case Ack():
                return self._acknowledged(message)
            case Nack():
                self._refused(message, now)
            case _ if self.identity is not None:
                return [message]
        return []

    def _identified(self, identity: Identity) -> list[Heard]:
        if identity.session != self.hello.session or self.identity is not None:
            return []
        check_version(identity)
        if identity.status is Status.BUSY:
            raise ProtocolError(
                "the board has gates armed for a program on its other serial line (USB or UART); "
                "end that program, or use its port"
            )
        if identity.status is not Status.OK:
            raise ProtocolError(f"expected the board to accept the greeting, got {identity.status.name}")
        self.identity, self._window = identity, max(1, min(WINDOW, identity.window))
        return [identity]

    def _booted(self, boot: Boot) -> None:
        if self.identity is not None:
            raise LinkLost(f"the board has started anew ({boot.reset.name.lower()}); its gates are at rest")
        self.boots.append(boot)

    def _acknowledged(self, ack: Ack) -> list[Heard]:
        for pending in self._under_way:
            if pending.number == ack.number:
                self._under_way.remove(pending)
                return [Done(pending.command, ack.status, ack.free)]
        return []

    def _refused(self, nack: Nack, now: float) -> None:
        if self.identity is None:
            return
        if nack.refusal is Refusal.NOT_GREETED:
            raise LinkLost("the board has started anew and knows nothing of what was planned; its gates are at rest")
        if self._under_way and self._under_way[0].sent_at < now:
            self._again(now)

    def _again(self, now: float) -> None:
        """Send what is not acknowledged again, the oldest first."""
        if self._under_way[0].tries >= MOST_TRIES:
            raise LinkLost(
                f"the board has not answered {type(self._under_way[0].command).__name__} in {MOST_TRIES} tries"
            )
        for pending in self._under_way:
            pending.tries, pending.sent_at = pending.tries + 1, now
            self._out += encode(pending.command, pending.number)

    def _event(self, event: Event, number: int) -> list[Heard]:
        if self.identity is None:
            return []
        following = next_number(self._events)
        heard: list[Heard] = [event] if number == following else []
        if heard:
            self._events = number
        if self._events:
            self._owed = self._events
        return heard
