"""The path that Prometheus reads."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from edge.metrics import metrics_text
from edge.web.door import Door
from edge.web.hub import Hub
from edge.web.problem import PROBLEMS


def measuring(hub: Hub, door: Door) -> APIRouter:
    """Return the path with the metrics, for whoever may look."""
    routes = APIRouter(responses=PROBLEMS, dependencies=[Depends(door.viewer)])

    @routes.get("/metrics", response_class=Response)
    async def metrics(request: Request) -> Response:
        """Show the line's counts, states and times in the form that Prometheus reads."""
        text, content_type = metrics_text(hub.view(), request.headers.get("accept", ""))
        return Response(text, headers={"content-type": content_type})

    return routes
