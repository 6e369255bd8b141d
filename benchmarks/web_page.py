"""How soon the page can be used, and what a day of parts does to it.

    python benchmarks/web_page.py [--parts N] [--loads N]

A line that tells as many parts as a day has, as fast as its page's process takes them, with an incident now and then;
before and after: its memory, how long it takes to answer, and, where Chromium is installed, from the first byte asked
for until the buttons can be pressed, and what a tab has grown to that was open all the time.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import statistics
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from edge.line_told import Condition, IncidentTold, LineFacts, PartTold, Pixels, Totals
from edge.picture_slots import PictureSlots
from edge.states import Command, State
from edge.web_process import WebProcess
from edge.web_settings import listen, web_settings
from edge.web_table import WebTable

LABELS = ("coin", "key", "nut", "paper_clip", "part_a", "part_b", "screw")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


class Telling:
    """Tells the page's process what a line would."""

    def __init__(self, process: WebProcess) -> None:
        self._process, self._parts, self._rng = process, 0, np.random.default_rng(0)
        self._crops = [Pixels(112, 112, self._rng.bytes(112 * 112 * 3)) for _ in range(20)]

    def parts(self, count: int) -> None:
        """Tell of so many parts; wait where there is no room, which a line never does."""
        for _ in range(count):
            self._parts += 1
            number, now = self._parts, time.monotonic()
            label = LABELS[number % len(LABELS)]
            doubtful = number % 50 == 0
            told = PartTold(
                part=number,
                at=now,
                label=label,
                score=0.9,
                scores=(0.9, *[0.1 / 6] * 6),
                bin="reject" if doubtful else label,
                reason="below_threshold" if doubtful else "sorted",
                latency_ms=10.0,
                doubtful=doubtful,
                crop=self._crops[number % 20],
            )
            self._tell(told)
            if number % 500 == 0:
                self._tell(IncidentTold(now, "no_flow", "no part for 60 s", "check the feeder"))
            if number % 20 == 0:
                self.state()

    def state(self) -> None:
        """Tell how the line is."""
        now = time.monotonic()
        self._tell(Condition(now, State.EXECUTE, now - 10, (Command.HOLD, Command.STOP)))
        self._tell(Totals(now, self._parts * 10, self._parts, {"coin": self._parts}, {"sorted": self._parts}))

    def _tell(self, told: Any) -> None:
        while not self._process.send(told):
            self._process.receive()
            time.sleep(0.0005)


def answers_ms(address: str, times: int = 20) -> float:
    """Return the median time that all of the line takes to be answered."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        with urllib.request.urlopen(f"{address}api/line", timeout=60) as answer:
            answer.read()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


@contextmanager
def chromium() -> Iterator[Any]:
    """Yield Chromium, None where it or what drives it is not installed."""
    path = shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        path = None
    if path is None:
        yield None
        return
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def interactive_ms(browser: Any, address: str, times: int) -> list[float]:
    """Return how long it takes, each time, from an empty profile until a button can be pressed."""
    took = []
    for _ in range(times):
        page = browser.new_page()
        page.goto(address, wait_until="commit")
        page.locator("[data-command=stop]:enabled").wait_for()
        usable = "performance.getEntriesByName('usable')[0].startTime"  # marked by the page itself
        took.append(float(page.evaluate(usable)))
        page.close()
    return took


def grown(tab: Any) -> str:
    """Say how large an open tab is, and how long it takes to show a part that is clicked on."""
    session = tab.context.new_cdp_session(tab)
    session.send("HeapProfiler.collectGarbage")
    heap_mb = tab.evaluate("performance.memory.usedJSHeapSize") / 1e6
    elements = tab.evaluate("document.getElementsByTagName('*').length")
    click_ms = tab.evaluate(
        "() => { const at = performance.now(); document.querySelector('#parts button').click();"
        " return performance.now() - at; }"
    )
    tab.keyboard.press("Escape")
    return f"the open tab has {elements} elements and {heap_mb:.1f} MB, and shows a part in {click_ms:.1f} ms"


def memory_mb(pid: int | None) -> float:
    """Return a process's resident memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return float("nan")


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else None)
    parser.add_argument("--parts", type=int, default=86_400)
    parser.add_argument("--loads", type=int, default=5)
    arguments = parser.parse_args()
    listening, settings = listen(web_settings(WebTable(), "127.0.0.1:0"))
    slots = PictureSlots(multiprocessing.get_context("spawn"), 480, 320)
    now = time.monotonic()
    facts = LineFacts(1, LABELS, LABELS, "b" * 64, "m" * 64, "emulated", 150.0, now, time.time() - now)
    with closing(WebProcess(listening, settings, facts, slots, print)) as process, chromium() as browser:
        telling = Telling(process)
        tab = browser.new_page() if browser else None
        if tab:
            tab.goto(settings.address)
        for name, count in (("after 100 parts", 100), (f"after {arguments.parts} more", arguments.parts)):
            began = time.perf_counter()
            telling.parts(count)
            answers_ms(settings.address, 1)
            took_s = time.perf_counter() - began
            telling.state()
            shown = "no Chromium"
            if tab:
                tab.bring_to_front()
                tab.locator("#parts li").nth(20).wait_for()
                loads = interactive_ms(browser, settings.address, arguments.loads)
                shown = f"{statistics.median(loads):.0f} ms (worst {max(loads):.0f}); {grown(tab)}"
            print(
                f"{name}: {count / took_s:.0f} parts/s taken, {memory_mb(process.pid):.1f} MB, "
                f"answers in {answers_ms(settings.address):.1f} ms, buttons usable after {shown}"
            )


if __name__ == "__main__":
    main()
