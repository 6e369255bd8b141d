"""Serve the page until the line ends."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from contextlib import suppress

import uvicorn

from edge.line_told import LineFacts
from edge.picture_slots import PictureSlots
from edge.web.app import build_app
from edge.web.connections import BoundedConnection
from edge.web.hub import Hub
from edge.web_settings import WebSettings

_NICER = 5  # than the line, which shares the processors
_GRACE_S = 0.5
_MOST_HEAD_BYTES = 16_384


def serve(
    line: socket.socket, listening: socket.socket, settings: WebSettings, facts: LineFacts, slots: PictureSlots
) -> None:
    """Serve until the other end of `line` is closed. Runs in the page's process."""
    with suppress(OSError):
        os.nice(_NICER)
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)  # whatever a browser sends, it writes nothing here
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    asyncio.run(_serve(line, listening, settings, facts, slots))
    os._exit(0)  # a browser may still hold a connection; nothing here needs to be put away


async def _serve(
    line: socket.socket, listening: socket.socket, settings: WebSettings, facts: LineFacts, slots: PictureSlots
) -> None:
    hub = Hub(line, facts, slots, time.monotonic)
    config = uvicorn.Config(
        build_app(hub, settings),
        http=BoundedConnection,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        h11_max_incomplete_event_size=_MOST_HEAD_BYTES,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    with hub.listening():
        await hub.line_ended.wait()
    server.should_exit = True
    await asyncio.wait([serving], timeout=_GRACE_S)
