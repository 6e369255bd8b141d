"""Who drives the gates of a machine file: one program at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.errors import MachineError
from edge.file_lock import lock


@contextmanager
def gates_of(machine: Path) -> Iterator[None]:
    """Within the block nobody else drives this machine file's gates. The lock ends with the process, whatever ends it.

    Raises MachineError when somebody does. Other machine files with the same pins are not known here; there the pin
    factory finds the pins taken.
    """
    try:
        file = machine.open("rb")
    except FileNotFoundError as error:
        raise MachineError(
            f"{machine}: expected a machine file, found none; print one to start from with: edge-sort machine"
        ) from error
    with file:
        taken = MachineError(
            f"{machine}: expected nobody to drive these gates, found another program at it, most likely the running "
            "line; end it first"
        )
        lock(file, taken)
        yield
