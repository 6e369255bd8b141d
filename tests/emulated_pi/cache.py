"""What was fetched once is kept, whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path


def whole_or_absent(path: Path, make: Callable[[Path], None]) -> Path:
    """Return the path; if there is nothing yet, let `make` fill one aside of it first."""
    if not path.exists():
        aside = path.with_name(path.name + ".unfinished")
        shutil.rmtree(aside, ignore_errors=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        make(aside)
        aside.rename(path)
    return path
