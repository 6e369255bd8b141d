"""What a broker has: the message of a stream that it keeps is the receipt for all before it.

A broker takes in a message that it shall keep in one step with passing it on, so after whatever happened to the
connection, to this program or to the broker, the message it keeps says exactly how far a stream has come with it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TypeGuard

from edge.mqtt_outbox import Outbox
from edge.mqtt_streams import Place

_MOST_BYTES = 65_536
_MOST = 2**53
_NUMBERS = {"part": "part", "incident": "incident", "state": "change"}  # stream -> the key of a row's number


@dataclass(frozen=True)
class Receipt:
    """A message of ours that the broker keeps."""

    journal: str
    run: int
    number: int
    sequence: int


def read_receipt(name: str, payload: bytes) -> Receipt | None:
    """Return what a kept message of a stream says; None when it is nothing that a line has sent. Raises nothing."""
    if len(payload) > _MOST_BYTES:
        return None
    try:
        facts = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    if not isinstance(facts, dict):
        return None
    journal = facts.get("journal")
    numbers = [one for key in ("run", _NUMBERS[name], "sequence") if _is_number(one := facts.get(key))]
    return Receipt(journal, *numbers) if isinstance(journal, str) and len(numbers) == 3 else None


def _is_number(value: Any) -> TypeGuard[int]:
    return type(value) is int and 0 <= value < _MOST


def receipt_of(outbox: Outbox, place: Place) -> Receipt:
    """Return what will be known of a place."""
    return Receipt(outbox.journal, place.run, max(0, place.number), place.sequence)


def place_of(outbox: Outbox, name: str, receipt: Receipt | None) -> Place | None:
    """Return the place that a receipt speaks of; None when it is of another journal, or of nothing in this one."""
    if receipt is None or receipt.journal != outbox.journal:
        return None
    if receipt.sequence == 0:  # nothing of that run yet
        return Place(receipt.run) if outbox.has(receipt.run) else None
    return outbox.streams[name].find(receipt.run, receipt.number, receipt.sequence)
