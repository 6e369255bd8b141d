"""What the page shows of a line, and what it asks of it."""

from __future__ import annotations

import asyncio
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from edge.line_told import Box, PictureTold
from edge.states import Command, State
from edge.web import hub as hub_module
from edge.web.news import news
from edge.web.subscribers import MOST_SUBSCRIBERS, Subscribers, TooMany
from tests.edge import told_lines as made
from tests.edge.web_rig import OWN, a_page


@pytest.fixture
def page():
    with a_page() as made_page:
        yield made_page


def get(page, *paths):
    """Return the answers to some paths, once the page has heard what was told."""

    async def play():
        await asyncio.sleep(0.01)
        async with page.client() as browser:
            return [await browser.get(path) for path in paths]

    return page.run(play)


def test_the_line_is_shown_with_its_state_counts_and_incidents(page):
    """What it told is what is seen."""
    incident, standing = made.jam(105.0)
    page.tell(made.totals(109.0, parts=7, frames=90), incident, made.condition(109.0, State.HELD, [standing]))
    page.tell(made.part(3, at=108.0))
    (answer,) = get(page, "/api/line")
    shown = answer.json()
    assert (shown["now"]["state"], shown["now"]["parts"]) == ("Held", 7)
    assert shown["now"]["bins"] == {"coin": 7, "nut": 0, "reject": 0}
    assert shown["now"]["standing"] == [
        {"kind": "jam", "cause": "the photo-eye is blocked", "remedy": "clear the belt", "for_s": 5.0}
    ]
    assert shown["incidents"][0]["standing"] is True
    assert shown["parts"]["parts"][0]["scores"] == {"coin": 0.99, "nut": 0.01}


def test_a_line_that_has_told_nothing_yet_is_shown_as_unknown(page):
    """Nothing is made up."""
    (answer,) = get(page, "/api/line")
    now = answer.json()["now"]
    assert (now["state"], now["latency"]["p50_ms"]) == (None, None)


def test_pictures_of_frames_and_parts_are_jpegs(page):
    """The slot is given back as soon as it has been read."""
    frame = np.zeros((32, 48, 3), np.uint8)
    frame[:, :, 0] = 200
    slot, width, height = page.slots.put(frame)
    page.tell(PictureTold(5, 109.0, slot, width, height, (Box(1, (1.0, 2.0, 3.0, 4.0)),)), made.part(3))
    newest, fifth, crop, none, gone = get(
        page, "/api/picture.jpg", "/api/pictures/5.jpg", "/api/parts/3.jpg", "/api/parts/4.jpg", "/api/pictures/4.jpg"
    )
    assert newest.content == fifth.content
    red = Image.open(io.BytesIO(newest.content)).getpixel((20, 20))
    assert red == pytest.approx((200, 0, 0), abs=6)
    assert Image.open(io.BytesIO(crop.content)).size == (2, 2)
    assert (none.status_code, gone.status_code) == (204, 204), "no console complains of it"
    assert {"kind": "freed", "slot": slot} in page.asked()


@pytest.mark.parametrize("command", ["start", "hold", "stop", "reset"])
def test_a_button_of_the_page_is_asked_of_the_line_and_answered(page, command):
    """The answer is the line's own."""

    async def play():
        async with page.client() as browser:
            done = await page.answering(browser.post("/api/command", json={"command": command}, headers=OWN))
            request = browser.post("/api/command", json={"command": command}, headers=OWN)
            return done, await page.answering(request, "start is refused: the belt is blocked; mend that first")

    (done, asked), (refused, _) = page.run(play)
    assert done.status_code == 200
    assert (asked[0]["command"], asked[0]["at"], asked[0]["by"]) == (command, 110.0, "the page")
    assert (refused.status_code, refused.json()["problem"]) == (
        409,
        "start is refused: the belt is blocked; mend that first",
    )


@pytest.mark.parametrize("body", [{"command": "abort"}, {"command": "START"}, {}, {"command": None}, [], "start"])
def test_what_is_no_button_is_asked_of_nobody(page, body):
    """Only what the page may ask goes through."""

    async def play():
        async with page.client() as browser:
            return await browser.post("/api/command", json=body, headers=OWN)

    assert page.run(play).status_code == 422
    assert [one for one in page.asked() if "ask" in one] == []


def test_a_line_that_does_not_answer_is_said_to(page, monkeypatch):
    """After a bounded time."""
    monkeypatch.setattr(hub_module, "COMMAND_WITHIN_S", 0.02)

    async def play():
        async with page.client() as browser:
            return await browser.post("/api/command", json={"command": "stop"}, headers=OWN)

    assert page.run(play).status_code == 503


def test_a_line_that_ends_meanwhile_is_an_answer_too(page):
    """And no failure of the page."""

    async def play():
        async with page.client() as browser:
            sent = asyncio.ensure_future(browser.post("/api/command", json={"command": "stop"}, headers=OWN))
            while not any("ask" in one for one in page.asked()):
                await asyncio.sleep(0)
            page.line.close()
            return await sent

    answer = page.run(play)
    assert (answer.status_code, answer.json()["problem"]) == (503, hub_module.NO_ANSWER)


def test_a_label_is_said_in_somebodys_name(page):
    """Where no token is asked for, people say who they are."""

    async def play():
        async with page.client() as browser:
            said = {"label": "nut", "by": " Ada "}
            return await page.answering(browser.post("/api/parts/3/label", json=said, headers=OWN))

    answer, asked = page.run(play)
    assert answer.status_code == 200
    assert (asked[0]["part"], asked[0]["label"], asked[0]["by"]) == (3, "nut", "Ada")


def read_events(chunks):
    """Return the events in some bytes: names and contents."""
    found = []
    for block in b"".join(chunks).decode().split("\n\n"):
        lines = dict(line.partition(": ")[::2] for line in block.splitlines())
        if "event" in lines:
            found.append((lines["event"], json.loads(lines["data"])))
    return found


def test_a_slow_browser_is_told_the_newest_and_not_all(page):
    """Of a thousand changes between two reads it gets one."""

    async def play():
        stream = news(page.hub, lambda: True)
        await anext(stream)
        await anext(stream)
        for number in range(1000):
            page.hub.hear(made.part(number))
            page.hub.hear(made.totals(100.0 + number, number, number))
        chunk = await anext(stream)
        await stream.aclose()
        return read_events([chunk])

    events = page.run(play)
    assert sorted(name for name, _ in events) == ["now", "parts"]
    assert dict(events)["now"]["parts"] == 999
    assert dict(events)["parts"]["parts"][0]["part"] == 999


def test_the_line_hears_how_many_look(page):
    """So that it passes on no pictures for nobody."""

    async def play():
        stream = news(page.hub, lambda: True)
        await anext(stream)
        await stream.aclose()

    page.run(play)
    assert [one["count"] for one in page.asked() if one["kind"] == "watchers"] == [1, 0]


def test_somebody_who_may_look_no_more_is_told_nothing_more(page):
    """A token that was taken away ends a stream too."""

    async def play():
        may = [True]
        stream = news(page.hub, lambda: may[0])
        await anext(stream)
        may[0] = False
        return [chunk async for chunk in stream]

    assert page.run(play) == []


def test_the_browsers_that_are_told_are_bounded():
    """One too many is refused, and one that goes makes room."""
    subscribers = Subscribers(lambda count: None)
    held = [subscribers.one() for _ in range(MOST_SUBSCRIBERS)]
    for one in held:
        one.__enter__()
    with pytest.raises(TooMany), subscribers.one():
        pass
    held[0].__exit__(None, None, None)
    with subscribers.one():
        assert len(subscribers) == MOST_SUBSCRIBERS


def test_the_page_needs_no_internet_and_no_script_in_its_html(page, resources_of):
    """Everything it loads is its own."""
    (answer,) = get(page, "/")
    for address in resources_of(answer.text).addresses:
        assert address.startswith(("/page/", "#")), address
    assert "<script>" not in answer.text
    assert "style=" not in answer.text


@pytest.mark.parametrize("name", ["index.html", "page.js", "page.css", "icon.svg", "edge-sort.webmanifest"])
def test_the_files_of_the_page_are_served_and_no_other(page, name):
    """No path of a request names a file on the disk."""
    answer, other = get(page, f"/page/{name}", f"/page/..%2F{name}")
    assert (answer.status_code, other.status_code) == (200, 404)


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"json": {"command": "abort"}}, "should be 'start', 'hold', 'stop' or 'reset'"),
        ({"content": b'{"command": "stop"}', "kind": "text/plain"}, "Content-Type application/json, found text/plain"),
    ],
)
def test_what_is_asked_wrongly_is_told_in_words_of_the_page(page, sent, words):
    """No name of a class, no word of a library."""
    headers = {**OWN, **({"content-type": sent.pop("kind")} if "kind" in sent else {})}

    async def play():
        async with page.client() as browser:
            return await browser.post("/api/command", headers=headers, **sent)

    answer = page.run(play)
    assert answer.status_code == 422
    assert words in answer.json()["problem"]
    assert "<" not in answer.json()["problem"]


def test_only_what_can_be_asked_is_offered(page):
    """A line can abort, and nobody can ask it to."""
    page.hub.book.hear(replace(made.condition(), can=tuple(Command)))
    (answer,) = get(page, "/api/line")
    assert answer.json()["now"]["can"] == ["start", "hold", "stop", "reset"]


def test_the_icon_is_where_browsers_look_for_it(page):
    """So that no console complains."""
    (answer,) = get(page, "/favicon.ico")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
