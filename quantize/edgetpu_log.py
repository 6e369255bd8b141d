"""Read what `edgetpu_compiler` prints: its table, its figures on memory, its reasons for a refusal."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the compiler's table: `count` operators of a kind share a fate."""

    kind: str
    count: int
    status: str

    @property
    def mapped(self) -> bool:
        """Whether the Edge TPU computes them."""
        return self.status.lower().startswith("mapped to edge tpu")


def read_table(log: str) -> tuple[Row, ...]:
    """Read the rows below "Operator  Count  Status"; none when there is no such table."""
    lines = iter(log.splitlines())
    for line in lines:
        if line.split() == ["Operator", "Count", "Status"]:
            break
    rows = []
    for line in lines:
        match = re.fullmatch(r"(\S+)\s+(\d{1,9})\s+(\S.*?)\s*", line)
        if match is None and line.strip():
            break
        if match is not None:
            rows.append(Row(match.group(1), int(match.group(2)), match.group(3)))
    return tuple(rows)


def read_version(output: str) -> str:
    """Read which compiler it was."""
    match = re.search(r"Edge TPU Compiler version (\S+)", output)
    return match.group(1) if match else "unknown"


def read_memory(output: str) -> dict[str, str]:
    """Read the lines on memory: parameters that do not fit on the chip are sent anew for every picture."""
    return {
        match.group(1): match.group(2)
        for match in re.finditer(r"^((?:On|Off)-chip memory [a-z ]+): ([\d.]+[KMG]?i?B)\s*$", output, re.MULTILINE)
    }


@dataclass(frozen=True)
class Refusal:
    """Why it made nothing of a model: its own words, what to do, and whether another attempt is worth its while."""

    words: str
    remedy: str
    again: bool = False


def find_refusal(output: str) -> Refusal | None:
    """Return the refusal in the compiler's output that says most; None when there is none that is known."""
    for pattern, remedy, again in _REFUSALS:
        if (match := re.search(pattern, output)) is not None:
            return Refusal(match.group(0).strip(), remedy, again)
    return None


# The texts are its own, from google-coral/edgetpu issues 211, 313, 340, 608, 728, 862. The first that fits is told.
_REFUSALS: tuple[tuple[str, str, bool], ...] = (
    (
        r"Didn't find op for builtin opcode '\w+' version '\d+'",
        "it knows that operator only in older versions: replace the layer, or convert with an older TensorFlow",
        False,
    ),
    (
        r"Op builtin_code out of range: \d+",
        "the operator is younger than the compiler: replace the layer (GELU is such a one)",
        False,
    ),
    (r"Model could not be parsed", "an operator of it is unknown to the compiler, or the file is damaged", False),
    (r"Model not quantized", "a tensor is not 8-bit: quantize it to full int8", False),
    (r"dynamic-sized tensors", "convert the model with a batch of 1", False),
    (r"[^\n:]*large activation tensors[^\n]*", "train with a smaller input or fewer channels", False),
    (
        r"Internal compiler error|uncaught exception[^\n]*",
        "it failed twice; another input size or number of channels often helps",
        True,
    ),
)
