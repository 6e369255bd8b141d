"""What whoever may look can see: the line at once, as it changes, and its pictures."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Request
from fastapi.responses import Response, StreamingResponse

from edge.web.door import Door
from edge.web.hub import Hub
from edge.web.jpegs import jpeg
from edge.web.news import news
from edge.web.problem import PROBLEMS
from edge.web.shown import LineShown, line_shown
from edge.web.subscribers import MOST_SUBSCRIBERS

_Number = Annotated[int, Path(ge=0, lt=2**53)]


# no 404, of which a browser's console complains: a slow one may ask for what has made room meanwhile
_NOT_KEPT: dict[int | str, dict[str, Any]] = {204: {"description": "not kept here, or not any more"}}


class JpegResponse(Response):
    """A picture."""

    media_type = "image/jpeg"


class EventsResponse(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


def showing(hub: Hub, door: Door) -> APIRouter:
    """Return the paths that show the line."""
    routes = APIRouter(prefix="/api", responses=PROBLEMS, dependencies=[Depends(door.viewer)])

    @routes.get("/line")
    async def line() -> LineShown:
        """Show all of it at once."""
        return line_shown(hub.view())

    @routes.get("/events", response_class=EventsResponse)
    async def events(request: Request) -> Response:
        """Show it as it changes: events `facts`, `now`, `parts`, `incidents` and `picture`, each whole in itself."""
        if len(hub.subscribers) >= MOST_SUBSCRIBERS:
            raise HTTPException(503, f"{MOST_SUBSCRIBERS} pages are open already; close one", {"retry-after": "10"})
        stream = news(hub, lambda: door.who(request) is not None)
        return EventsResponse(stream, headers={"cache-control": "no-store", "x-accel-buffering": "no"})

    @routes.get("/picture.jpg", response_class=JpegResponse)
    async def newest_picture() -> Response:
        """Show the newest frame. There is one while somebody follows the events."""
        newest = next(reversed(hub.pictures.values()), None)
        if newest is None:
            raise HTTPException(404, "no frame has come yet; one comes while somebody follows the events")
        return JpegResponse(newest.jpeg.data)

    @routes.get("/pictures/{number}.jpg", response_class=JpegResponse, responses=_NOT_KEPT)
    async def picture(number: _Number) -> Response:
        """Show one of the last few frames."""
        shown = hub.pictures.get(number)
        return Response(status_code=204) if shown is None else JpegResponse(shown.jpeg.data)

    @routes.get("/parts/{part}.jpg", response_class=JpegResponse, responses=_NOT_KEPT)
    async def part_picture(part: _Number) -> Response:
        """Show one of the last parts."""
        crop = hub.book.crop(part)
        if crop is None:
            return Response(status_code=204)
        return JpegResponse(jpeg(crop), headers={"cache-control": "private, max-age=3600, immutable"})

    return routes
