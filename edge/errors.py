"""The errors a user can meet, and nothing else.

    EdgeSortError            exit 1: something outside the program is not as it must be
    ├── DataError            a folder of pictures, or a picture
    ├── BundleError          the bundle on disk
    ├── ModelError           the model, or the runtime that should execute it
    ├── MachineError         machine.toml
    ├── CameraError          the camera, or the frames it should give
    │   └── CameraLost       it worked and no longer does: worth starting it again
    ├── GateError            pins and gates
    ├── MqttError            the broker that is told what the line does
    ├── RemoteError          another computer, by ssh
    └── MissingPackageError  a library this command needs is not installed

Programming mistakes stay ordinary Python errors. `edge.cli` is the one place that turns these into an exit code.
"""

from __future__ import annotations


class EdgeSortError(Exception):
    """Say what was expected, what was found and what to do, in one sentence for the user."""

    exit_code = 1


class DataError(EdgeSortError):
    """A folder of pictures, or one picture, cannot be used."""


class BundleError(EdgeSortError):
    """A bundle is incomplete, changed or of another format."""


class ModelError(EdgeSortError):
    """A model cannot be executed, or does not fit the facts that came with it."""


class MachineError(EdgeSortError):
    """The machine file describes a machine that cannot work."""


class CameraError(EdgeSortError):
    """The camera is missing or gives no usable frame."""


class CameraLost(CameraError):
    """A camera that worked gives no usable frame any more; starting it again may help."""


class GateError(EdgeSortError):
    """A pin or a gate cannot be used."""


class MqttError(EdgeSortError):
    """The broker cannot be reached, refuses, or was lost."""


class RemoteError(EdgeSortError):
    """Another computer cannot be reached, or does not do what it is asked to."""


class MissingPackageError(EdgeSortError):
    """A library is missing; the message names the command that installs it."""
