"""Past one device: the strategy of tf.distribute under which a training runs, and what its workers say to each other.

Every worker reads the same pictures, divides them the same way and varies the same batches; of each batch it learns
from its own piece. Only the chief, the first of them, writes the run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from training.cluster import ClusterError, Place
from training.rendezvous import meet
from training.tensorflow_setup import load_tensorflow

if TYPE_CHECKING:
    from training.recipe import Recipe

_SILENCE_S = 3600.0  # how long one that is alive may keep the others waiting, such as while it computes features

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Distribution:
    """Several replicas of one network that learn as one. `place`: None on one machine.

    strategy: a tf.distribute.Strategy; it lives as long as the process.
    """

    kind: str
    strategy: Any
    place: Place | None = None

    @property
    def replicas(self) -> int:
        """How many learn, on all machines together."""
        return int(self.strategy.num_replicas_in_sync)

    @property
    def first_replica(self) -> int:
        """The number of this process's first replica among all; every worker has equally many."""
        return self.place.number * self.replicas // len(self.place.addresses) if self.place else 0

    @property
    def chief(self) -> str:
        """The chief's address."""
        return self.place.addresses[0] if self.place else "this process"

    @property
    def is_chief(self) -> bool:
        """Whether this process writes the run."""
        return self.place is None or self.place.is_chief

    def check(self, recipe: Recipe, tell: Tell) -> None:
        """Raise ClusterError when the recipe's batch, which is that of all together, leaves a replica without work."""
        if recipe.transfers and not recipe.fine_tune:
            tell("Note: all of this recipe trains on kept features, alone on every worker: --distribute gains nothing")
        if recipe.batch < self.replicas:
            raise ClusterError(
                f"expected a batch of at least {self.replicas}, a picture for each replica, found {recipe.batch}; use "
                "a larger --batch or fewer devices"
            )

    def as_json(self) -> dict[str, Any]:
        """What run.json records."""
        return {"kind": self.kind, "replicas": self.replicas, "workers": len(self.place.addresses) if self.place else 1}

    def of_chief(self, values: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """Return what the first replica has, on every worker. Shapes and types are the same everywhere."""
        tensorflow = load_tensorflow("training")
        where, zeros = tensorflow.where, tensorflow.zeros_like
        return self._added(values, lambda value, number: where(number == 0, value, zeros(value)))

    def agree(self, what: str, facts: str) -> None:
        """Raise ClusterError unless every worker calls this with the same `facts`; `what` names them to the user."""
        own = np.frombuffer(hashlib.sha256(facts.encode()).digest(), np.uint8).astype(np.int32)
        (chief,) = self.of_chief([own])
        differs = not np.array_equal(own, chief)
        (differing,) = self._added([np.float32(differs)], lambda value, _number: value)
        if differing:  # on every worker, so that none goes on alone
            found = "others here than on the chief" if differs else "others on another worker than here"
            raise ClusterError(f"expected the same {what} on every worker, found {found}; make them the same")

    def _added(self, values: Sequence[Any], part: Callable[[Any, Any], Any]) -> list[NDArray[Any]]:
        """Add up over all replicas each one's part: `part` gets a value and the number of the replica."""
        tensorflow = load_tensorflow("training")

        def send(*own: Any) -> list[Any]:
            context = tensorflow.distribute.get_replica_context()
            number, copy = context.replica_id_in_sync_group, tensorflow.identity  # a copy that has a place: the replica
            return [context.all_reduce("SUM", copy(part(value, number))) for value in own]  # one by one: types differ

        add = tensorflow.function(lambda *own: self.strategy.run(send, args=own), autograph=False)
        with self.told():
            sums = add(*(tensorflow.constant(value) for value in values))
            return [self.strategy.experimental_local_results(value)[0].numpy() for value in sums]

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turn what TensorFlow raises when a worker is gone into ClusterError."""
        errors = load_tensorflow("training").errors
        gone = (
            errors.UnavailableError,
            errors.DeadlineExceededError,
            errors.AbortedError,
            errors.CancelledError,
            errors.FailedPreconditionError,
        )
        try:
            yield
        except gone as error:
            if self.place is None:
                raise
            raise ClusterError(
                f"expected all {len(self.place.addresses)} workers ({', '.join(self.place.addresses)}) to train to the "
                "end, found one of them gone or out of reach; see what it said, then start all of them again"
            ) from error


def open_distribution(kind: str, place: Place | None, tell: Tell) -> Distribution:
    """Make the strategy, before anything else is asked of TensorFlow; a worker waits for all others first.

    kind: "mirrored" or "multiworker"; place: this worker's, for the latter. Raises ClusterError when the workers do not
    come together.
    """
    tensorflow = load_tensorflow("training")
    if kind == "mirrored" or place is None:
        devices = tensorflow.config.list_logical_devices("GPU") or tensorflow.config.list_logical_devices("CPU")
        distribution = Distribution("mirrored", tensorflow.distribute.MirroredStrategy([one.name for one in devices]))
        if distribution.replicas == 1:
            tell("Note: this machine has one device, so --distribute mirrored gains nothing")
        return distribution
    meet(place, tell)
    options = tensorflow.distribute.experimental.CommunicationOptions(timeout_seconds=_SILENCE_S)
    try:
        strategy = tensorflow.distribute.MultiWorkerMirroredStrategy(communication_options=options)
    except tensorflow.errors.OpError as error:  # it may find the port taken meanwhile, or another worker gone
        raise ClusterError(
            f"expected TensorFlow to connect {', '.join(place.addresses)}, found: {error.message.splitlines()[0]}; "
            "start all of them again"
        ) from error
    return Distribution("multiworker", strategy, place)
