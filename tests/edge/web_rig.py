"""A page without a line: the app in this process, and the other end of its pipe in the hands of a test."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import pickle
import socket
from contextlib import contextmanager

import httpx

from edge.line_told import Answer
from edge.picture_slots import PictureSlots
from edge.web.app import build_app
from edge.web.hub import Hub
from edge.web_settings import WebSettings
from tests.edge import told_lines as made

OWN = {"x-edge-sort": "1"}


class Page:
    """hub: what the page knows. line: what a sorter would hold. asked: what has come through it."""

    def __init__(self, tokens=None, names=()):
        self.line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.line.setblocking(False)
        self.now = 110.0
        self.slots = PictureSlots(multiprocessing.get_context("spawn"), 48, 32)
        self.hub = Hub(theirs, made.facts(), self.slots, lambda: self.now)
        settings = WebSettings("127.0.0.1", 8080, tokens, frozenset({"localhost", "127.0.0.1", *names}))
        self.app = build_app(self.hub, settings)
        self._theirs = theirs

    def client(self, **changes):
        """Return a browser of sorts."""
        known = {"transport": httpx.ASGITransport(app=self.app), "base_url": "http://127.0.0.1:8080"}
        return httpx.AsyncClient(**{**known, **changes})

    def tell(self, *told):
        """Tell it something, as the sorter does."""
        for one in told:
            self.line.send(pickle.dumps(one))

    def asked(self):
        """Return what the page has asked since the last call."""
        found = []
        while True:
            try:
                found.append(json.loads(self.line.recv(4096)))
            except BlockingIOError:
                return found

    async def answering(self, request, problem=None):
        """Have a request made, answer what it asks of the line, and return its answer and what was asked."""
        sent = asyncio.ensure_future(request)
        asked = []
        while not sent.done() and not asked:
            await asyncio.sleep(0)
            asked = [one for one in self.asked() if "ask" in one]
        for one in asked:
            self.tell(Answer(one["ask"], problem))
        return await sent, asked

    def run(self, play):
        """Run a coroutine function with this page listening."""

        async def whole():
            with self.hub.listening():
                return await play()

        return asyncio.run(whole())

    def close(self):
        self.line.close()
        self._theirs.close()


@contextmanager
def a_page(tokens=None, names=()):
    """Yield a page, and close it."""
    page = Page(tokens, names)
    try:
        yield page
    finally:
        page.close()
