"""What all tests share: settings for property tests, and a reader of the pages we make."""

from __future__ import annotations

import os
from html.parser import HTMLParser

import pytest
from hypothesis import is_hypothesis_test, settings

from firmware_bridge.compilers import find_host_compiler
from firmware_bridge.host_board import compile_core
from tests.edge.browsers import a_browser
from tests.undrawn import UndrawnFigure

# the same examples every time, and a slow machine fails none of them
settings.register_profile("thorough", deadline=None, derandomize=True)
settings.register_profile("quick", settings.get_profile("thorough"), max_examples=30)
settings.load_profile("quick")  # `make test-slow` asks for the other one

pytest.register_assert_rewrite("tests.opened_pages")  # its failures say what was found


@pytest.hookimpl(tryfirst=True)  # before -m selects
def pytest_collection_modifyitems(items):
    """Mark every property test, so that the slow run finds them all."""
    for item in items:
        if is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker("property")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: many tests wait for a child, or for the clock."""
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def core(tmp_path_factory):
    """The core of a board's firmware as a program for this computer, compiled once."""
    if find_host_compiler() is None:
        pytest.skip("needs a C compiler: cc, gcc or clang on PATH, or pip install ziglang")
    return compile_core(tmp_path_factory.mktemp("board"))


@pytest.fixture(scope="module")
def browser():
    """Chromium, for the tests of one file."""
    with a_browser() as started:
        yield started


class _Resources(HTMLParser):
    """Collects everything a browser would fetch or run, and every tag left open."""

    def __init__(self):
        super().__init__()
        self.addresses, self.tags, self.open = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "data", "action", "srcset")]
        if tag not in ("meta", "img", "br", "link", "input", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open:
            while self.open.pop() != tag:
                pass


@pytest.fixture
def resources_of():
    """Read a page, which must be text, and return what a browser would find in it."""

    def read(page):
        found = _Resources()
        found.feed(page)
        return found

    return read


@pytest.fixture
def unrendered(monkeypatch):
    """Leave matplotlib out, nine tenths of a page's time, for who reads its words: what it would draw is computed."""
    monkeypatch.setattr("matplotlib.figure.Figure", UndrawnFigure)
