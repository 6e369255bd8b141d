"""The page's process: it may hang, be flooded or die, and the line goes on; when the line ends, so does it."""

from __future__ import annotations

import os
import signal
import socket
import time
import urllib.error
import urllib.request

import numpy as np
import pytest

from edge.states import Command
from edge.web import connections
from edge.web_process import MOST_RESTARTS
from tests.edge import told_lines as made
from tests.edge.web_lines import a_line

pytestmark = pytest.mark.slow


@pytest.fixture
def words():
    return []


@pytest.fixture
def line(words):
    with a_line(words) as made_line:
        yield made_line


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
