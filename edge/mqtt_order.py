"""What the process that tells a broker must know: it travels to it as one line of JSON."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from edge.extras import need
from edge.mqtt_table import MqttTable, check_files, secret
from edge.tables import Table

if TYPE_CHECKING:  # what reads an order needs no machine, nor the memory that it takes
    from edge.machine import Machine


class Order(Table):
    """A journal and whom to tell of it. confirmed: gate -> seconds that the eye behind it waits for a part.

    settle_s: how long a part's row must stay as it is to be final.
    """

    journal: Path
    mqtt: MqttTable
    password: str | None = Field(repr=False)
    bins: tuple[str, ...]
    confirmed: dict[str, float]
    settle_s: float

    @property
    def client_id(self) -> str:
        """Under which name this connects: a second program of that name ends the connection of the first."""
        return self.mqtt.base.replace("/", "-")


def order_of(machine: Machine, table: MqttTable, journal: Path, settle_s: float) -> Order:
    """Return what to tell of this machine's journal. Raises MachineError for a file of [mqtt] that cannot be read."""
    check_files(table)
    confirm = {gate.name: gate.confirm.within_ms / 1000 for gate in machine.gates if gate.confirm is not None}
    return Order(
        journal=journal.absolute(),
        mqtt=table.model_copy(update={"password": None, "password_file": None}),
        password=secret(table),
        bins=tuple(dict.fromkeys(gate.bin for gate in machine.gates)),
        confirmed=confirm,
        # a gate that acts late is judged so much later, and its part may still go to reject
        settle_s=settle_s + max(gate.lead_ms for gate in machine.gates) / 1000,
    )


def require_paho() -> None:
    """Raise MissingPackageError when paho-mqtt is not installed. It is not loaded."""
    if importlib.util.find_spec("paho") is None:
        need("paho", "mqtt", "telling a broker what the line does, as [mqtt] of the machine file asks,")


def version() -> str:
    """Return edge-sort's version."""
    return importlib.metadata.version("edge-sort")
