"""What can be done for a model that int8 hurts, the mildest first. Nothing is judged here, and no test picture seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.counted import counted
from quantize.bias_correction import bias_corrected
from quantize.calibrate import calibration_inputs, choose_calibration
from quantize.calibrated import Calibrated, calibrate
from quantize.equalize import equalized, layer_pairs
from quantize.float_islands import check_islands, with_readers
from quantize.layers import PICTURES, LayerError, measure_layers, worst_first
from quantize.ranges import cut_ranges, measured_ranges
from quantize.tflite_graph import Range, TfliteGraph
from quantize.weights_alone import WeightsAlone
from training.dataset import Item
from training.run_folder import Run

MORE = 4  # times the calibration pictures of the plain model
MOST = 400  # pictures: ranges no longer move, and each is looked at tensor by tensor
PERCENTILES = (99.99, 99.9)
FLOAT_LAYERS = (1, 2, 4, 8)


@dataclass(frozen=True)
class Remedy:
    """A model to try.

    items: the pictures its ranges come from. float_layers: what is left in float, by Keras' names; float_tensors: the
    same by the converter's names of their outputs. int8_biases: whether its biases make up for what int8 shifts, and
    would be wrong in a layer left in float.
    """

    name: str
    calibrated: Calibrated
    items: Sequence[Item]
    float_layers: tuple[str, ...] = ()
    float_tensors: tuple[str, ...] = ()
    int8_biases: bool = False

    def convert(self) -> bytes:
        """Return the model.tflite of this remedy. Raises ModelError when more of it is float than was named."""
        data = self.calibrated.quantized(self.float_tensors)
        check_islands(data, self.float_tensors)
        return data


class Patient:
    """A trained network that int8 hurts, with what all remedies start from.

    chosen: the calibration pictures of the plain int8 model.
    """

    def __init__(self, run: Run, model: Any, chosen: Sequence[Item]) -> None:
        self._run, self._model, self._chosen = run, model, list(chosen)

    @cached_property
    def plain(self) -> Remedy:
        """The model as it was refused."""
        inputs = calibration_inputs(self._chosen, self._run.spec)
        return Remedy("plain int8", calibrate(self._model, inputs), self._chosen)

    @cached_property
    def layers(self) -> list[LayerError]:
        """What int8 does to each layer of the plain model, on a sample of the validation pictures."""
        sample = choose_calibration(self._run.split["validation"], count=PICTURES, seed=self._run.seed)
        inputs = calibration_inputs(sample, self._run.spec)[2:]  # black and white are no parts
        return measure_layers(self.plain.calibrated, inputs, self._model)

    def integer_remedies(self) -> Iterator[Remedy]:
        """Yield what keeps the model full-integer, the mildest first."""
        plain = self.plain.calibrated
        if len(self._items) > len(self._chosen):
            yield self._remedy(f"{len(self._items)} calibration pictures", self._with(self._whole_ranges))
        yield self._remedy("black and white for the input alone", self._with(self._ranges))
        for percentile in PERCENTILES:
            cut = cut_ranges(plain, self._parts, self._ranges, percentile)
            yield self._remedy(f"ranges cut at {percentile:g} %", self._with(cut))
        steady = self._with(self._ranges)
        yield self._corrected("biases corrected", steady)
        if layer_pairs(TfliteGraph(steady.data)):
            equal = equalized(steady, self._parts)
            ranges = measured_ranges(equal, self._parts)
            equal = equal.changed(lambda graph: graph.set_ranges(ranges))
            yield self._remedy("channels equalised", equal)
            yield self._corrected("channels equalised, biases corrected", equal)

    def float_remedies(self, best: Remedy) -> Iterator[Remedy]:
        """Yield `best` with its worst layers and who reads them in float; ever more of them, half of all at most."""
        layers = measure_layers(best.calibrated, self._parts[:PICTURES], self._model)
        names = {layer.tensor: layer.layer for layer in layers}
        worst, graph = worst_first(layers), TfliteGraph(best.calibrated.data)
        base = "" if best.name == self.plain.name else f"{best.name}, "
        for count in FLOAT_LAYERS:
            if count <= max(1, len(worst) // 2):
                tensors = with_readers(graph, [layer.tensor for layer in worst[:count]])
                told = tuple(dict.fromkeys(names[tensor] for tensor in tensors if tensor in names))
                name = f"{base}{counted(count, 'layer')} and {'its' if count == 1 else 'their'} readers in float"
                yield Remedy(name, best.calibrated, best.items, told, tensors)

    def last_resort(self) -> WeightsAlone:
        """Return what gives up whole numbers between all layers."""
        return WeightsAlone(self._model)

    @cached_property
    def _items(self) -> list[Item]:
        held_out = [*self._run.split["validation"], *self._run.split["test"]]
        count = max(len(self._chosen), min(MORE * len(self._chosen), MOST))
        return choose_calibration(self._run.split["train"], count=count, seed=self._run.seed, held_out=held_out)

    @cached_property
    def _inputs(self) -> NDArray[np.uint8]:
        return calibration_inputs(self._items, self._run.spec)

    @property
    def _parts(self) -> NDArray[np.uint8]:
        """Without the black and the white picture: they pin the input, but no network was trained for them."""
        return self._inputs[2:]

    @cached_property
    def _whole_ranges(self) -> dict[str, Range]:
        return measured_ranges(self.plain.calibrated, self._inputs)

    @cached_property
    def _ranges(self) -> dict[str, Range]:
        return measured_ranges(self.plain.calibrated, self._parts)

    def _with(self, ranges: dict[str, Range]) -> Calibrated:
        return self.plain.calibrated.changed(lambda graph: graph.set_ranges(ranges))

    def _corrected(self, name: str, calibrated: Calibrated) -> Remedy:
        return Remedy(name, bias_corrected(calibrated, self._parts), self._items, int8_biases=True)

    def _remedy(self, name: str, calibrated: Calibrated) -> Remedy:
        return Remedy(name, calibrated, self._items)
