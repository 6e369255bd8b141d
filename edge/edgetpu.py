"""Open a model on a Coral Edge TPU, or say what stands in the way.

The device is reached through the delegate API of whichever TFLite runtime is installed. A libedgetpu that was built for
another runtime kills the process instead of raising (the stock 16.0 does with every runtime since 2.12), and a device
in a bad state can hang it. So a child process goes first: it opens the model and runs it once.
"""

from __future__ import annotations

import ctypes
import math
import multiprocessing
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from edge.edgetpu_devices import LIBRARY, DeviceFolders, why_not_opened
from edge.errors import EdgeSortError, ModelError
from edge.interpreter import Interpreter, TfliteInterpreter, load_runtime

ENTRY_POINT = "tflite_plugin_create_delegate"
TRIAL_TIMEOUT_S = 30.0
_CLOSING_S = 2.0
_LATE, _DIED = "late", "died"
_HOW_TO_GET_IT = (
    "install a libedgetpu built for this TFLite runtime, such as the releases of github.com/feranick/libedgetpu, "
    "or give its path as classifier.library in the machine file"
)


class DelegateRuntime(Protocol):
    """The delegate API of a TFLite runtime."""

    def load(self, library: str, options: Mapping[str, str]) -> Any:
        """Return the delegate of a library. Raises ModelError, or ValueError when it finds no device."""
        ...

    def interpreter(self, model: Path, delegate: Any) -> Interpreter:
        """Open a compiled model on a delegate. Raises ModelError."""
        ...


class InstalledRuntime:
    """The delegate API of the runtime that this machine has."""

    def load(self, library: str, options: Mapping[str, str]) -> Any:
        """Return the delegate of a library. Raises ModelError, or ValueError when it finds no device."""
        try:
            found = ctypes.CDLL(library)  # first by itself: the runtime makes noise about what is missing
        except OSError as error:
            raise ModelError(f"expected the Edge TPU's library, found none ({error}); {_HOW_TO_GET_IT}") from error
        if not hasattr(found, ENTRY_POINT):
            raise ModelError(f"{library}: expected the Edge TPU's library, found another one; {_HOW_TO_GET_IT}")
        return load_runtime().load_delegate(library, dict(options))

    def interpreter(self, model: Path, delegate: Any) -> Interpreter:
        """Open a compiled model on a delegate. Raises ModelError."""
        return TfliteInterpreter(model, delegate=delegate)


@dataclass(frozen=True)
class EdgeTpu:
    """Where the Edge TPU is. device: "usb", "usb:0", "pci:1", ...; None is the first one there is.

    trial_timeout_s: how long the child process that goes first may take; None for no such child.
    """

    library: str = LIBRARY
    device: str | None = None
    runtime: DelegateRuntime = field(default_factory=InstalledRuntime)
    folders: DeviceFolders = field(default_factory=DeviceFolders)
    trial_timeout_s: float | None = TRIAL_TIMEOUT_S

    def open(self, model: Path) -> Interpreter:
        """Open a compiled model and run it once, on zeros: the first run loads it and takes some tenths of a second.

        Raises ModelError: no library, no device, no permission, in use, or a model it cannot run.
        """
        if self.trial_timeout_s is not None:
            _try_in_a_child(self, model, self.trial_timeout_s)
        return self._open(model)

    def _open(self, model: Path) -> Interpreter:
        options = {} if self.device is None else {"device": self.device}
        try:
            delegate = self.runtime.load(self.library, options)
        except ValueError as error:
            wanted = f" ({self.device})" if self.device else ""
            raise ModelError(f"expected an Edge TPU{wanted}, {why_not_opened(self.folders)}") from error
        interpreter = self.runtime.interpreter(model, delegate)
        interpreter.run(np.zeros(interpreter.input.shape, interpreter.input.dtype))
        return interpreter


def _try_in_a_child(edgetpu: EdgeTpu, model: Path, timeout_s: float) -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_trial, args=(edgetpu, model, theirs), name="edge-sort Edge TPU trial", daemon=True)
    child.start()
    theirs.close()
    try:
        answer = ours.recv() if ours.poll(timeout_s) else _LATE
    except EOFError:
        answer = _DIED
    finally:
        ours.close()
        child.join(_CLOSING_S)  # it lets go of the device
        child.kill()
        child.join()
    if answer == _LATE:
        raise ModelError(
            f"expected an Edge TPU that answers, found one that does not within {timeout_s:g} s; "
            "unplug it and plug it in again, a USB one without a hub that has no power supply"
        )
    if answer == _DIED:
        raise ModelError(
            f"{edgetpu.library}: expected a library that fits the TFLite runtime here, found that it ends the process "
            f"({_how_it_ended(child.exitcode)}); {_HOW_TO_GET_IT}"
        )
    if answer is not None:
        raise ModelError(answer)


def _trial(edgetpu: EdgeTpu, model: Path, answer: Connection) -> None:
    """Open the model and run it; send None when that went well, else the sentence for the user."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    if edgetpu.trial_timeout_s is not None:
        signal.alarm(math.ceil(edgetpu.trial_timeout_s + _CLOSING_S) + 1)  # whatever became of the parent
    try:
        edgetpu._open(model)
    except EdgeSortError as error:
        answer.send(str(error))
    else:
        answer.send(None)


def _how_it_ended(code: int | None) -> str:
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"
