"""The one error of this folder: the judge said no."""

from __future__ import annotations

from edge.errors import EdgeSortError


class QuantizationRefused(EdgeSortError):
    """The integer model loses more than was allowed; no bundle was written."""

    exit_code = 3
