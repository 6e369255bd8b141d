"""`fit` on several replicas, with the result of one: the same batches, the same sums, only added up elsewhere.

Keras's own `fit` is not used here. Under MirroredStrategy it counts a picture of a batch that does not divide evenly
by another weight than its neighbours, and under MultiWorkerMirroredStrategy it fails (Keras 3.15). So what is
replicated is a twin of the model; the model itself has the twin's weights and optimizer whenever a callback sees it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.distribute import Distribution
from training.tensorflow_setup import load_keras, load_tensorflow


def fit_distributed(
    distribution: Distribution,
    model: Any,
    batches: Any,
    *,
    steps_per_epoch: int,
    epochs: int,
    validation_data: tuple[NDArray[Any], NDArray[np.int64]],
    validation_batch_size: int,
    callbacks: Sequence[Any],
    initial_epoch: int = 0,
    shuffle: bool = False,  # noqa: ARG001  # batches come in their order, as from Model.fit with shuffle=False
    verbose: int = 0,  # noqa: ARG001
) -> None:
    """Train a compiled model as `model.fit` would, called with the same arguments. Callbacks see `model`.

    A callback may change weights or optimizer in on_train_begin; later changes do not reach the training.
    Raises ClusterError when a worker is gone.
    """
    heard = load_keras("training").callbacks.CallbackList(callbacks, model=model, epochs=epochs, steps=steps_per_epoch)
    model.stop_training = False
    heard.on_train_begin()
    with distribution.told():
        twin = Twin(distribution, model)
        for epoch in range(initial_epoch, epochs):
            heard.on_epoch_begin(epoch)
            logs = _learn_epoch(twin, model, batches, steps_per_epoch, heard)
            judged = twin.judge(*validation_data, validation_batch_size)
            logs |= {f"val_{name}": value for name, value in judged.items()}
            twin.give()
            heard.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
    heard.on_train_end(logs)


def _learn_epoch(twin: Twin, model: Any, batches: Any, steps: int, heard: Any) -> dict[str, float]:
    sums, count = np.zeros(2), 0
    for step in range(steps):
        inputs, targets, weights = next(batches)
        heard.on_train_batch_begin(step)
        own = twin.learn(inputs, targets, weights)
        sums, count = sums + own, count + len(targets)
        heard.on_train_batch_end(step, _means(own, len(targets)))
        if model.stop_training:
            break
    return _means(sums, count)


def _means(sums: NDArray[np.float64], count: int) -> dict[str, float]:
    return {"loss": float(sums[0] / count), "accuracy": float(sums[1] / count)}


class Twin:
    """The replicated copy of a compiled model that does the learning.

    Its batch normalization takes mean and variance of the whole batch, not of a replica's piece. Each replica draws its
    own dropout, so with dropout the curves are those of another seed.
    """

    def __init__(self, distribution: Distribution, model: Any) -> None:
        keras = load_keras("training")
        self._strategy, self._model = distribution.strategy, model
        model.optimizer.build(model.trainable_variables)
        with self._strategy.scope():
            self._network = keras.models.clone_model(model, clone_function=_of_whole_batches)
            self._optimizer = type(model.optimizer).from_config(model.optimizer.get_config())
            self._optimizer.build(self._network.trainable_variables)
        self._take(distribution)
        self._one_score = model.output_shape[-1] == 1
        self._learn, self._judge = self._on_replicas(self._learn_piece), self._on_replicas(self._judge_piece)

    def learn(
        self, inputs: NDArray[Any], targets: NDArray[np.int64], weights: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """Take one step on a whole batch. Returns the sums over its pictures: weighted loss, right answers."""
        sums = self._learn(inputs, self._column(targets), weights)
        return np.asarray(sums, np.float64)

    def judge(self, inputs: NDArray[Any], targets: NDArray[np.int64], batch: int) -> dict[str, float]:
        """Return loss and accuracy over all pictures, every one counted once."""
        sums = np.zeros(2)
        for start in range(0, len(targets), batch):
            piece = targets[start : start + batch]
            weights = np.ones(len(piece), np.float32)
            sums += np.asarray(self._judge(inputs[start : start + batch], self._column(piece), weights), np.float64)
        return _means(sums, len(targets))

    def give(self) -> None:
        """Bring the model to where the twin is."""
        for own, twin in self._pairs():
            own.assign(twin.numpy())
        for own, twin in self._seeds():
            own.assign([own.numpy()[0], twin.numpy()[1]])  # what each replica draws differs in the first number only

    def _take(self, distribution: Distribution) -> None:
        """Start all replicas where the chief's model is; other machines may have come to another one before."""
        pairs = self._pairs()
        for (_, twin), values in zip(pairs, distribution.of_chief([own.numpy() for own, _ in pairs]), strict=True):
            twin.assign(values)
        first = distribution.first_replica
        for own, twin in self._seeds():
            for number, state in enumerate(self._strategy.experimental_local_results(twin.value), start=first):
                state.assign(own.numpy() + np.array([number, 0], own.numpy().dtype))

    def _pairs(self) -> list[tuple[Any, Any]]:
        weights = zip(self._model.weights, self._network.weights, strict=True)
        state = zip(self._model.optimizer.variables, self._optimizer.variables, strict=True)
        return [*weights, *state]

    def _seeds(self) -> list[tuple[Any, Any]]:
        """The states of dropout: variables that Keras does not count among the weights."""
        return list(zip(_seed_states(self._model), _seed_states(self._network), strict=True))

    def _column(self, targets: NDArray[np.int64]) -> NDArray[np.int64]:
        return targets[:, np.newaxis] if self._one_score else targets

    def _on_replicas(self, work: Any) -> Any:
        """Compile `work`, which gets a replica's piece of a batch, into a function of the whole batch.

        Pieces differ by at most one picture; where there are fewer pictures than replicas, some get one that does not
        count, because not every layer can do with none. One graph for every length: were it traced anew for another,
        workers would trace at different times and wait for each other for ever.
        """
        tensorflow = load_tensorflow("training")
        cast, shape, replicas = tensorflow.cast, self._model.input_shape[1:], self._strategy.num_replicas_in_sync

        def on_one(inputs: Any, targets: Any, weights: Any) -> Any:
            number = tensorflow.distribute.get_replica_context().replica_id_in_sync_group
            count = tensorflow.shape(weights)[0]
            first, end = count * number // replicas, count * (number + 1) // replicas
            piece = slice(first, tensorflow.maximum(end, first + 1))
            counts = cast(end > first, tensorflow.float32)
            return work(inputs[piece], targets[piece], weights[piece], counts, cast(count, tensorflow.float32))

        def on_all(inputs: Any, targets: Any, weights: Any) -> Any:
            sums = self._strategy.run(on_one, args=(inputs, targets, weights))
            return self._strategy.reduce("SUM", sums, axis=None)

        spec = tensorflow.TensorSpec
        targets = spec((None, 1) if self._one_score else (None,), tensorflow.int64)
        signature = [spec((None, *shape), tensorflow.float32), targets, spec((None,), tensorflow.float32)]
        compiled = tensorflow.function(on_all, input_signature=signature, autograph=False)
        return lambda inputs, targets, weights: compiled(np.asarray(inputs, np.float32), targets, weights)

    def _learn_piece(self, inputs: Any, targets: Any, weights: Any, counts: Any, count: Any) -> Any:
        tensorflow = load_tensorflow("training")
        with tensorflow.GradientTape() as tape:
            sums = self._sums(self._network(inputs, training=True), targets, weights) * counts
            loss = sums[0] / count  # the pieces' gradients are added up, so this is the mean over the whole batch
        variables = self._network.trainable_variables
        self._optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return sums

    def _judge_piece(self, inputs: Any, targets: Any, weights: Any, counts: Any, _count: Any) -> Any:
        return self._sums(self._network(inputs, training=False), targets, weights) * counts

    def _sums(self, scores: Any, targets: Any, weights: Any) -> Any:
        tensorflow, keras = load_tensorflow("training"), load_keras("training")
        kind = "binary" if self._one_score else "sparse_categorical"
        loss = getattr(keras.losses, f"{kind}_crossentropy")(targets, scores)
        right = getattr(keras.metrics, f"{kind}_accuracy")(targets, scores)
        return tensorflow.stack([tensorflow.reduce_sum(loss * weights), tensorflow.reduce_sum(right)])


def _of_whole_batches(layer: Any) -> Any:
    settings = layer.get_config()
    if isinstance(layer, load_keras("training").layers.BatchNormalization):
        settings["synchronized"] = True
    return type(layer).from_config(settings)


def _seed_states(model: Any) -> list[Any]:
    weights = {id(variable) for variable in model.weights}
    return [variable for variable in model.variables if id(variable) not in weights]
