"""One board on one port: greeted, its clock followed, its commands and events carried to and fro."""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Callable
from importlib.metadata import version

from edge.clocks import Clock
from firmware_bridge.clock_sync import ClockLost, DeviceClock
from firmware_bridge.codes import PROTOCOL
from firmware_bridge.messages import DeviceStatus, Hello, Identity, Stats
from firmware_bridge.ports import Port
from firmware_bridge.session import Done, Heard, LinkLost, Session, TimeMark
from firmware_bridge.wire import Command, Event

GREET_AGAIN_S = 0.5
GREET_WITHIN_S = 6.0  # a boot loader may listen for two seconds, and opening a port starts some boards anew
PING_EVERY_S = 0.25
FIRST_PINGS = 12
MOST_HEARD = 4096
WAIT_S = 0.005
LOOK_EVERY_S = 0.001  # at what another thread has heard


class Link:
    """Everything between a port and what is said over it. `pump` does the work; any thread may call the rest."""

    def __init__(self, port: Port, clock: Clock, *, draw: Callable[[], int] = lambda: secrets.randbits(32)) -> None:
        """draw: gives session numbers. Nothing is sent before `open`."""
        self._port, self._clock = port, clock
        self._lock, self._pumping = threading.RLock(), threading.RLock()  # the second: bytes must stay in order
        self._draw = draw
        self._session = self._new_session()
        self._heard: deque[Event | Done] = deque(maxlen=MOST_HEARD)
        self._pinged_at = float("-inf")
        self._pings = self._came = 0
        self.device_clock = DeviceClock()
        self.status: DeviceStatus | None = None
        self.stats: Stats | None = None
        self.failure: LinkLost | None = None

    @property
    def identity(self) -> Identity:
        """Who answered."""
        assert self._session.identity is not None, "open() sees to it"
        return self._session.identity

    @property
    def if_silent(self) -> str:
        """What to do when nothing comes."""
        return self._port.if_silent

    @property
    def busy(self) -> bool:
        """Whether an answer is waited for, so that `pump` should be called soon."""
        return self.failure is None and not (self._session.idle and self._session.pinged_at is None)

    @property
    def bad_frames(self) -> int:
        """How much of what came was no frame."""
        return self._session.bad_frames

    def open(self, within_s: float = GREET_WITHIN_S) -> Identity:
        """Greet the board and learn its time. Raises LinkLost at silence, ProtocolError at another version."""
        give_up_at = self._clock.now() + within_s
        while self._session.identity is None:
            if self._clock.now() >= give_up_at:
                heard = f"{self._came} bytes, but no greeting of this protocol" if self._came else "silence"
                raise LinkLost(
                    f"expected a board with edge-sort's firmware to answer within {within_s:g} s, found {heard}; "
                    f"{self._port.if_silent}"
                )
            self._session = self._new_session()
            self._session.greet()
            self._pump_until(lambda: self._session.identity is not None, GREET_AGAIN_S)
        self._pump_until(lambda: self._pings >= FIRST_PINGS, GREET_AGAIN_S * FIRST_PINGS)
        if not self.device_clock.known:
            raise LinkLost(f"expected the board to answer pings, found silence; {self._port.if_silent}")
        return self.identity

    def send(self, command: Command) -> None:
        """Have a command carried out. Raises LinkLost when the link is."""
        with self._lock:
            self._alive()
            self._session.send(command)

    def heartbeat(self) -> None:
        """Tell the board that the sorter is alive. Raises LinkLost when the link is lost."""
        with self._lock:
            self._alive()
            self._session.heartbeat()

    def take(self) -> list[Event | Done]:
        """Return what came since the last call."""
        with self._lock:
            heard = list(self._heard)
            self._heard.clear()
        return heard

    def settle(self, within_s: float) -> bool:
        """Wait until every command has been answered; say whether that was so in time. Raises LinkLost."""
        self._pump_until(lambda: self._session.idle, within_s)
        with self._lock:
            self._alive()
            return self._session.idle

    def pump(self, wait_s: float = 0.0) -> None:
        """Take in what has come, waiting no longer than this for it, and send what is to be sent. Raises LinkLost."""
        with self._pumping:
            self._pump(wait_s)

    def close(self) -> None:
        """Let the port go. The board brings its gates to rest when no heartbeat comes."""
        self._port.close()

    def _new_session(self) -> Session:
        return Session(Hello(PROTOCOL, self._draw(), f"edge-sort {version('edge-sort')}"))

    def _pump(self, wait_s: float) -> None:
        self._alive()
        try:
            self._carry(wait_s)
        except (LinkLost, ClockLost) as error:
            self.failure = error if isinstance(error, LinkLost) else LinkLost(str(error))
            raise self.failure from error

    def _carry(self, wait_s: float) -> None:
        data = self._port.read(wait_s)
        with self._lock:
            self._came += len(data)
            for one in self._session.take(data, self._clock.now()):
                self._note(one)
            self._ping()
            out = self._session.to_write(self._clock.now())
        if out:
            self._port.write(out)

    def _note(self, one: Heard) -> None:
        match one:
            case TimeMark():
                self.device_clock.take(one.asked_at, one.received, one.sent, one.heard_at)
                self._pings += 1
                if self._pings < FIRST_PINGS:
                    self._pinged_at = float("-inf")
            case DeviceStatus():
                self.status = one
            case Stats():
                self.stats = one
            case Event() | Done():
                self._heard.append(one)

    def _ping(self) -> None:
        now = self._clock.now()
        if self._session.identity is not None and now >= self._pinged_at + PING_EVERY_S:
            self._pinged_at = now
            self._session.ping(now)

    def _pump_until(self, done: Callable[[], bool], within_s: float) -> None:
        until = self._clock.now() + within_s
        while not done() and self._clock.now() < until:
            # never wait for the port here: a thread that pumps gives it back and takes it again in one breath
            if self._pumping.acquire(blocking=False):
                try:
                    self._pump(WAIT_S)
                finally:
                    self._pumping.release()
            else:
                self._alive()
                self._clock.sleep_until(self._clock.now() + LOOK_EVERY_S)

    def _alive(self) -> None:
        if self.failure is not None:
            raise self.failure
