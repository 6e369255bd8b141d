"""Who keeps a link going: a thread beside a real line, or the clock itself where it is moved by hand."""

from __future__ import annotations

import contextlib
import threading

from edge.clocks import Agenda
from firmware_bridge.link import WAIT_S, Link
from firmware_bridge.session import LinkLost

BUSY_EVERY_S = 0.0005
IDLE_EVERY_S = 0.02


def pumped_by_thread(link: Link) -> None:
    """Start a thread that pumps a link until it is lost or closed. What ended it is `link.failure`."""

    def pump() -> None:
        with contextlib.suppress(LinkLost):
            while True:
                link.pump(WAIT_S)

    threading.Thread(target=pump, name="edge-sort mcu", daemon=True).start()


def pumped_by_clock(link: Link, clock: Agenda) -> None:
    """Have a clock that is moved by hand pump a link until it is lost or closed, often while an answer is due."""

    def pump() -> None:
        with contextlib.suppress(LinkLost):
            link.pump()
            clock.call_at(clock.now() + (BUSY_EVERY_S if link.busy else IDLE_EVERY_S), pump)

    clock.call_at(clock.now(), pump)
