"""Say what to do when a training needs more memory than there is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from edge.errors import EdgeSortError

if TYPE_CHECKING:  # a child process imports this module before it does anything
    from training.recipe import Recipe


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
