"""Watch a line with the operator's page."""

from __future__ import annotations

import multiprocessing
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from edge.line_feed import LineFeed
from edge.line_told import LineFacts
from edge.machine import Machine
from edge.onlooker import LineOpened, Onlooker, OpenOnlooker, nobody_looks
from edge.picture_slots import PictureSlots
from edge.run_folder import run_folder
from edge.web_process import WebProcess
from edge.web_settings import WebSettings, listen, web_settings
from edge.web_table import WebTable


@dataclass(frozen=True)
class Page:
    """What shows a line, and where the line's record is to be kept, so that the page can say of a part what it was."""

    onlooker: OpenOnlooker
    journal: Path | None


@contextmanager
def no_page(journal: Path | None) -> Iterator[Page]:
    """Show nothing."""
    yield Page(nobody_looks, journal)


@contextmanager
def open_page(asked: str, machine: Machine | None, journal: Path | None, tell: Callable[[str], None]) -> Iterator[Page]:
    """Take the page's port, for as long as the block lasts. Raises MachineError before anything moves.

    asked: HOST:PORT, or nothing for what the machine file says. journal: None keeps the record only as long.
    """
    table = machine.web if machine else WebTable()
    listening, settings = listen(web_settings(table, asked))
    with closing(listening), ExitStack() as stack:
        if journal is None:
            journal = stack.enter_context(run_folder()) / "journal.sqlite"
            tell("The record is kept only until this ends; --journal FILE keeps it")
        yield Page(page_onlooker(listening, settings, tell), journal)


def page_onlooker(listening: socket.socket, settings: WebSettings, tell: Callable[[str], None]) -> OpenOnlooker:
    """Return what shows a line on the page that listens here, and tells its address."""

    @contextmanager
    def look(line: LineOpened) -> Iterator[Onlooker]:
        camera = line.machine.camera
        slots = PictureSlots(multiprocessing.get_context("spawn"), camera.width_px, camera.height_px)
        with closing(WebProcess(listening, settings, line_facts(line), slots, tell)) as process:
            feed = LineFeed(
                process,
                slots,
                belt=line.belt,
                mm_per_px=camera.mm_per_px,
                clock=line.clock,
                journal=line.journal,
            )
            process.on_restart = feed.restarted
            tell(f"The page: {settings.address}")
            yield feed

    return look


def line_facts(line: LineOpened) -> LineFacts:
    """Return what does not change while this line runs."""
    machine, now = line.machine, line.clock.now()
    return LineFacts(
        run=line.journal.run,
        labels=line.labels,
        bins=tuple(dict.fromkeys(gate.bin for gate in machine.gates)),
        bundle_sha256=line.bundle_sha256,
        machine_sha256=machine.digest(),
        camera=machine.camera.kind,
        speed_mm_s=machine.belt.speed_mm_s,
        started_at=now,
        start_wall_s=time.time() - now,
        version=_version(),
    )


def _version() -> str:
    try:
        return version("edge-sort")
    except PackageNotFoundError:  # run from a folder that was never installed
        return ""
