"""What is said under which topic. docs/mqtt.md lists it; a test holds the two together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from edge.mqtt_streams import Place

STREAMS = ("state", "incident", "part")  # each in order, each of its messages once
COUNTS, AVAILABILITY = "counts", "availability"


def message(journal: str, place: Place, facts: Mapping[str, Any]) -> bytes:
    """Return the message of a stream. journal, run and sequence tell it from every other message of the stream."""
    return as_json({"journal": journal, "run": place.run, "sequence": place.sequence, **facts})


def as_json(facts: Mapping[str, Any]) -> bytes:
    """Return a message."""
    return json.dumps(facts, separators=(",", ":"), ensure_ascii=False).encode()
