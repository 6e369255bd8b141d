"""Workers find each other before TensorFlow connects them: while it waits it heeds neither Ctrl-C nor any limit.

Each listens on its own port of TF_CONFIG, calls all others until they answer, and goes on when all have answered and
all have called. A greeting is one line of JSON, {"worker": number, "cluster": digest of all addresses}; the answer is
the same from the one that was called. TensorFlow then takes the ports over.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from training.cluster import VARIABLE, ClusterError, Place

JOIN_S = 600.0  # how long to wait for the others
_ANSWER_S = 2.0
_PAUSE_S = 0.2
_MOST_BYTES = 1000


def meet(place: Place, tell: Callable[[str], None]) -> None:
    """Return when all workers of the cluster are there.

    Raises ClusterError when this one's port is taken, when another does not come within JOIN_S, or when one of them has
    another TF_CONFIG.
    """
    others = {number for number in range(len(place.addresses)) if number != place.number}
    if others:
        named = ", ".join(place.addresses[number] for number in sorted(others))
        tell(f"worker {place.number + 1} of {len(place.addresses)}, waiting for {named}")
    called, ends = set(others), time.monotonic() + JOIN_S
    with _Door(place).open() as door:
        while called or others - door.callers:
            if time.monotonic() > ends:
                raise ClusterError(_missing(place, called | (others - door.callers)))
            called -= {number for number in sorted(called) if _call(place, number)}
            if door.strange is not None:
                _check(place, door.strange, None)
            time.sleep(_PAUSE_S if called or others - door.callers else 0)


class _Door:
    """Answers those who call. `callers` are the workers that have; `strange` is a greeting of another cluster."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.callers: set[int] = set()
        self.strange: dict[str, object] | None = None

    @contextmanager
    def open(self) -> Iterator[_Door]:
        with _listening(self._place) as listener:
            listener.settimeout(_PAUSE_S)
            closing = threading.Event()
            attendant = threading.Thread(target=self._attend, args=(listener, closing), daemon=True)
            attendant.start()
            try:
                yield self
            finally:
                closing.set()
                attendant.join()

    def _attend(self, listener: socket.socket, closing: threading.Event) -> None:
        while not closing.is_set():
            with contextlib.suppress(OSError, ValueError):  # whoever does not speak our language is not answered
                connection, _ = listener.accept()
                with connection:
                    connection.settimeout(_ANSWER_S)
                    greeting = _heard(connection)
                    connection.sendall(_greeting(self._place))
                    self._note(greeting)

    def _note(self, greeting: dict[str, object]) -> None:
        number = greeting.get("worker")
        if greeting.get("cluster") == _cluster(self._place) and isinstance(number, int):
            self.callers.add(number)
        elif "cluster" in greeting:
            self.strange = greeting


def _call(place: Place, number: int) -> bool:
    """Whether a worker answers as it should. Raises ClusterError when one answers that does not belong there."""
    host, _, port = place.addresses[number].rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER_S) as connection:
            if connection.getsockname() == connection.getpeername():  # nobody there: the system joined both our ends
                return False
            connection.sendall(_greeting(place))
            answer = _heard(connection)
    except (OSError, ValueError):  # not there yet
        return False
    _check(place, answer, number)
    return True


def _check(place: Place, greeting: dict[str, object], number: int | None) -> None:
    if greeting.get("cluster") != _cluster(place):
        raise ClusterError(
            f"{VARIABLE}: expected the same cluster on every machine, found another one on a worker that takes itself "
            f"for number {greeting.get('worker')}; give all of them the same addresses in the same order"
        )
    if number is not None and greeting.get("worker") != number:
        raise ClusterError(
            f"{VARIABLE}: expected worker {number} at {place.addresses[number]}, found worker "
            f"{greeting.get('worker')}; correct task on that machine, or the addresses on all of them"
        )


def _heard(connection: socket.socket) -> dict[str, object]:
    with connection.makefile("rb") as lines:
        greeting = json.loads(lines.readline(_MOST_BYTES))
    if not isinstance(greeting, dict):
        raise ValueError("no greeting")
    return greeting


def _greeting(place: Place) -> bytes:
    return json.dumps({"worker": place.number, "cluster": _cluster(place)}).encode() + b"\n"


def _cluster(place: Place) -> str:
    return hashlib.sha256(" ".join(place.addresses).encode()).hexdigest()


def _listening(place: Place) -> socket.socket:
    both = socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if both else socket.AF_INET
    try:
        return socket.create_server(("", place.port), family=family, dualstack_ipv6=both, backlog=len(place.addresses))
    except OSError as error:
        found = "in use" if error.errno == errno.EADDRINUSE else f"refused ({error.strerror})"
        raise ClusterError(
            f"{VARIABLE}: expected port {place.port} of {place.addresses[place.number]} to be free on this machine, "
            f"found it {found}; end what uses it, give each worker an index of its own, or name another port everywhere"
        ) from error


def _missing(place: Place, numbers: set[int]) -> str:
    missing = ", ".join(place.addresses[number] for number in sorted(numbers))
    return (
        f"expected all {len(place.addresses)} workers to come together within {JOIN_S:.0f} s, found no answer from "
        f"{missing}; start edge-sort train there too, and see that the ports are open both ways"
    )
