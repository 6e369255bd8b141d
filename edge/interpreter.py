"""The seam to a TFLite runtime: one model, one input tensor, one output tensor."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edge.errors import MissingPackageError, ModelError
from edge.input_layout import as_asked, as_picture
from edge.quiet import native_stderr_silenced
from edge.runtime_errors import cannot_run, failed_in_use

if TYPE_CHECKING:  # pydantic would be a third of the start of the process that tries a model first
    from edge.conventions import Normalization


@dataclass(frozen=True)
class TensorSpec:
    """Shape, dtype and quantization of a tensor: real value = scale * (stored value - zero_point).

    scale is 0.0 for a float tensor.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scale: float
    zero_point: int


class Interpreter(Protocol):
    """Anything that maps one input array to one output array. Owned by one thread.

    An input without a batch or channel axis, or with channels first, is presented as (1, height, width, channels).
    """

    input: TensorSpec
    output: TensorSpec

    def run(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the output tensor, a copy, for `values` of exactly the input's shape and dtype."""
        ...


# What a user calls a runtime, and where it is imported from. Tried in this order: tensorflow is the last resort, half a
# gigabyte of memory and seconds to import.
RUNTIME_MODULES = {
    "litert": "ai_edge_litert.interpreter",
    "tflite-runtime": "tflite_runtime.interpreter",
    "tensorflow": "tensorflow.lite.python.interpreter",
}
RUNTIMES = tuple(RUNTIME_MODULES.values())
_DISTRIBUTIONS = {module: name for name, module in RUNTIME_MODULES.items()} | {RUNTIMES[0]: "ai-edge-litert"}


class TfliteInterpreter:
    """Run a .tflite file on whichever TFLite runtime this machine has.

    The file must already be known to be whole (see edge.bundle): a truncated one can crash the process
    in some runtimes. Raises MissingPackageError without a runtime and ModelError for a model it cannot run.
    """

    def __init__(
        self,
        model: Path,
        *,
        num_threads: int = 1,
        reference_kernels: bool = False,
        runtime_module: str | None = None,
        content: bytes | None = None,
        delegate: Any = None,
    ) -> None:
        """runtime_module: one of RUNTIMES; None for the first there is. content: the file's bytes, if read already.

        delegate: what the runtime's load_delegate gave, for a model compiled for an accelerator.
        """
        runtime = load_runtime(RUNTIMES if runtime_module is None else (runtime_module,))
        source: dict[str, Any] = {"model_path": str(model)} if content is None else {"model_content": content}
        options: dict[str, Any] = {**source, "num_threads": num_threads}
        if reference_kernels:
            options["experimental_op_resolver_type"] = _reference_resolver(runtime)
        if delegate is not None:
            options["experimental_delegates"] = [delegate]
        self.runtime_name = runtime.__name__
        self._model, self._accelerated = model, delegate is not None
        try:
            with native_stderr_silenced():
                self._interpreter = runtime.Interpreter(**options)
                self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise ModelError(cannot_run(model, error, accelerated=self._accelerated)) from error
        except SystemError as error:
            raise MissingPackageError(
                f"{self.runtime_name} does not work with numpy {np.__version__} ({error}); "
                "install ai-edge-litert, or numpy below 2 beside tflite-runtime"
            ) from error
        # a microsecond in a model that remembers nothing
        self._forget: Callable[[], None] = getattr(self._interpreter, "reset_all_variables", lambda: None)
        self._check_ends(model)

    def _check_ends(self, model: Path) -> None:
        inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        if len(inputs) != 1 or len(outputs) != 1:
            raise ModelError(
                f"{model}: expected a classifier with one input and one output, "
                f"found {len(inputs)} and {len(outputs)}; export only the classification head"
            )
        self._input_index, self._output_index = inputs[0]["index"], outputs[0]["index"]
        self.input, self.output = _tensor_spec(inputs[0]), _tensor_spec(outputs[0])
        self._input_shape = self.input.shape
        self.input = replace(self.input, shape=as_picture(self._input_shape))
        if self.input.dtype not in (np.uint8, np.int8, np.float32):
            raise ModelError(
                f"{model}: expected a uint8, int8 or float32 input, found {self.input.dtype}; convert it again"
            )

    def run(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the output tensor, a copy, for `values` of exactly the input's shape and dtype.

        What a recurrent model remembers of the run before is forgotten: one picture, one answer. Raises ModelError when
        the model fails in use, as on an accelerator that was unplugged.
        """
        exact = as_asked(values, self._input_shape) if values.shape == self.input.shape else values
        self._interpreter.set_tensor(self._input_index, exact)
        self._forget()
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            raise ModelError(failed_in_use(self._model, error, accelerated=self._accelerated)) from error
        output: NDArray[Any] = self._interpreter.get_tensor(self._output_index)
        return output


def runtime_version(module: str) -> str:
    """Return what a runtime's package calls its version, or "unknown"."""
    for distribution in (_DISTRIBUTIONS.get(module, module), f"{_DISTRIBUTIONS.get(module, module)}-cpu"):
        try:
            return version(distribution)
        except PackageNotFoundError:
            continue
    return "unknown"


def load_runtime(modules: tuple[str, ...] = RUNTIMES) -> Any:
    """Import the first of these that is installed. Raises MissingPackageError when there is none."""
    for name in modules:
        try:
            with native_stderr_silenced():  # TensorFlow greets with a screenful
                return importlib.import_module(name)
        except ImportError:
            continue
    raise MissingPackageError(
        f"expected a TFLite runtime ({', '.join(name.split('.')[0] for name in modules)}), found none for "
        f"Python {sys.version_info.major}.{sys.version_info.minor}; "
        f"install one with: pip install {_DISTRIBUTIONS.get(modules[0], 'ai-edge-litert')}"
    )


def _reference_resolver(runtime: Any) -> Any:
    owner = runtime if hasattr(runtime, "OpResolverType") else runtime.experimental
    return owner.OpResolverType.BUILTIN_REF


def _tensor_spec(details: dict[str, Any]) -> TensorSpec:
    scale, zero_point = details["quantization"]
    shape = tuple(int(n) for n in details["shape"])
    return TensorSpec(shape, np.dtype(details["dtype"]), float(scale), int(zero_point))


def input_encoder(
    spec: TensorSpec, normalization: Normalization | None = None
) -> Callable[[NDArray[np.uint8]], NDArray[Any]]:
    """Return the function that turns pixels 0..255, (..., C), into the stored values of an input tensor.

    Our networks rescale in their own first layer: their input's real values are the pixels. Without a normalization,
    a scale far below 1 means that a model made elsewhere covers a normalised range (-1..1, 0..1) with its 256 steps:
    the pixel is the step.
    """
    if normalization is not None:
        return _normalizing_encoder(spec, normalization)
    if spec.dtype == np.float32:
        return lambda pixels: pixels.astype(np.float32)
    steps = np.iinfo(spec.dtype)
    table = np.arange(256) + steps.min
    if spec.scale > 0.5:
        table = np.clip(np.round(np.arange(256) / spec.scale) + spec.zero_point, steps.min, steps.max)
    table = table.astype(spec.dtype)
    if spec.dtype == np.uint8 and np.array_equal(table, np.arange(256)):
        return lambda pixels: pixels
    if spec.dtype == np.int8 and np.array_equal(table, np.arange(-128, 128)):
        return lambda pixels: (pixels ^ np.uint8(0x80)).view(np.int8)  # 20 times faster than the table
    return lambda pixels: table[pixels]


def _normalizing_encoder(spec: TensorSpec, normalization: Normalization) -> Callable[[NDArray[np.uint8]], NDArray[Any]]:
    table = normalization.real_values()
    if spec.dtype != np.float32:
        steps = np.iinfo(spec.dtype)
        table = np.clip(np.round(table / (spec.scale or 1.0)) + spec.zero_point, steps.min, steps.max)
    stored = table.astype(spec.dtype)
    if stored.shape[1] == 1:
        alike = stored[:, 0]
        return lambda pixels: alike[pixels]
    channels = np.arange(stored.shape[1])
    return lambda pixels: stored[pixels, channels]


def real_values(stored: NDArray[Any], spec: TensorSpec) -> NDArray[np.float32]:
    """Turn an output tensor's stored values into real ones, float32."""
    if spec.scale == 0.0:
        return stored.astype(np.float32)
    return ((stored.astype(np.float32) - spec.zero_point) * np.float32(spec.scale)).astype(np.float32)
