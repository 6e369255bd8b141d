"""What is said while parts ride never waits for whoever reads it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

import pytest

from edge.said import PassingWords, would_wait


@pytest.fixture
def unread():
    """Both ends of a pipe that is full: nobody has read it."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, b"-" * 4096)
    os.set_blocking(writer, True)
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        yield reader, stream
    os.close(reader)


def test_lines_that_nobody_takes_are_left_out_counted_and_told_of_later(unread, monkeypatch):
    """A terminal held by Ctrl-S, or a pipe nobody reads, would else stop the sorter, and its gates with it."""
    reader, stream = unread
    monkeypatch.setattr(sys, "stdout", stream)
    words = PassingWords()
    assert would_wait(stream)
    words.say("part 1")
    words.say("part 2")
    os.set_blocking(reader, False)
    with suppress(BlockingIOError):
        while os.read(reader, 65536):
            pass
    words.say("part 3")
    assert os.read(reader, 65536).decode() == "(2 lines left out here, which nobody took)\npart 3\n"


def test_a_stream_that_cannot_be_asked_is_written_to(capsys):
    """A file in memory has no descriptor."""
    PassingWords().say("part 1")
    assert capsys.readouterr().out == "part 1\n"
    assert not would_wait(10_000)
