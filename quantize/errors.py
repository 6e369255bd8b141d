"""The errors of this folder: the judge said no, or something asked for could not be added."""

from __future__ import annotations

from edge.errors import EdgeSortError


class QuantizationRefused(EdgeSortError):
    """The integer model loses more than was allowed; no bundle was written."""

    exit_code = 3


class EdgeTpuLeftOut(EdgeSortError):
    """The bundle was written, but without the model for the Edge TPU that was asked for."""
