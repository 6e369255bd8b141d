"""A page that we made, opened from its file in a real browser: what a person would complain of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
SCREENS = [pytest.param(DESK, "light", id="desk"), pytest.param(PHONE, "light", id="phone"),
           pytest.param(PHONE, "dark", id="phone, dark")]  # fmt: skip


@contextmanager
def opened(browser: Any, file: Path, viewport: dict[str, int], scheme: str = "light") -> Iterator[Any]:
    """Yield the page; afterwards, what its console complained of and what it asked of a network fails the test."""
    context = browser.new_context(viewport=viewport, color_scheme=scheme, offline=True)
    complaints: list[str] = []
    try:
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("request", lambda asked: complaints.append(f"asked for {asked.url[:80]}") if fetched(asked) else None)
        page.goto(file.as_uri())
        yield page
    finally:
        context.close()
    assert complaints == []


def fetched(asked: Any) -> bool:
    """Whether a request is for anything but the page itself and what it carries."""
    return not (asked.url.startswith("data:") or asked.is_navigation_request())


def require_readable(page: Any, first: str) -> None:
    """Fail when something is cut off, missing or closed to some, or `first` is not seen at once.

    first: a selector of what nobody should have to look for.
    """
    width, height = page.viewport_size["width"], page.viewport_size["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    unseen = "[...document.images].filter(one => !one.complete || !one.naturalWidth).map(one => one.alt)"
    assert page.evaluate(unseen) == []
    box = page.locator(first).first.bounding_box()
    assert box["y"] + box["height"] <= height / 2, f"{first} ends at {box['y'] + box['height']} of {height} px"
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python").Axe()
    broken = axe.run(page).response["violations"]
    assert [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in broken] == []
