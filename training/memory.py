"""The memory of a training: what it freed is kept for its next step; when there is none left, that is explained."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from edge.errors import EdgeSortError

if TYPE_CHECKING:  # a child process imports this module before it does anything
    from training.recipe import Recipe


# parameters of mallopt(3), from glibc's malloc.h
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -2, -4, -8
_NEVER = 2**31 - 1
_GROW_BYTES = 64 * 2**20


def keep_freed_memory() -> bool:
    """Let this process keep what it frees; returns whether its C library can (glibc).

    A step of training frees and wants again the same few hundred MB. By default glibc hands each large block back to
    the kernel, which fills the next one with zeros, page by page: a quarter to a half of the processor time of tuning
    a MobileNetV2 in a virtual machine (benchmarks/kept_memory.py).
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # no C library that is known by no name, or one without it
        return False
    mallopt(_M_ARENA_MAX, 1)  # the others cannot grow beyond 64 MiB, and would fall back to the kernel
    mallopt(_M_MMAP_MAX, 0)
    mallopt(_M_TRIM_THRESHOLD, _NEVER)
    return bool(mallopt(_M_TOP_PAD, _GROW_BYTES))


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether an error says so. TensorFlow's own is known by its name: it may not be loaded."""
    return isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError"


@contextmanager
def memory_errors_explained(recipe: Recipe) -> Iterator[None]:
    """Turn the memory errors of Python, NumPy and TensorFlow into one sentence for the user.

    (Where Linux kills the process instead, there is nobody left to say anything; `--resume` goes on.)
    """
    try:
        yield
    except Exception as error:
        if not ran_out_of_memory(error):
            raise
        height, width, _ = recipe.input.shape
        raise EdgeSortError(
            f"expected memory for the pictures at {width} x {height} px and for batches of {recipe.batch}, found none "
            "left; close other programs, or use a smaller --batch, a smaller --size or fewer pictures"
        ) from error
