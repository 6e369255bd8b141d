"""Show on stderr how far a training is: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import statistics
from collections import deque
from typing import Any

from training.display import Display
from training.history import Epoch

_PLAIN_LINES = 20
_RECENT_EPOCHS = 5  # a stage's epochs may be a hundred times slower than those of the stage before


class TrainingProgress(Display):
    """Hears what has been done."""

    def __init__(self, epochs: int) -> None:
        super().__init__(time_remaining=True)
        self._epochs = epochs
        self._reading: Any = None
        self._seeing: Any = None
        self._training: Any = None
        self._recent_s: deque[float] = deque(maxlen=_RECENT_EPOCHS)

    def say(self, line: str) -> None:
        """Print one line above the bar."""
        self._print(line)

    def read(self, done: int, total: int) -> None:
        """Hear that `done` of `total` pictures have been read."""
        if self._reading is None:
            self._reading = self._bar.add_task("reading", total=total, facts="pictures")
        self._bar.update(self._reading, completed=done)

    def features(self, done: int, total: int) -> None:
        """Hear that `done` of `total` features of a frozen backbone are ready."""
        if self._seeing is None:
            self._seeing = self._bar.add_task("features", total=total, facts="views of pictures")
        self._bar.update(self._seeing, completed=done)

    def epoch(self, epoch: Epoch) -> None:
        """Hear what an epoch gave."""
        if self._training is None:  # a resumed training begins in the middle
            self._training = self._bar.add_task("training", total=self._epochs, completed=epoch.number - 1, facts="")
        self._recent_s.append(epoch.seconds)
        facts = (
            f"loss {epoch.loss:.3f}, validation loss {epoch.validation_loss:.3f}, "
            f"validation accuracy {epoch.validation_accuracy:.3f}"
        )
        self._bar.update(self._training, completed=epoch.number, facts=f"validation {epoch.validation_accuracy:.3f}")
        every = max(1, self._epochs // _PLAIN_LINES)
        if not self._console.is_terminal and (epoch.number % every == 0 or epoch.number == self._epochs):
            left = statistics.fmean(self._recent_s) * (self._epochs - epoch.number)
            self.say(f"epoch {epoch.number}/{self._epochs}: {facts}, {left:.0f} s left at this pace")
