"""The first signal ends what runs, at once and in words; those that follow wait until it has ended."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from contextlib import suppress

import pytest

from edge.end_signals import SIGNALS, Stopped, blocked, ended_by_signals
from edge.said import say


def send(number):
    os.kill(os.getpid(), number)


@pytest.mark.parametrize(
    ("number", "raises"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Stopped), (signal.SIGHUP, Stopped)]
)
def test_the_first_signal_ends_it_and_says_so(number, raises, capfd):
    """What happens now is said before it happens."""
    with ended_by_signals("ending: so and so"):
        with pytest.raises(raises):
            send(number)
        assert capfd.readouterr().err == "ending: so and so\n"


def test_a_second_signal_is_deferred_and_a_third_is_not(capfd):
    """Whoever presses Ctrl-C three times gets away, but not while the gates are brought to rest."""
    with ended_by_signals("ending") as signals:
        with pytest.raises(KeyboardInterrupt):
            send(signal.SIGINT)
        send(signal.SIGINT)
        signals.held = True
        send(signal.SIGINT)
        signals.held = False
        with pytest.raises(KeyboardInterrupt):
            send(signal.SIGINT)
    assert capfd.readouterr().err == "ending\nit is ending already\nit is ending already\n"


def test_a_block_within_a_block_goes_on_until_the_outer_one_ends():
    """The line has ended and its report is being made: a signal does not break that either."""
    with ended_by_signals() as outer:
        with suppress(KeyboardInterrupt), ended_by_signals() as inner:
            assert inner is outer
            send(signal.SIGINT)
        send(signal.SIGTERM)


def test_handlers_are_given_back_and_what_was_ignored_stays_ignored():
    """Under nohup a closed terminal ends nothing."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ended_by_signals():
            send(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before[signal.SIGHUP])
    assert {number: signal.getsignal(number) for number in SIGNALS} == before


def test_signals_that_are_blocked_come_afterwards():
    """A child that is started meanwhile inherits this and gets none."""
    came = []
    with ended_by_signals(), pytest.raises(Stopped), blocked():
        signal.pthread_kill(threading.get_ident(), signal.SIGHUP)  # to this thread: another one blocks nothing
        came.append("blocked")
    assert came == ["blocked"]


@pytest.mark.parametrize("number", [errno.EPIPE, errno.EIO])
@pytest.mark.parametrize("err", [False, True])
def test_a_terminal_that_is_gone_breaks_nothing(monkeypatch, number, err):
    """Neither a closed pipe nor a closed terminal; what is said after that goes nowhere."""
    name = "stderr" if err else "stdout"

    class Gone:
        def write(self, _text):
            raise OSError(number, os.strerror(number))

        def flush(self):
            """Nothing is left to write."""

    monkeypatch.setattr(sys, name, Gone())
    assert not say("a line", err=err)
    nowhere = getattr(sys, name)
    assert say("another", err=err)
    nowhere.close()


def test_a_disk_that_is_full_is_still_an_error(monkeypatch):
    """A report that was to be kept in a file is missing there."""

    class Full:
        def write(self, _text):
            raise OSError(errno.ENOSPC, "no space left")

        def flush(self):
            """Nothing is left to write."""

    monkeypatch.setattr(sys, "stdout", Full())
    with pytest.raises(OSError, match="no space left"):
        say("a line")
