"""A device for each test, made of the real core on this computer's compiler; and bundles of small graphs."""

from __future__ import annotations

import pytest

from tests.firmware_bridge import host_core
from tests.firmware_bridge.compiled_models import write_graph_bundle


@pytest.fixture(scope="session")
def core_program(tmp_path_factory):
    """The core as a program, compiled once."""
    return host_core.build(tmp_path_factory, "es_child.c")


@pytest.fixture
def device(core_program):
    """A device that has just started."""
    one = host_core.HostCore(core_program)
    yield one
    one.close()


@pytest.fixture
def armed(core_program):
    """A device with gate 0 on pin 2 and gate 1 on pin 3 (which rests high), armed for 60 s without a heartbeat."""
    one = host_core.HostCore(core_program)
    host_core.set_up(one)
    yield one
    one.close()


@pytest.fixture
def bundle_of(tmp_path):
    """Write the bundle of an IntegerGraph."""
    return lambda graph, outputs=3, **more: write_graph_bundle(tmp_path / "bundle", graph, outputs, **more)
