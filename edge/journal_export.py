"""A journal's parts as CSV or as JSON Lines, one after the other, so that a million of them need no memory."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

COLUMNS = (
    "run", "part", "first_seen_utc", "decided_utc", "first_seen_s", "decided_s", "mark_mm", "y_mm", "length_mm",
    "width_mm", "votes", "label", "score", "bin", "reason", "gate", "opens_s", "closes_s", "opened_s", "closed_s",
    "opens_utc", "opened_utc", "closes_utc", "closed_utc", "confirmed_s", "confirmed_utc", "confirmation",
    "sampled", "picture", "true_label", "corrected_at_utc", "corrected_by", "correction_note", "bundle_sha256",
    "machine_sha256", "labels", "scores", "frame_scores",
)  # fmt: skip


def write_jsonl(records: Iterable[dict[str, Any]], out: TextIO) -> int:
    """Write a JSON object per part, keys in the order of COLUMNS. Returns how many."""
    count = 0
    for record in records:
        out.write(json.dumps({name: record[name] for name in COLUMNS}) + "\n")
        count += 1
    return count


def write_csv(records: Iterable[dict[str, Any]], out: TextIO) -> int:
    """Write a heading and a line per part; lists are JSON in their cell. Returns how many parts."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    count = 0
    for record in records:
        writer.writerow(_cells(record, COLUMNS))
        count += 1
    return count


def _cells(record: dict[str, Any], names: Sequence[str]) -> list[Any]:
    return [json.dumps(record[name]) if isinstance(record[name], list) else record[name] for name in names]
