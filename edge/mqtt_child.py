"""The process beside a running line that tells a broker of it, started by `edge.mqtt_process`.

Its standard input brings an Order in one line; when it ends, the line has ended. It shares nothing with the sorter but
the journal, which it only reads.
"""

from __future__ import annotations

import os
import select
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from edge.errors import EdgeSortError, MqttError
from edge.journal_file import opened_to_read
from edge.mqtt_discovery import discovery
from edge.mqtt_link import PahoLink
from edge.mqtt_memory import memory_file, telling
from edge.mqtt_order import Order, version
from edge.mqtt_outbox import Outbox
from edge.mqtt_publisher import Publisher
from edge.mqtt_topics import AVAILABILITY
from edge.problems import system_problem

LAST_WORDS_S = 5.0  # for what the line did last, once it has ended
_TURN_S = 0.2
_NICER = 5  # than the sorter


def publisher(
    order: Order,
    db: sqlite3.Connection,
    outbox: Outbox,
    tell: Callable[[str], None],
    *,
    live: bool = True,
    first_run: int | None = None,
) -> Publisher:
    """Return what tells the broker of an order. live: beside a running line, which is then said to be online."""
    table = order.mqtt
    will = f"{table.base}/{AVAILABILITY}" if live else None
    return Publisher(
        db,
        outbox,
        lambda: PahoLink(table, order.password, order.client_id, will),
        table.base,
        memory_file(order.journal),
        now=time.monotonic,
        tell=tell,
        live=live,
        counts_every_s=table.counts_every_s,
        first_run=first_run,
        announcements=discovery(table, order.bins, version()) if live else {},
    )


def tell(sentence: str) -> None:
    """Say it where the line's own words go."""
    print(sentence, file=sys.stderr, flush=True)


def main() -> int:
    """Tell the broker until the line has ended."""
    signal.pthread_sigmask(
        signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM}
    )  # they are for the line, whose end ends this
    os.nice(_NICER)
    order = Order.model_validate_json(sys.stdin.buffer.readline())
    try:
        with ExitStack() as stack:
            if _alone(order.journal, stack):
                db = stack.enter_context(opened_to_read(order.journal))
                outbox = Outbox(db, confirmed=order.confirmed, settle_s=order.settle_s)
                _tell_all(publisher(order, db, outbox, tell), outbox)
    except EdgeSortError as error:
        tell(str(error))
        return error.exit_code
    except OSError as error:
        tell(f"mqtt: {system_problem(error)}")
        return 1
    return 0


def _alone(journal: Path, stack: ExitStack) -> bool:
    """Wait until nobody else tells of the journal. False when the line ends before that."""
    while True:
        try:
            stack.enter_context(telling(journal))
        except MqttError:  # edge-sort mqtt publish, which ends by itself
            if _ended(_TURN_S):
                return False
        else:
            return True


def _tell_all(teller: Publisher, outbox: Outbox) -> None:
    while not _ended(0.0):
        if not teller.step(_TURN_S):
            _ended(_TURN_S)
    outbox.hurry()
    deadline = time.monotonic() + LAST_WORDS_S
    while time.monotonic() < deadline and not teller.failed:
        teller.step(0.05)
        if teller.idle and not teller.more():
            break
    teller.finish(max(0.5, deadline - time.monotonic()))


def _ended(wait_s: float) -> bool:
    """Whether the line has ended: nothing else comes on standard input but its end."""
    return bool(select.select([sys.stdin], [], [], wait_s)[0])


if __name__ == "__main__":
    sys.exit(main())
