"""What a training frees is not handed back to the kernel, only to be asked for again."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

import pytest

from training.memory import keep_freed_memory

STEPS = dedent("""
    import ctypes, resource, sys
    from training.memory import keep_freed_memory
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.free.argtypes = [ctypes.c_void_p]
    libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
    kept = keep_freed_memory() if sys.argv[1] == "kept" else None
    block = 48 * 2**20  # larger than what glibc ever keeps by itself
    def step():
        at = libc.malloc(block)
        libc.memset(at, 1, block)
        libc.free(at)
    step()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(3):
        step()
    pages = block // resource.getpagesize()
    print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / (3 * pages))
""")


def share_of_pages_fetched(how: str) -> float:
    done = subprocess.run([sys.executable, "-c", STEPS, how], capture_output=True, text=True, check=True)
    return float(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no glibc here")
def test_freed_memory_is_used_again_without_the_kernel() -> None:
    assert share_of_pages_fetched("kept") < 0.01


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no glibc here")
def test_without_it_every_step_fetches_its_pages_again() -> None:
    assert share_of_pages_fetched("as it is") > 0.1  # fewer than all only where the kernel hands out huge pages


def test_a_c_library_without_the_call_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.memory.ctypes.CDLL", lambda _name: object())
    assert keep_freed_memory() is False
