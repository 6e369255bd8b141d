"""Connections that cannot be held without end: bounded in number, in how long a request and an answer may take."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_CONNECTIONS = 160
REQUEST_WITHIN_S = 10.0  # from the connection, or from the last answer, until the head of a request is here
TAKE_WITHIN_S = 10.0  # until a browser has taken what was sent, or is cut off
_SEND_BUFFER_BYTES = 64 * 1024


class BoundedConnection(H11Protocol):
    """A connection of uvicorn's that ends when the other side does nothing, or takes nothing."""

    _waiting: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Refuse one too many; wait for a request only so long."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
            return
        tcp = transport.get_extra_info("socket")
        if tcp is not None:
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timers."""
        self._cancel()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """A request whose head is here waits no more."""
        before = self.cycle
        super().handle_events()
        if self.cycle is not before and self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def on_response_complete(self) -> None:
        """Wait for the next request, only so long."""
        self._await_request()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """The other side is slow: it has so long to take what was sent."""
        super().pause_writing()
        if self._stuck is None:
            self._stuck = self.loop.call_later(TAKE_WITHIN_S, self.transport.abort)

    def resume_writing(self) -> None:
        """It has taken it."""
        super().resume_writing()
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def _await_request(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = self.loop.call_later(REQUEST_WITHIN_S, self.transport.abort)

    def _cancel(self) -> None:
        for timer in (self._waiting, self._stuck):
            if timer is not None:
                timer.cancel()
