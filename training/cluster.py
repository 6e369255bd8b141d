"""The machines of one training, as the environment variable TF_CONFIG tells them to each of them.

TF_CONFIG is TensorFlow's own convention: JSON with the addresses of all and who this one is,

    {"cluster": {"worker": ["10.0.0.5:2222", "10.0.0.6:2222"]}, "task": {"type": "worker", "index": 0}}

TensorFlow waits for ever, or answers with a traceback, when something in it is wrong: so it is checked here, first.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.errors import EdgeSortError
from edge.problems import UNKNOWN_KEY, key_problem, most_telling

VARIABLE = "TF_CONFIG"
_EXAMPLE = (
    '{"cluster": {"worker": ["10.0.0.5:2222", "10.0.0.6:2222"]}, "task": {"type": "worker", "index": 0}}, with another '
    "index on each machine"
)
_ADDRESS = re.compile(r"(?P<host>[^:\s/]+|\[[0-9a-fA-F:.]+\]):(?P<port>[0-9]{1,5})")


class ClusterError(EdgeSortError):
    """The machines of one training cannot work together."""


@dataclass(frozen=True)
class Place:
    """Where this process stands among the workers. `addresses` are all of theirs, the chief's first."""

    addresses: tuple[str, ...]
    number: int

    @property
    def is_chief(self) -> bool:
        """Whether this one writes the run."""
        return self.number == 0

    @property
    def port(self) -> int:
        """The port that this one listens on."""
        return int(self.addresses[self.number].rpartition(":")[2])


class _Cluster(BaseModel):
    model_config = ConfigDict(extra="forbid")

    chief: list[str] = Field(default=[], max_length=1)
    worker: list[str] = []


class _Task(BaseModel):
    model_config = ConfigDict(extra="forbid")

    type: Literal["chief", "worker"]
    index: Annotated[int, Field(ge=0)]


class _TfConfig(BaseModel):
    """Other keys, such as those that job schedulers add, mean nothing here."""

    cluster: _Cluster
    task: _Task


def read_place(environment: Mapping[str, str] = os.environ) -> Place:
    """Read TF_CONFIG. Raises ClusterError naming what in it is missing or wrong."""
    text = environment.get(VARIABLE)
    if not text:
        raise ClusterError(
            f"expected the environment variable {VARIABLE} to say who takes part, found none; set it on each machine, "
            f"for example {_EXAMPLE}"
        )
    try:
        config = _TfConfig.model_validate_json(text)
    except ValidationError as error:
        raise ClusterError(f"{VARIABLE}: {_sentence(error)}") from error
    addresses = (*config.cluster.chief, *config.cluster.worker)
    _check_addresses(addresses)
    own = config.cluster.chief if config.task.type == "chief" else config.cluster.worker
    if config.task.index >= len(own):
        raise ClusterError(
            f"{VARIABLE}: expected task.index to be that of one of the {len(own)} addresses in "
            f"cluster.{config.task.type}, counted from 0, found {config.task.index}; correct it"
        )
    before = len(config.cluster.chief) if config.task.type == "worker" else 0
    return Place(addresses, before + config.task.index)


def _check_addresses(addresses: tuple[str, ...]) -> None:
    if not addresses:
        raise ClusterError(f"{VARIABLE}: expected addresses in cluster.worker, found none; for example {_EXAMPLE}")
    for address in addresses:
        found = _ADDRESS.fullmatch(address)
        if found is None or not 0 < int(found["port"]) < 65536:
            raise ClusterError(f"{VARIABLE}: expected addresses such as 10.0.0.5:2222, found {address!r}; correct it")
    if len(set(addresses)) < len(addresses):
        twice = next(address for address in addresses if addresses.count(address) > 1)
        raise ClusterError(
            f"{VARIABLE}: expected an address of its own for each worker, found {twice} more than once; correct it"
        )


def _sentence(error: ValidationError) -> str:
    first = most_telling(error.errors())
    key = ".".join(str(step) for step in first["loc"])
    if first["type"] == "json_invalid":
        return f"expected JSON, found: {first['ctx']['error']}; for example {_EXAMPLE}"
    if not key:
        return f"expected a JSON object, found {first['input']!r}; for example {_EXAMPLE}"
    if key == "cluster.chief" and first["type"] == "too_long":
        return f"expected one address in cluster.chief, found {first['input']!r}; correct it"
    if key.startswith("cluster.") and first["type"] in UNKNOWN_KEY:
        return f"expected only chief and worker in cluster, found {first['loc'][-1]!r}; take it out on every machine"
    return key_problem(key, first)
