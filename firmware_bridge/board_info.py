"""Who answers on a port, and what it tells."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any

from edge.clocks import MonotonicClock
from edge.errors import GateError
from firmware_bridge.board import refusal
from firmware_bridge.codes import Pull, Status
from firmware_bridge.handshake import version_text
from firmware_bridge.link import Link
from firmware_bridge.messages import AskStats, Identity, SetSensor, Stats
from firmware_bridge.open_board import open_link, open_port
from firmware_bridge.session import Done
from firmware_bridge.wire import Message

ANSWER_WITHIN_S = 1.0
BEAT_S = 0.02
ASK_EVERY_S = 1.0  # whether the board is still there, for a monitor that has nothing else to say
BOTH_EDGES = 3


@dataclass(frozen=True)
class BoardInfo:
    """clock_error_us: by how much, at most, a moment now is off on its clock. rate_ppm: by which it may be fast."""

    identity: Identity
    stats: Stats
    clock_error_us: float
    rate_ppm: tuple[float, float]
    bad_frames: int

    def as_dict(self) -> dict[str, Any]:
        """Return it under the names that `mcu info --json` uses."""
        return {
            "identity": _plain(self.identity),
            "stats": _plain(self.stats),
            "clock_error_us": self.clock_error_us,
            "rate_ppm": list(self.rate_ppm),
            "bad_frames": self.bad_frames,
        }

    def sentences(self) -> str:
        """Say it for a person."""
        one, stats = self.identity, self.stats
        slowest, fastest = self.rate_ppm
        return (
            f"board      {one.board}, firmware {version_text(one.firmware)}, protocol {one.protocol}\n"
            f"can have   {one.gates} gates, {one.sensors} sensors, {one.encoders} encoders; {one.queue} openings "
            "planned\n"
            f"started    by {one.reset.name.lower()}; stopped {one.latch} times since\n"
            f"clock      known to {self.clock_error_us:.0f} us; {slowest:+.0f} to {fastest:+.0f} ppm fast\n"
            f"line       {stats.good} good frames there, {stats.bad} bad; {self.bad_frames} bad here; "
            f"{stats.overruns} overruns\n"
            f"loop       {stats.longest_loop} us at longest; {stats.moves} moves, {stats.latest_move} us late at most"
        )


def board_info(port: str, baud: int) -> BoardInfo:
    """Greet the board on a port and ask it for its counters. Raises GateError."""
    with greeted(port, baud) as link:
        link.send(AskStats())
        link.settle(ANSWER_WITHIN_S)
        if link.stats is None:
            raise GateError(f"expected the board on {port} to give its counters, found silence; {link.if_silent}")
        error_us = link.device_clock.ticks_at(time.monotonic()).error_us
        return BoardInfo(link.identity, link.stats, error_us, link.device_clock.rate_ppm, link.bad_frames)


def monitor(port: str, baud: int, seconds: float | None, pins: Sequence[int], tell: Callable[[str], None]) -> None:
    """Tell of everything that comes from a board, until time is over, Ctrl-C, or the link is lost (GateError)."""
    with suppress(KeyboardInterrupt), greeted(port, baud) as link:  # also while it lets the port go
        if len(pins) > link.identity.sensors:
            raise GateError(
                f"--sensor: expected at most the {link.identity.sensors} inputs that {link.identity.board} can watch, "
                f"found {len(pins)}; leave some out"
            )
        tell(_line(time.monotonic(), link.identity))
        for number, pin in enumerate(pins):
            link.send(SetSensor(number, pin, Pull.UP, BOTH_EDGES, 0))
        until = time.monotonic() + seconds if seconds is not None else float("inf")
        ask_at = time.monotonic() + ASK_EVERY_S
        while time.monotonic() < until:
            if time.monotonic() >= ask_at and link.failure is None:
                link.send(AskStats())
                ask_at += ASK_EVERY_S
            for heard in link.take():
                _tell(heard, tell)
            if link.failure is not None:
                raise GateError(f"mcu.port: {link.failure}")
            time.sleep(BEAT_S)


@contextmanager
def greeted(port: str, baud: int) -> Iterator[Link]:
    """Within the block the board on a port is greeted. Raises GateError."""
    clock = MonotonicClock()
    with closing(open_link(open_port(port, clock, baud), clock)) as link:
        yield link


def _tell(heard: Message | Done, tell: Callable[[str], None]) -> None:
    if isinstance(heard, Done) and heard.status is not Status.OK:
        watched = f"an input on pin {heard.command.pin}" if isinstance(heard.command, SetSensor) else "a command"
        raise GateError(refusal(watched, heard.status))
    if isinstance(heard, Done) and isinstance(heard.command, AskStats):
        return
    if isinstance(heard, Done):
        tell(f"{time.monotonic():14.6f}  {type(heard.command).__name__}: {heard.status.name}")
    else:
        tell(_line(time.monotonic(), heard))


def _line(at: float, message: Message) -> str:
    facts = ", ".join(f"{name} {value}" for name, value in _plain(message).items())
    return f"{at:14.6f}  {type(message).__name__}: {facts}"


def _plain(message: Message) -> dict[str, Any]:
    values = {field.name: getattr(message, field.name) for field in fields(message)}  # type: ignore[arg-type]
    return {name: value.name.lower() if isinstance(value, Enum) else value for name, value in values.items()}
