"""The server-sent events of the page: the newest of what has changed, as often as a browser takes it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial

from pydantic import BaseModel, TypeAdapter

from edge.web.hub import Hub, Shown
from edge.web.shown import BoxShown, IncidentShown, PictureShown, facts_shown, incidents_shown, now_shown, parts_shown
from edge.web.subscribers import TooMany

ALIVE_EVERY_S = 5.0  # so that a browser that has gone is noticed, and a proxy does not close a quiet line
_ALIVE = b": alive\n\n"
_INCIDENTS = TypeAdapter(list[IncidentShown])


async def news(hub: Hub, still_in: Callable[[], bool]) -> AsyncIterator[bytes]:
    """Yield one event after the other, until the line or the browser ends, or `still_in` says that it may not look."""
    try:
        with hub.subscribers.one() as subscriber:
            yield b"retry: 1000\n\n" + _event("facts", facts_shown(hub.book.facts))
            while not subscriber.over and still_in():
                changed = await subscriber.next(ALIVE_EVERY_S)
                yield b"".join(hub.subscribers.once(topic, partial(_topic, hub, topic)) for topic in changed) or _ALIVE
    except TooMany:
        return


def _topic(hub: Hub, topic: str) -> bytes:
    view = hub.view()
    if topic == "now":
        return _event(topic, now_shown(view))
    if topic == "parts":
        return _event(topic, parts_shown(view))
    if topic == "incidents":
        return _lines(topic, _INCIDENTS.dump_json(incidents_shown(view)))
    newest = next(reversed(hub.pictures.values()), None)
    return b"" if newest is None else _event(topic, picture_shown(newest))


def picture_shown(shown: Shown) -> PictureShown:
    """Return what is in a frame, and where it is."""
    told = shown.told
    boxes = [
        BoxShown(part=one.part, place=one.place, label=one.label, score=one.score, bin=one.bin, reason=one.reason)
        for one in told.boxes
    ]
    source = f"/api/pictures/{told.number}.jpg"
    return PictureShown(number=told.number, width=told.width, height=told.height, source=source, boxes=boxes)


def _event(name: str, content: BaseModel) -> bytes:
    return _lines(name, content.model_dump_json().encode())


def _lines(name: str, content: bytes) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + content + b"\n\n"
