"""Show on stderr how far a training is: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import statistics
from collections import deque
from types import TracebackType
from typing import Any, Self

from edge.extras import need
from training.history import Epoch

_PLAIN_LINES = 20
_RECENT_EPOCHS = 5  # a stage's epochs may be a hundred times slower than those of the stage before


class TrainingProgress:
    """Hears what has been done. Use as a context manager: it gives the terminal back as it was."""

    def __init__(self, epochs: int) -> None:
        purpose = "showing progress"
        self._epochs = epochs
        self._console: Any = need("rich.console", "desktop", purpose).Console(stderr=True)
        rich = need("rich.progress", "desktop", purpose)
        self._bar: Any = rich.Progress(
            rich.TextColumn("{task.description}"),
            rich.BarColumn(bar_width=20),
            rich.MofNCompleteColumn(),
            rich.TextColumn("{task.fields[facts]}"),
            rich.TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._reading: Any = None
        self._seeing: Any = None
        self._training: Any = None
        self._recent_s: deque[float] = deque(maxlen=_RECENT_EPOCHS)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def say(self, line: str) -> None:
        """Print one line above the bar."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

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
