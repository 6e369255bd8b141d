"""What every progress display has: bars on a terminal, and lines above them or alone elsewhere. All on stderr."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from edge.extras import need

_PURPOSE = "showing progress"


class Display:
    """A console and its bars. Use as a context manager: it gives the terminal back as it was."""

    def __init__(self, *, time_remaining: bool = False) -> None:
        self._console: Any = need("rich.console", "desktop", _PURPOSE).Console(stderr=True)
        rich = need("rich.progress", "desktop", _PURPOSE)
        self._bar: Any = rich.Progress(
            rich.TextColumn("{task.description}"),
            rich.BarColumn(bar_width=20),
            rich.MofNCompleteColumn(),
            rich.TextColumn("{task.fields[facts]}"),
            *([rich.TimeRemainingColumn()] if time_remaining else []),
            console=self._console,
            disable=not self._console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def _print(self, line: str) -> None:
        """Print one line above the bars."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)
