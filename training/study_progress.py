"""Show on stderr how far a study is: a bar for its runs and one for the run at work, or plain lines."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Mapping

from edge.counted import counted
from training.display import Display
from training.history import Epoch
from training.study_runs import FinishedRun, RunName


class TimeLeft:
    """Guesses what a study still needs: the runs of a recipe take as long as those of it that were seen, in seconds.

    Of a recipe not seen yet a run takes as long as the mean of the others.
    """

    def __init__(self) -> None:
        self._took: dict[str, list[float]] = defaultdict(list)

    def saw(self, recipe: str, seconds: float) -> None:
        """Learn what a run took."""
        self._took[recipe].append(seconds)

    def of(self, runs: list[RunName]) -> float | None:
        """Return the seconds these runs will take; None before anything was seen."""
        if not self._took:
            return None
        means = {recipe: statistics.fmean(took) for recipe, took in self._took.items()}
        unseen = statistics.fmean(means.values())
        return sum(means.get(run.recipe, unseen) for run in runs)


class StudyProgress(Display):
    """Hears what has been done."""

    def __init__(self) -> None:
        super().__init__()
        self._all = self._bar.add_task("runs", total=None, facts="", visible=False)
        self._own = self._bar.add_task("", total=None, facts="", visible=False)
        self._left = TimeLeft()
        self._missing: list[RunName] = []
        self._total = 0
        self._said: set[str] = set()
        self._now, self._epochs = "", 0
        self._started = 0.0

    def begins(self, runs: list[RunName], finished: Mapping[RunName, FinishedRun]) -> None:
        """Hear which runs there are to be, and which are finished already."""
        self._missing = [name for name in runs if name not in finished]
        self._total = len(runs)
        told = f", {len(finished)} of them finished already" if finished else ""
        self._print(f"{counted(len(runs), 'run')}{told}")
        self._bar.update(self._all, total=len(runs), completed=len(finished), visible=True)

    def run_begins(self, name: RunName, epochs: int) -> None:
        """Hear that a run of at most so many epochs begins."""
        self._now, self._epochs, self._started = f"{name.recipe}, seed {name.seed}: ", epochs, time.monotonic()
        self._show("epochs", epochs, 0, "")

    def run_ends(self, name: RunName, accuracy: float | None) -> None:
        """Hear that a run has ended; None: it failed."""
        took = time.monotonic() - self._started
        if accuracy is not None:
            self._left.saw(name.recipe, took)
        self._missing.remove(name)
        left = self._left.of(self._missing)
        done = self._total - len(self._missing)
        result = "failed" if accuracy is None else f"accuracy {accuracy:.3f}"
        remaining = f", about {duration(left)} left" if self._missing and left is not None else ""
        self._print(f"run {done}/{self._total}, {self._now}{result} after {duration(took)}{remaining}")
        self._bar.update(self._all, completed=done, facts=remaining.removeprefix(", "))
        self._bar.update(self._own, visible=False)

    def say(self, line: str) -> None:
        """Print what the user must know of the pictures, once for all runs."""
        if line.startswith(("Warning", "Note")) and line not in self._said:
            self._said.add(line)
            self._print(line)

    def read(self, done: int, total: int) -> None:
        """Hear that `done` of `total` pictures have been read."""
        self._show("reading", total, done, "pictures")

    def features(self, done: int, total: int) -> None:
        """Hear that `done` of `total` features of a frozen backbone are ready."""
        self._show("features", total, done, "views of pictures")

    def epoch(self, epoch: Epoch) -> None:
        """Hear what an epoch gave."""
        self._show("epochs", self._epochs, epoch.number, f"validation {epoch.validation_accuracy:.3f}")

    def _show(self, what: str, total: int, done: int, facts: str) -> None:
        self._bar.update(
            self._own, description=f"{self._now}{what}", total=total, completed=done, facts=facts, visible=True
        )


def duration(seconds: float) -> str:
    """Show a time as people say it."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"
