"""What `edge-sort mqtt` does: one visit to the broker, without a line beside it."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from edge.errors import MqttError
from edge.journal_file import JournalError, opened_to_read
from edge.journal_read import Period, runs_of
from edge.machine import Machine
from edge.mqtt_child import publisher
from edge.mqtt_link import PahoLink
from edge.mqtt_memory import telling
from edge.mqtt_order import order_of
from edge.mqtt_outbox import Outbox
from edge.mqtt_parts import SETTLE_S
from edge.mqtt_table import MqttTable, check_files, secret
from edge.mqtt_topics import AVAILABILITY, COUNTS, STREAMS

_LEAVE_S = 5.0
_TURN_S = 0.05


@dataclass(frozen=True)
class Told:
    """What a broker was told. waiting: parts that are not final yet."""

    parts: int
    incidents: int
    changes: int
    waiting: int


def try_broker(table: MqttTable) -> list[str]:
    """Connect and leave; return the topics of this line under which the broker keeps something.

    Raises MqttError, MachineError.
    """
    check_files(table)
    client_id = f"{table.base.replace('/', '-')}-check"  # beside a running line
    with closing(PahoLink(table, secret(table), client_id, None)) as link:
        kept = link.retained(f"{table.base}/{name}" for name in (*STREAMS, COUNTS, AVAILABILITY))
    return sorted(topic.rsplit("/", 1)[1] for topic in kept)


def tell_broker(machine: Machine, table: MqttTable, journal: Path, first_run: int | None) -> Told:
    """Tell the broker all that it does not know of a journal. Raises MqttError as soon as the connection fails."""
    order = order_of(machine, table, journal, SETTLE_S)
    with opened_to_read(journal) as db, telling(order.journal):
        period = Period(runs=(first_run,)) if first_run else Period()
        if not runs_of(db, period, journal):
            raise JournalError(f"{journal}: expected a run to tell of, found none; run the line first")
        outbox = Outbox(db, confirmed=order.confirmed, settle_s=order.settle_s)
        outbox.hurry()
        problems: list[str] = []
        teller = publisher(order, db, outbox, problems.append, live=False, first_run=first_run)
        settled_at = time.monotonic() + order.settle_s + _TURN_S
        while True:
            if not teller.step(_TURN_S):
                raise MqttError(problems[-1])
            if teller.idle and not teller.more() and (not teller.waiting or time.monotonic() > settled_at):
                break
        teller.finish(_LEAVE_S)
        told: Counter[str] = teller.told
        return Told(told["part"], told["incident"], told["state"], teller.waiting)
