"""`edge-sort export --target c99`: a folder with the model as C99, and all that proves it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from edge.bundle import MODEL_FILE, open_bundle
from edge.durable import require_unused, whole_folder
from edge.interpreter import input_encoder
from firmware_bridge.boards import Board, require_fits
from firmware_bridge.c_text import check_name
from firmware_bridge.elf_sizes import Sizes, measure
from firmware_bridge.emit import Emitted, emit
from firmware_bridge.export_text import golden_json, origin_of, resize_words, selftest, template
from firmware_bridge.golden_vectors import make_vectors
from firmware_bridge.kernel_answers import KERNELS, ask_kernels
from firmware_bridge.lower import Like
from firmware_bridge.source import read_bundle_graph, source_of, tensor_spec

HOST_COMMAND = "cc -std=c99 -O2 -o selftest {name}.c selftest.c host.c && ./selftest"
ARM_COMMAND = (
    "arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -std=c99 -O2 -ffreestanding -nostartfiles -T mps2.ld -o selftest.elf "
    "{name}.c selftest.c mps2.c"
)
QEMU_COMMAND = (
    "qemu-system-arm -M mps2-an386 -display none -monitor none -serial none "
    "-semihosting-config enable=on,target=native -kernel selftest.elf"
)
_CODE_BYTES, _LAYER_BYTES = 4000, 64  # kernels and parameters beside the large constants, where nothing measures them


@dataclass(frozen=True)
class Exported:
    """What was written. notes: lines for a person."""

    folder: Path
    notes: tuple[str, ...]


def export_c99(
    folder: Path, out: Path, name: str = "model", board: Board | None = None, like: Like = "litert"
) -> Exported:
    """Write the model of the bundle in `folder` as C99 to `out`, a new or empty folder.

    like: whose kernels it answers like (see lower); "micro" needs the package tflite-micro for the golden answers.
    Raises BundleError, DataError, MissingPackageError, and ModelError naming the operator that cannot be written or the
    board's numbers.
    """
    require_unused(out)
    bundle = open_bundle(folder)
    graph = read_bundle_graph(bundle)
    source = source_of(graph, bundle.facts, check_name(name), origin_of(bundle), like)
    emitted = emit(source)
    sizes = measure(emitted.source, emitted.header, name) or estimate(emitted, len(source.network.layers))
    if board is not None:
        require_fits(board, sizes.flash, sizes.memory, f"this model ({sizes.how})")
    vectors = make_vectors(bundle)
    given = tensor_spec(graph.inputs[0])
    stored = input_encoder(given, bundle.facts.conventions.normalization)(vectors.pictures)
    outputs = ask_kernels(like, bundle.read(MODEL_FILE), stored).outputs
    expected = (outputs.astype(int) - (128 if outputs.dtype == np.uint8 else 0)).astype(np.int8)
    words = {
        "name": name, "labels": ", ".join(bundle.labels), "origin": source.ends.origin, "resize": resize_words(bundle),
        "width": source.ends.shape[1], "height": source.ends.shape[0], "vectors": len(outputs),
        "colour": "red, green, blue" if source.ends.shape[2] == 3 else "grey", "sizes": _sizes_text(sizes),
        "HOST_COMMAND": HOST_COMMAND.format(name=name), "ARM_COMMAND": ARM_COMMAND.format(name=name),
        "QEMU_COMMAND": QEMU_COMMAND, "kernels": KERNELS[like],
    }  # fmt: skip
    texts = {
        f"{name}.c": emitted.source,
        f"{name}.h": emitted.header,
        "selftest.c": selftest(name, vectors, expected, KERNELS[like]),
        "host.c": template("host.c", {}),
        "mps2.c": template("mps2.c", {}),
        "mps2.ld": template("mps2.ld", {}),
        "labels.txt": "".join(f"{label}\n" for label in bundle.labels),
        "golden.json": golden_json(bundle, outputs, KERNELS[like]),
        "sizes.json": json.dumps(asdict(sizes)) + "\n",
        "README.md": template("README-c99.md", words),
    }
    write_texts(out, texts)
    return Exported(out, (*_sizes_text(sizes).splitlines(), *bundle.warnings))


def write_texts(out: Path, texts: dict[str, str]) -> None:
    """Write a folder of text files, whole or not at all."""
    with whole_folder(out) as draft:
        for name, text in texts.items():
            (draft / name).write_text(text, encoding="utf-8", newline="\n")


def estimate(emitted: Emitted, layers: int) -> Sizes:
    """Return what a model takes where no compiler can measure it."""
    flash = emitted.constant_bytes + _CODE_BYTES + _LAYER_BYTES * layers
    return Sizes(flash, emitted.arena_bytes, "estimated: there is no compiler for a Cortex-M here")


def _sizes_text(sizes: Sizes) -> str:
    return (
        f"flash  {sizes.flash} bytes: weights, tables and code ({sizes.how})\n"
        f"memory {sizes.memory} bytes, and less than 2048 of stack"
    )
