"""What people ask of a line through its page, within bounds: nobody can have thousands of rows written by pressing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from edge.corrections import correct
from edge.journal import Journal
from edge.journal_file import JournalError
from edge.line_asked import CommandAsked, LabelAsked
from edge.line_told import Answer, Labelled
from edge.states import Command

LATEST_COMMAND_S = 2.0  # what may let gates move and is older than this was asked of another situation
MOVE_EVERY_S = 1.0  # a start or reset; each change of state is a row that the sorter waits for
LABEL_EVERY_S = 0.2  # so is each label
MOST_LABELS = 16  # waiting to be written down
_MAY_MOVE = (Command.START, Command.RESET)


class Buttons:
    """The commands of one look at the line, each once."""

    def __init__(self, answer: Callable[[Answer], object]) -> None:
        """answer: hears why a command is not even tried."""
        self._answer = answer
        self._pressed: dict[Command, CommandAsked] = {}
        self._move_at = float("-inf")

    def press(self, asked: CommandAsked, now: float) -> None:
        """Take in a command, unless it is too late or too often. What brings gates to rest is never too late."""
        may_move = asked.command in _MAY_MOVE
        if asked.command in self._pressed or (may_move and now < self._move_at):
            self._answer(Answer(asked.ask, f"{asked.command} has just been pressed; press again in a moment"))
        elif may_move and now - asked.at > LATEST_COMMAND_S:
            self._answer(Answer(asked.ask, "the line heard this too late, so it was not done; press again"))
        else:
            self._pressed[asked.command] = asked
            self._move_at = now + MOVE_EVERY_S if may_move else self._move_at

    def take(self) -> list[CommandAsked]:
        """Return the commands since the last call."""
        pressed = list(self._pressed.values())
        self._pressed.clear()
        return pressed


class Labels:
    """What people say of parts, on its way into the record. `write` is called by another thread than `say`."""

    def __init__(self) -> None:
        self._waiting = deque[LabelAsked]()
        self._write_at = float("-inf")

    def say(self, asked: LabelAsked) -> Answer | None:
        """Take in a label; return why not, when too many wait."""
        if len(self._waiting) >= MOST_LABELS:
            return Answer(asked.ask, "too many parts are being labelled at once; try again in a moment")
        self._waiting.append(asked)
        return None

    def write(self, journal: Journal, now: float) -> list[Labelled | Answer]:
        """Write the next one down, if it is time; return what came of it."""
        if not self._waiting or now < self._write_at:
            return []
        self._write_at = now + LABEL_EVERY_S
        asked = self._waiting.popleft()
        try:
            correct(journal.database, journal.path, asked.part, asked.label, run=journal.run, by=asked.by, note="")
        except JournalError as error:
            return [Answer(asked.ask, str(error).removeprefix(f"{journal.path}: "))]
        return [Labelled(asked.part, asked.label, asked.by), Answer(asked.ask)]
