"""Keep TensorFlow's chatter off the terminal."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from edge.quiet import native_stderr_silenced


@contextmanager
def quiet() -> Iterator[None]:
    """Swallow what the block prints on Python's stdout and on descriptor 2, where C++ writes, and its warnings.

    The converter prints its progress to stdout, where `--json` promises one object.
    """
    with native_stderr_silenced(), redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
