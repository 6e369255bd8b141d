"""The operator's page lives in a process of its own, so that no browser ever holds up the line.

What the line tells goes through a socket that is never waited for, pictures through shared memory. When the page's
process ends, the line goes on without it and starts it again a few times; when the line ends, the page's process does.
"""

from __future__ import annotations

import multiprocessing
import pickle
import socket
import threading
import time
from collections.abc import Callable
from multiprocessing import resource_tracker
from multiprocessing.process import BaseProcess

from edge.end_signals import blocked
from edge.line_asked import MOST_BYTES, Asked, read_asked
from edge.line_told import LineFacts, Told
from edge.picture_slots import PictureSlots
from edge.web_settings import WebSettings

MOST_RESTARTS = 3
RESTART_AFTER_S = 1.0
END_WITHIN_S = 2.0
_BUFFER_BYTES = 1 << 20  # asked for; the system gives what it allows
_MOST_AT_ONCE = 64


class WebProcess:
    """A Channel to the page's process, which is started here and started again where it ends before its time."""

    def __init__(
        self,
        listening: socket.socket,
        settings: WebSettings,
        facts: LineFacts,
        slots: PictureSlots,
        tell: Callable[[str], None],
    ) -> None:
        """tell: hears when the page's process has ended, and that is all that comes of it."""
        self._listening, self._settings, self._facts, self._slots = listening, settings, facts, slots
        self._tell = tell
        self.on_restart: Callable[[], None] = lambda: None
        self._restarts = 0
        self._restart_at: float | None = None
        self._closed = False
        self._changing = threading.Lock()  # held by whoever starts a process or puts it away
        self._socket: socket.socket | None = None
        self._process: BaseProcess | None = None
        try:
            self._start()
        except BaseException:  # also a Ctrl-C in between: a process that is left over would keep this one from ending
            self.close()
            raise

    @property
    def pid(self) -> int | None:
        """The process that serves now."""
        return self._process.pid if self._process else None

    def send(self, told: Told) -> bool:
        """Send without waiting; say whether there was room."""
        if self._socket is None:
            return False
        try:
            self._socket.send(pickle.dumps(told, pickle.HIGHEST_PROTOCOL))
        except OSError:  # no room, or nobody there: `receive` finds out which
            return False
        return True

    def receive(self) -> list[Asked]:
        """Return what has come in, without waiting; start the process again when it has ended."""
        asked: list[Asked] = []
        if self._socket is None:
            self._start_again_if_it_is_time()
            return asked
        for _ in range(_MOST_AT_ONCE):
            try:
                message = self._socket.recv(MOST_BYTES)
            except BlockingIOError:
                break
            except OSError:
                message = b""
            if not message:
                self._has_ended()
                break
            one = read_asked(message)
            if one is not None:
                asked.append(one)
        return asked

    def close(self) -> None:
        """End the process, by force after END_WITHIN_S. May be called twice."""
        self._closed = True
        if self._changing.acquire(timeout=END_WITHIN_S):
            try:
                self._put_away()
            finally:
                self._changing.release()
        self._listening.close()

    def _put_away(self) -> None:
        if self._socket is not None:
            self._socket.close()  # it ends when this does
            self._socket = None
        process, self._process = self._process, None
        if process is None or process.pid is None:
            return
        process.join(END_WITHIN_S)
        if process.is_alive():
            process.kill()
            process.join(END_WITHIN_S)
        if not process.is_alive():
            process.close()

    def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
        self._socket = ours
        context = multiprocessing.get_context("spawn")
        self._process = process = context.Process(
            target=_serve,
            args=(theirs, self._listening, self._settings, self._facts, self._slots),
            name="edge-sort page",
            daemon=True,
        )
        # Ctrl-C and `systemctl stop` reach both processes; they are for the line, whose end ends this one
        with blocked():
            resource_tracker.ensure_running()  # it unblocks what it heeds not itself
        try:
            with blocked():
                process.start()
        finally:
            theirs.close()

    def _has_ended(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._restarts += 1
        if self._restarts > MOST_RESTARTS:
            self._tell(f"the page has ended {self._restarts} times and is not started again; the line goes on")
            return
        if self._restarts == 1:
            self._tell("the page has ended and is started again; the line goes on")
        self._restart_at = time.monotonic() + RESTART_AFTER_S

    def _start_again_if_it_is_time(self) -> None:
        """In a thread, since whoever looks after the line is not to wait for a process to start."""
        if self._closed or self._restart_at is None or time.monotonic() < self._restart_at:
            return
        self._restart_at = None
        threading.Thread(target=self._restart, name="edge-sort page", daemon=True).start()

    def _restart(self) -> None:
        """Start it again. The line may end meanwhile and not wait for this: then it is put away at once."""
        with self._changing:
            if self._closed:
                return
            if self._process is not None:
                self._process.join(0)
            self.on_restart()
            try:
                self._start()
            except (OSError, ValueError) as error:  # no memory for a process, say; or the port was given back
                self._socket = None
                if not self._closed:
                    self._tell(f"the page could not be started again ({error}); the line goes on without it")
            if self._closed:
                self._put_away()


def _serve(
    line: socket.socket, listening: socket.socket, settings: WebSettings, facts: LineFacts, slots: PictureSlots
) -> None:
    """Load what serves pages, here in the child and nowhere else, and serve until the line ends."""
    from edge.web.serving import serve

    serve(line, listening, settings, facts, slots)
