"""The page's process: it may hang, be flooded or die, and the line goes on; when the line ends, so does it."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from contextlib import closing

import numpy as np
import pytest

from edge.belt import FixedSpeedBelt
from edge.clocks import MonotonicClock
from edge.journal import Journal
from edge.line_feed import LineFeed
from edge.picture_slots import PictureSlots
from edge.states import Command
from edge.web import connections
from edge.web_process import MOST_RESTARTS, WebProcess
from edge.web_settings import WebTable, listen, web_settings
from tests.edge import told_lines as made

pytestmark = pytest.mark.slow


class Line:
    """What stands for a sorter: a feed, and a thread that looks after the line twenty times a second."""

    def __init__(self, journal, words):
        listening, self.settings = listen(web_settings(WebTable(), "127.0.0.1:0"))
        self.slots = PictureSlots(multiprocessing.get_context("spawn"), 480, 320)
        now = time.monotonic()
        facts = made.facts(started_at=now, start_wall_s=time.time() - now)
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
        self.pressed = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self):
        while not self._over.wait(0.05):
            for asked in self.feed.commands():
                self.pressed.append(asked.command)
                self.feed.answer(asked, None)
            self.feed.look(made.condition(time.monotonic(), since=0.0))

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


@pytest.fixture
def words():
    return []


@pytest.fixture
def line(words):
    with closing(Journal(None, bundle_sha256="", machine_sha256="", clock="monotonic")) as journal:
        made_line = Line(journal, words)
        try:
            yield made_line
        finally:
            made_line.close()


def waited_for(what, within_s=20.0):
    """Wait until something is so; return whether it ever was."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.02)
    return False


def answers(line):
    try:
        return bool(line.get("/api/line", 2.0))
    except (OSError, urllib.error.URLError):
        return False


def test_a_page_that_is_killed_is_started_again_a_few_times_and_the_line_is_told_once(line, words):
    """Then the line goes on without a page."""
    line.get("/api/line")
    for _ in range(MOST_RESTARTS):
        pid = line.process.pid
        os.kill(pid, signal.SIGKILL)
        assert waited_for(lambda old=pid: line.process.pid != old and answers(line))
    assert words == ["the page has ended and is started again; the line goes on"]
    os.kill(line.process.pid, signal.SIGKILL)
    assert waited_for(lambda: len(words) == 2)
    assert "is not started again; the line goes on" in words[1]
    line.feed.look(made.condition(time.monotonic() + 10))


def test_a_page_that_is_stopped_costs_records_and_no_time(line):
    """Twenty thousand records are sent or dropped without a wait, and it catches up when it goes on."""
    line.get("/api/line")
    os.kill(line.process.pid, signal.SIGSTOP)
    began = time.monotonic()
    for number in range(20_000):
        line.process.send(made.part(number, crop=None))
    took_s = time.monotonic() - began
    os.kill(line.process.pid, signal.SIGCONT)
    assert took_s < 5.0
    assert line.process.send(made.part(1, crop=None)) or waited_for(lambda: line.process.send(made.part(1, crop=None)))


def test_the_page_ends_when_the_line_is_gone(line):
    """However the line ends: its end of the pipe closes with it."""
    line.get("/api/line")
    pid = line.process.pid
    line.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_button_is_heeded_while_others_hold_the_page_up(line):
    """Browsers that send nothing, take nothing, or send nonsense keep nobody from pressing stop."""
    line.get("/api/line")
    host, port = line.settings.host, line.settings.port
    held = []
    for number in range(60):
        one = socket.create_connection((host, port))
        if number % 3 == 0:
            one.send(b"GET /api/events HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
        elif number % 3 == 1:
            one.send(b"POST /api/command HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 999999\r\n\r\n{")
        else:
            one.send(b"\x00\xff\r\n" * 50)
        held.append(one)
    for number in range(40):
        line.feed.saw(None, [], [])
        line.process.send(made.part(number))
    began = time.monotonic()
    line.press("stop")
    assert time.monotonic() - began < 2.0
    assert line.pressed == [Command.STOP]
    for one in held:
        one.close()


def test_connections_beyond_the_bound_are_refused_and_the_page_recovers(line):
    """Nobody can hold it up for good."""
    line.get("/api/line")
    held = []
    for _ in range(connections.MOST_CONNECTIONS + 40):
        held.append(socket.create_connection((line.settings.host, line.settings.port)))
    for one in held:
        one.close()
    assert waited_for(lambda: answers(line))


def test_a_picture_travels_from_the_camera_to_a_browser(line):
    """Through shared memory, once somebody looks."""
    from edge.parts import Frame

    stream = urllib.request.urlopen(line.settings.address + "api/events", timeout=20)
    image = np.full((320, 480, 3), 200, np.uint8)

    def show():
        line.feed.saw(Frame(image, time.monotonic(), 7), [], [])
        try:
            return line.get("/api/picture.jpg").startswith(b"\xff\xd8")
        except urllib.error.HTTPError:
            return False

    assert waited_for(show)
    stream.close()
