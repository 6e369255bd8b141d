"""What stands for a line whose page is a real process: a feed, and a thread that looks after it."""

from __future__ import annotations

import json
import multiprocessing
import threading
import time
import urllib.request
from contextlib import closing, contextmanager

from edge.belt import FixedSpeedBelt
from edge.clocks import MonotonicClock
from edge.journal import Journal
from edge.line_feed import LineFeed
from edge.picture_slots import PictureSlots
from edge.states import State
from edge.web_process import WebProcess
from edge.web_settings import listen, web_settings
from edge.web_table import WebTable
from tests.edge import told_lines as made


class Line:
    """What stands for a sorter: a feed, and a thread that looks after the line twenty times a second."""

    def __init__(self, journal, words, table, labels):
        listening, self.settings = listen(web_settings(table, "127.0.0.1:0"))
        self.slots = PictureSlots(multiprocessing.get_context("spawn"), 480, 320)
        now = time.monotonic()
        facts = made.facts(started_at=now, start_wall_s=time.time() - now, labels=labels, bins=labels)
        self.process = WebProcess(listening, self.settings, facts, self.slots, words.append)
        self.feed = LineFeed(
            self.process,
            self.slots,
            belt=FixedSpeedBelt(150.0),
            mm_per_px=0.33,
            clock=MonotonicClock(),
            journal=journal,
        )
        self.process.on_restart = self.feed.restarted
        self.pressed, self.standing, self.state, self.since = [], [], State.EXECUTE, now
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self):
        while not self._over.wait(0.05):
            for asked in self.feed.commands():
                self.pressed.append(asked.command)
                self.feed.answer(asked, None)
            self.feed.look(made.condition(time.monotonic(), self.state, self.standing, self.since))

    def get(self, path, timeout_s=20.0):
        with urllib.request.urlopen(self.settings.address.rstrip("/") + path, timeout=timeout_s) as answer:
            return answer.read()

    def press(self, command):
        request = urllib.request.Request(
            self.settings.address + "api/command",
            json.dumps({"command": command}).encode(),
            {"content-type": "application/json", "x-edge-sort": "1"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())

    def close(self):
        self._over.set()
        self._thread.join()
        self.process.close()


@contextmanager
def a_line(words, table=None, labels=made.LABELS):
    """Yield a line in Execute whose page runs; `words` takes what is told of the page's process."""
    with closing(Journal(None, bundle_sha256="", machine_sha256="", clock="monotonic")) as journal:
        line = Line(journal, words, table or WebTable(), labels)
        try:
            yield line
        finally:
            line.close()
