"""Workers find each other, or say who is missing or does not belong."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from training import rendezvous
from training.cluster import ClusterError, Place
from training.rendezvous import meet


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    """Long enough for threads of one process, short enough for a test that waits in vain."""
    monkeypatch.setattr(rendezvous, "_PAUSE_S", 0.01)
    monkeypatch.setattr(rendezvous, "_ANSWER_S", 0.3)
    monkeypatch.setattr(rendezvous, "JOIN_S", 20.0)


def addresses(count: int) -> tuple[str, ...]:
    """Loopback addresses whose ports nobody uses now."""
    with_ports = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    found = tuple(f"127.0.0.1:{one.getsockname()[1]}" for one in with_ports)
    for one in with_ports:
        one.close()
    return found


def told(place: Place) -> list[str]:
    """Meet; return what the user heard, the error last."""
    lines: list[str] = []
    try:
        meet(place, lines.append)
    except ClusterError as error:
        lines.append(str(error))
    return lines


def all_told(*places: Place) -> list[list[str]]:
    with ThreadPoolExecutor(len(places)) as pool:
        return list(pool.map(told, places))


def test_all_workers_meet():
    """Three of them, each told whom it waits for, and the ports are free again for TensorFlow."""
    three = addresses(3)

    lines = all_told(*(Place(three, number) for number in range(3)))

    assert lines[1] == [f"worker 2 of 3, waiting for {three[0]}, {three[2]}"]
    assert [len(each) for each in lines] == [1, 1, 1]
    for address in three:
        socket.create_server(("", int(address.rpartition(":")[2]))).close()


def test_worker_alone_in_its_cluster_waits_for_nobody():
    """TF_CONFIG of one machine is a cluster too."""
    assert told(Place(addresses(1), 0)) == []


@pytest.mark.parametrize("number", [0, 1])
def test_worker_that_is_left_alone_gives_up(monkeypatch, number):
    """Chief or not, it names who did not come."""
    monkeypatch.setattr(rendezvous, "JOIN_S", 0.1)
    two = addresses(2)

    (line,) = told(Place(two, number))[1:]

    assert line.startswith("expected all 2 workers to come together within 0 s, found no answer from")
    assert two[1 - number] in line


def test_port_in_use_is_told():
    """TensorFlow would say that it could not start a server, and no more."""
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ClusterError, match=f"expected port {port} of 127.0.0.1:{port} to be free.*found it in use"):
            meet(Place((f"127.0.0.1:{port}",), 0), print)


def test_workers_of_different_clusters_are_both_told():
    """The same two addresses in another order: two chiefs, and no training."""
    two = addresses(2)

    lines = all_told(Place(two, 0), Place(two[::-1], 0))

    for each in lines:
        assert "TF_CONFIG: expected the same cluster on every machine, found another one on a worker" in each[-1]


def test_worker_in_anothers_place_is_told():
    """Two names of one machine are no two workers."""
    (own,) = addresses(1)

    lines = told(Place((own, own.replace("127.0.0.1", "localhost")), 0))

    assert "expected worker 1 at localhost:" in lines[-1]
    assert "found worker 0; correct task on that machine" in lines[-1]


def test_what_does_not_speak_the_language_is_passed_over(monkeypatch):
    """A port scanner, or a service that came to another's port, is no worker."""
    monkeypatch.setattr(rendezvous, "JOIN_S", 0.5)
    own, others = addresses(1)[0], socket.create_server(("127.0.0.1", 0))

    def babble() -> None:
        connection, _ = others.accept()
        with connection:
            connection.sendall(b"220 mail.example ready\r\n")

    with others, ThreadPoolExecutor(1) as pool:
        pool.submit(babble)
        lines = told(Place((own, f"127.0.0.1:{others.getsockname()[1]}"), 0))

    assert "found no answer from 127.0.0.1:" in lines[-1]
