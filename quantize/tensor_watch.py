"""Run a .tflite file and look at every tensor inside, not only at the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.extras import need
from quantize.quiet import quiet


class TensorWatch:
    """TensorFlow's interpreter, one picture at a time, told to keep every tensor.

    Its numbering of tensors is that of the file. It is TensorFlow's and not LiteRT's, because it alone knows the
    operator NumericVerify of `Calibrated.verifying`.
    """

    def __init__(self, data: bytes) -> None:
        with quiet():
            lite = need("tensorflow.lite.python.interpreter", "desktop", "looking into a model")
            self._interpreter: Any = lite.Interpreter(model_content=data, experimental_preserve_all_tensors=True)
            self._interpreter.allocate_tensors()
        (self._input,) = self._interpreter.get_input_details()

    def run(self, pixels: NDArray[np.uint8]) -> None:
        """Compute one picture, (H, W, C) uint8, as the model's input wants it."""
        scale, zero_point = self._input["quantization"]
        values = pixels[np.newaxis].astype(np.float32)
        if self._input["dtype"] is np.int8:
            values = np.clip(np.round(values / scale) + zero_point, -128, 127)
        self._interpreter.set_tensor(self._input["index"], values.astype(self._input["dtype"]))
        self._interpreter.invoke()

    def values(self, tensor: int) -> NDArray[Any]:
        """Return what a tensor holds now, as stored."""
        found: NDArray[Any] = self._interpreter.get_tensor(tensor)
        return found

    def each(self, inputs: NDArray[np.uint8]) -> Iterator[None]:
        """Compute the pictures one after the other, stopping at each, so that its tensors can be read."""
        for pixels in inputs:
            self.run(pixels)
            yield
