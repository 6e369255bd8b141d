"""The page in a real browser: a part goes by and appears, an incident appears and is cleared, on a desk and a phone."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from edge.cli import cli
from edge.incidents import Incident, IncidentKind
from edge.line_told import Standing
from edge.parts import Decision, Frame, Reason
from edge.sorter import Outcome
from edge.states import Command, State
from edge.track import Track
from edge.web_table import WebTable
from edge.web_tokens import Role, TokenFile
from tests.edge.web_lines import a_line

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
WITHIN_MS = 30_000
LONG, NASTY = "a_label_of_quite_some_length_without_an_end", "<img src=x onerror=document.title='broken'>"


@pytest.fixture(scope="module")
def shared():
    """One line for all tests that neither end it nor ask for tokens."""
    with a_line([], labels=("coin", "nut", LONG, NASTY)) as made_line:
        yield made_line


@pytest.fixture
def line(shared):
    """The line as it begins, in Execute with nothing wrong."""
    shared.standing, shared.state, shared.since = [], State.EXECUTE, time.monotonic()
    shared.pressed.clear()
    return shared


@pytest.fixture
def opened(browser):
    """Open a page of its own; whatever its console complains of fails the test."""
    complaints, contexts = [], []

    def open_page(address, viewport=DESK, **options):
        context = browser.new_context(viewport=viewport, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WITHIN_MS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(address)
        return page

    open_page.complaints = complaints
    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@contextmanager
def running_line(folder, *options):
    """Run `edge-sort run --emulate --web` and yield the address of its page."""
    program = [sys.executable, "-c", "from edge.cli import main; main()"]
    command = [*program, "run", "--emulate", "--web", "127.0.0.1:0", *options]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (folder / "told.txt").open("w+") as told:
        line = subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.DEVNULL, stderr=told)
        try:
            address, until = None, time.monotonic() + 60
            while address is None and time.monotonic() < until:
                assert line.poll() is None, (folder / "told.txt").read_text()
                address = re.search(r"http://\S+", (folder / "told.txt").read_text())
                time.sleep(0.05)
            yield address[0]
        finally:
            line.terminate()
            line.wait(20)


def shown(page, selector, text):
    """Wait until an element shows a text."""
    page.locator(selector).filter(has_text=re.compile(text)).first.wait_for(state="visible")


def test_parts_of_an_emulated_line_go_by_and_an_incident_comes_and_goes(opened, tmp_path):
    """From one command to a moving line, its buttons, and a word on a part that stands in the record."""
    machine = tmp_path / "machine.toml"
    printed = CliRunner().invoke(cli, ["machine"]).output
    machine.write_text(f"{printed}\n[limits]\nno_flow_s = 1.0\n")
    options = ["--machine", "machine.toml", "--rate", "30", "--journal", "journal.sqlite"]
    with running_line(tmp_path, *options) as address:
        page = opened(address)
        shown(page, "#state", "Execute")
        shown(page, "#parts li", "sorted|%")
        page.locator("#boxes g").first.wait_for(state="attached")
        assert page.evaluate("document.getElementById('frame').naturalWidth") == 640
        shown(page, "#standing li", "no flow")
        assert "check the feeder" in page.locator("#standing .remedy").first.inner_text().lower()
        page.locator("#all-well").wait_for(state="visible")
        page.locator("summary").click()
        shown(page, "#history li", "over at")

        page.get_by_role("button", name="Hold").click()
        shown(page, "#state", "Held")
        start = page.get_by_role("button", name="Start")
        start.click()
        shown(page, "#answer", "Press again")
        assert page.locator("#state").inner_text() == "Held"
        start.click()
        shown(page, "#state", "Execute")

        page.locator("#parts button.part").first.click()
        page.locator("#part").get_by_role("button", name="screw").click()
        shown(page, "#part-answer", "is noted as screw")
        shown(page, "#part-says", "in truth screw")
        page.close()  # before the line ends, of which its console would complain
    with sqlite3.connect(tmp_path / "journal.sqlite") as journal:
        assert journal.execute("SELECT label FROM corrections").fetchall() == [("screw",)]
        causes = [row[0] for row in journal.execute("SELECT cause FROM state_changes ORDER BY at_s")]
    assert causes[1:3] == ["the page", "the page"]


def decided(number, doubtful=False, label="coin"):
    track = Track(number, 1500.0, 0.0, 20.0, 10.0, 0.0, 0.0, scores=[np.array([0.6, 0.4], np.float32)])
    reason = Reason.BELOW_THRESHOLD if doubtful else Reason.SORTED
    crop = np.full((90, 90, 3), 40 + number % 200, np.uint8)
    scores = (0.6, 0.4)
    return Outcome(track, Decision("reject" if doubtful else label, reason, label, 0.6, scores), time.monotonic(), crop)


def frame():
    return Frame(np.full((320, 480, 3), 180, np.uint8), time.monotonic(), 1)


def stand(line, kind, cause, remedy):
    """Have something happen that stands, and hold the line for it."""
    incident = Incident(kind, cause, remedy, time.monotonic())
    line.feed.happened(incident)
    line.standing = [Standing(str(kind), cause, remedy, incident.at)]
    line.state, line.since = State.HELD, incident.at


def test_an_incident_is_shown_with_cause_and_remedy_until_it_is_over(line, opened):
    """With the state it led to; what was there stays in the history."""
    page = opened(line.settings.address)
    shown(page, "#state", "Execute")
    stand(line, IncidentKind.JAM, "the photo-eye is blocked", "clear the belt before the eye")
    shown(page, "#standing .cause", "The photo-eye is blocked")
    shown(page, "#standing .remedy", "Clear the belt before the eye")
    shown(page, "#state", "Held")
    assert page.title().startswith("⚠ Held")
    line.standing, line.state = [], State.EXECUTE
    page.locator("#standing li").wait_for(state="detached")
    shown(page, "#all-well", "Nothing is wrong")


def test_a_doubtful_part_is_labelled_with_one_click(line, opened):
    """In the name that somebody has typed once."""
    page = opened(line.settings.address)
    shown(page, "#state", "Execute")
    line.feed.saw(frame(), [decided(7, doubtful=True)], [])
    shown(page, "#asked-says", "Part 7.*perhaps coin.*not sure enough")
    page.locator("#by").fill("Ada")
    page.locator("#asked-labels").get_by_role("button", name="nut").click()
    asked = []
    for _ in range(200):
        asked = list(line.feed._labels._waiting)
        if asked:
            break
        time.sleep(0.02)
    assert [(one.part, one.label, one.by) for one in asked] == [(7, "nut", "Ada")]
    line.feed._labels._waiting.clear()
    page.close()  # nobody answers
    opened.complaints.clear()


@pytest.mark.parametrize(("viewport", "scheme"), [(PHONE, "light"), (PHONE, "dark"), (DESK, "light")])
def test_the_page_fits_and_everybody_can_use_it(line, opened, tmp_path, viewport, scheme):
    """No side-scrolling, buttons large enough for a thumb, and no rule of axe-core is broken."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python").Axe()
    page = opened(line.settings.address, viewport, color_scheme=scheme)
    for number in range(30):
        line.feed.saw(frame(), [decided(number, doubtful=number % 10 == 0)], [])
    shown(page, "#parts li", "coin")
    stand(line, IncidentKind.BIN_FULL, "bin 'coin' is full, so its parts go to reject", "empty it")
    shown(page, "#standing li", "bin full")
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    assert (tmp_path / "page.png").stat().st_size > 20_000
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    for button in page.locator("#controls button, .label-choice:visible").all():
        assert button.bounding_box()["height"] >= 44
    found = axe.run(page).response["violations"]
    assert [f"{one['id']}: {one['nodes'][0]['html']}" for one in found] == []


def test_everything_is_reached_by_keyboard(line, opened):
    """The buttons first, past a link that skips to them."""
    page = opened(line.settings.address)
    shown(page, "#state", "Execute")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the buttons"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.command") == "hold"
    page.keyboard.press("Enter")
    for _ in range(200):
        if line.pressed:
            break
        time.sleep(0.02)
    assert line.pressed == [Command.HOLD]


def test_words_of_a_bundle_are_text_and_never_a_script(line, opened):
    """Whatever a label is called."""
    page = opened(line.settings.address)
    line.feed.saw(frame(), [decided(3, label=NASTY)], [])
    shown(page, "#parts li", "onerror")
    stand(line, IncidentKind.JAM, NASTY, NASTY)
    shown(page, "#standing li", "onerror")
    assert "broken" not in page.title()
    assert page.locator("#line img[src='x']").count() == 0


def test_a_line_that_ends_is_said_to_and_its_buttons_do_nothing(opened):
    """What is shown is old, and looks it."""
    with a_line([]) as line:
        page = opened(line.settings.address)
        shown(page, "#state", "Execute")
    shown(page, "#banner", "No connection to the line")
    assert page.get_by_role("button", name="Stop").is_disabled()
    opened.complaints[:] = [one for one in opened.complaints if "ERR_CONNECTION" not in one]
    page.close()


def test_a_viewer_comes_in_by_a_link_and_has_no_buttons(opened, tmp_path):
    """The token does not stay in the address; a wrong one is said to."""
    file = TokenFile(tmp_path / "tokens.json")
    token, operators = file.add("vic", Role.VIEWER), file.add("ada", Role.OPERATOR)
    with a_line([], WebTable(tokens=file.path)) as line:
        page = opened(line.settings.address, PHONE)
        page.get_by_label("Token").fill("wrong")
        page.get_by_role("button", name="Come in").click()
        shown(page, "#entry-problem", "no such token")
        opened.complaints.clear()  # the browser itself tells of the 401
        page.goto(f"{line.settings.address}#token={token}")
        page.reload()
        shown(page, "#who", "vic, viewer")
        assert token not in page.url
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert page.locator("#controls").is_hidden()
        assert page.evaluate("document.cookie") == ""
        page.get_by_role("button", name="Sign out").click()
        page.get_by_label("Token").fill(operators.upper())
        page.get_by_role("button", name="Come in").click()
        shown(page, "#who", "ada, operator")
        page.get_by_role("button", name="Stop").wait_for(state="visible")
        file.remove("ada")
        page.get_by_label("Token").wait_for(state="visible")
        page.close()
        opened.complaints.clear()


def test_every_change_of_state_looks_different(line, opened):
    """Not by colour alone: each has its word."""
    page = opened(line.settings.address)
    seen = {}
    for state in State:
        line.state, line.since = state, time.monotonic()
        shown(page, "#state", f"^{state}$")
        seen[state] = page.evaluate("getComputedStyle(document.getElementById('state')).color")
    assert len(set(seen.values())) == len(State), json.dumps(seen)
