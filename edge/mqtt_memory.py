"""A small file beside the journal: how far brokers were told, for one that has forgotten, and who tells them now."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from edge.durable import whole_file
from edge.errors import MqttError
from edge.file_lock import lock
from edge.mqtt_receipt import Receipt


def memory_file(journal: Path) -> Path:
    """Return where it is remembered how far a journal has been told."""
    return journal.with_name(f"{journal.stem}-mqtt.json")


def remembered(path: Path) -> dict[str, Receipt]:
    """Return the last receipt of each stream. A file that is not there or damaged remembers nothing."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return {
            str(name): Receipt(str(one["journal"]), int(one["run"]), int(one["number"]), int(one["sequence"]))
            for name, one in raw.items()
        }
    except (OSError, ValueError, RecursionError, AttributeError, KeyError, TypeError, OverflowError):
        return {}


def remember(path: Path, receipts: Mapping[str, Receipt]) -> None:
    """Write the last receipt of each stream. Raises OSError."""
    text = json.dumps({name: vars(receipt) for name, receipt in receipts.items()})
    with whole_file(path, replace=True) as out:
        out.write(text.encode())


@contextmanager
def telling(journal: Path) -> Iterator[None]:
    """Within the block nobody else tells of this journal. Raises MqttError when somebody does.

    The lock ends with the process, whatever ends it.
    """
    path = journal.with_name(f"{journal.stem}-mqtt.lock")
    with path.open("ab") as file:
        taken = MqttError(
            f"{journal}: expected nobody to tell a broker of it, found a program that does, most likely the running "
            "line, which tells all by itself; there is nothing to do"
        )
        lock(file, taken)
        yield
