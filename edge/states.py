"""The states of a line, in PackML's words, and what leads from one to another. No clock, no pin: pure rules.

    Idle      the gates rest until somebody starts the line
    Execute   the only state in which a gate may move
    Held      the gates rest because of something that may pass; a start goes on
    Aborted   the gates rest because of something that must not pass unseen: only a reset leads out, and to Idle

PackML (ISA-TR88.00.02) has more: its Stopped, Suspended and Complete differ from these in nothing that a line without
recipes and batches could do, and its "-ing" states take no time here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What a line is doing."""

    IDLE = "Idle"
    EXECUTE = "Execute"
    HELD = "Held"
    ABORTED = "Aborted"


class Command(StrEnum):
    """What can be asked of a line."""

    START = "start"
    HOLD = "hold"
    STOP = "stop"
    RESET = "reset"
    ABORT = "abort"


_LEADS: Mapping[tuple[State, Command], State] = {
    (State.IDLE, Command.START): State.EXECUTE,
    (State.HELD, Command.START): State.EXECUTE,
    (State.EXECUTE, Command.HOLD): State.HELD,
    (State.EXECUTE, Command.STOP): State.IDLE,
    (State.HELD, Command.STOP): State.IDLE,
    (State.ABORTED, Command.RESET): State.IDLE,
    (State.IDLE, Command.ABORT): State.ABORTED,
    (State.EXECUTE, Command.ABORT): State.ABORTED,
    (State.HELD, Command.ABORT): State.ABORTED,
}


class CommandRefused(Exception):
    """The line does not do that now; the message says why, and what to do."""


@dataclass(frozen=True)
class Transition:
    """The line has gone from one state to another. at: seconds on the machine clock."""

    at: float
    before: State
    command: Command
    after: State
    cause: str

    @property
    def sentence(self) -> str:
        """Say it for a person."""
        return f"the line goes from {self.before} to {self.after} ({self.command}: {self.cause})"


class LineStates:
    """The state a line is in, what keeps it there, and how long it was in each."""

    def __init__(self, at: float) -> None:
        """The line is Idle from `at` on."""
        self.state = State.IDLE
        self.since = at
        self._spent_s = dict.fromkeys(State, 0.0)
        self._standing: dict[str, Command] = {}

    def stands(self, in_the_way: Mapping[str, Command]) -> None:
        """Take in all that stands now: against HOLD keeps the line from a start, against ABORT from a reset too.

        That something stands no more moves nothing: somebody must reset or start.
        """
        self._standing = dict(in_the_way)

    def command(self, command: Command, cause: str, at: float) -> Transition:
        """Go where the command leads. Raises CommandRefused when it leads nowhere from here, or something stands."""
        after = _LEADS.get((self.state, command))
        if after is None:
            raise CommandRefused(f"{command} is refused: the line is {self.state}; {self._remedy()}")
        in_the_way = [name for name, against in self._standing.items() if _keeps(against, command)]
        if in_the_way:
            raise CommandRefused(f"{command} is refused: {', '.join(in_the_way)}; mend that first")
        done = Transition(at, self.state, command, after, cause)
        self._spent_s[self.state] += at - self.since
        self.state, self.since = after, at
        return done

    def leads(self, command: Command) -> bool:
        """Whether the command leads anywhere from this state."""
        return (self.state, command) in _LEADS

    def seconds(self, now: float) -> dict[str, float]:
        """Return how long the line has been in each state that it was in, to the millisecond."""
        spent = {state: took_s + (now - self.since) * (state is self.state) for state, took_s in self._spent_s.items()}
        return {str(state): round(took_s, 3) for state, took_s in spent.items() if took_s > 0}

    def _remedy(self) -> str:
        possible = [command for state, command in _LEADS if state is self.state]
        return f"from there it can {' or '.join(possible)}"


def _keeps(against: Command, command: Command) -> bool:
    """Whether what stands against one command keeps the line from another."""
    return command is Command.START or (command is Command.RESET and against is Command.ABORT)
