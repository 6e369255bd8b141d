"""The end of the page's process: within stated times, whatever it or its start is at."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from edge import web_process
from edge.web_process import WebProcess


class Stubborn:
    """A process that ends when it is killed, or not even then."""

    pid = 1

    def __init__(self, *, mortal=True):
        self._mortal, self.done = mortal, []

    def join(self, within_s):
        self.done.append(("join", within_s))

    def is_alive(self):
        return not (self._mortal and "kill" in self.done)

    def kill(self):
        self.done.append("kill")

    def close(self):
        if self.is_alive():
            raise ValueError("Cannot close a process while it is still running")
        self.done.append("close")


@pytest.fixture
def page(monkeypatch):
    """A page whose processes are the given ones, one start after the other; `slow` is waited for in each."""
    made = []

    def open_page(processes, slow=None):
        left = iter(processes)

        def start(self):
            if slow is not None and self._process is not None:
                slow.wait(10)
            self._process = next(left)
            self._socket = socket.socket()

        monkeypatch.setattr(WebProcess, "_start", start)
        made.append(WebProcess(socket.socket(), None, None, None, lambda _words: None))
        return made[-1]

    monkeypatch.setattr(web_process, "END_WITHIN_S", 0.01)
    monkeypatch.setattr(web_process, "RESTART_AFTER_S", 0.0)
    yield open_page
    for one in made:
        one.close()


@pytest.mark.parametrize("mortal", [True, False])
def test_a_page_that_does_not_end_is_killed_after_a_stated_time(page, mortal):
    """And waited for no longer than that again, however it takes it."""
    process = Stubborn(mortal=mortal)
    one = page([process])
    one.close()
    one.close()
    within = ("join", web_process.END_WITHIN_S)
    assert process.done == [within, "kill", within, *(["close"] if mortal else [])]


def test_a_page_whose_start_takes_longer_than_the_line_is_put_away_once_it_has_started(page):
    """Else the program would wait for it at its end, for ever: it hears neither the line nor SIGTERM."""
    may_start, late = threading.Event(), Stubborn()
    one = page([Stubborn(), late], slow=may_start)
    one._has_ended()
    one.receive()
    (starting,) = [thread for thread in threading.enumerate() if thread.name == "edge-sort page"]
    began = time.monotonic()
    one.close()
    assert time.monotonic() - began < 5.0
    assert late.done == []
    may_start.set()
    starting.join(10)
    assert late.done[-1] == "close"
    assert one.pid is None
