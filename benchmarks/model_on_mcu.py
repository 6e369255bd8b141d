"""What an exported model takes on a Cortex-M4, beside TensorFlow Lite Micro; and does it answer real pictures alike?

    python -m benchmarks.model_on_mcu                              # the shapes, random weights
    python -m benchmarks.model_on_mcu --alike 1000                 # do the emulated cores answer every byte alike?
    python -m benchmarks.model_on_mcu --host                       # two shapes on this computer, counted by valgrind
    python -m benchmarks.model_on_mcu --bundle B --pictures D      # a bundle on a folder per class, or a split.json

Instructions are counts of an emulator or of valgrind, no times.
"""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.emulated_cortex import BOARDS, outputs_of
from benchmarks.host_instructions import c99_instructions, micro_instructions
from benchmarks.mcu_shapes import SHAPES, coloured, integer_model
from edge.bundle import MODEL_FILE, open_bundle
from edge.bundle_facts import BundleFacts, Threshold
from edge.interpreter import input_encoder
from edge.labelled import labelled_pictures
from edge.model_graph import read_graph
from edge.pictures import read_picture
from edge.preprocess import InputSpec, preprocess
from firmware_bridge.compilers import find_host_compiler
from firmware_bridge.elf_sizes import measure
from firmware_bridge.emit import Emitted, emit
from firmware_bridge.kernel_answers import ask_kernels
from firmware_bridge.source import read_bundle_graph, source_of, tensor_spec

PACKAGED = Path(__file__).resolve().parents[1] / "edge" / "data" / "bundle"


@click.command()
@click.option("--bundle", type=click.Path(path_type=Path))
@click.option("--pictures", type=click.Path(path_type=Path))
@click.option("--inputs", default=3, help="How many pictures the emulated cores answer.")
@click.option("--alike", default=0, help="Count nothing; compare so many pictures of each shape on each core.")
@click.option("--host", is_flag=True, help="Count instructions on this computer, TensorFlow Lite Micro's too; minutes.")
def main(bundle: Path | None, pictures: Path | None, inputs: int, alike: int, host: bool) -> None:
    """Print the tables of docs/model_on_mcu.md."""
    if host:
        _on_this_computer()
        return
    if alike:
        for name in SHAPES:
            print(_alike(name, integer_model(name), alike), flush=True)
        return
    if bundle and pictures:
        _real_pictures(bundle, pictures)
        return
    print(
        f"{'network':<18} {'flash':>7} {'memory':>7} {'TFLM arena':>10} {'ratio':>5}  instructions of M3, M4, M7, M55"
    )
    for name in SHAPES:
        print(_row(name, integer_model(name), inputs), flush=True)


def _on_this_computer() -> None:
    print(f"{'network':<18} {'TFLM':>8} {'C99, -O2':>17} {'C99, -O3':>17}")
    for name in ("resnet8", "mobilenet-v1-025"):
        model = integer_model(name)
        graph, emitted = read_graph(model), _emitted(model, name)
        stored = (coloured(graph.inputs[0].shape[1:], 1, 1) ^ np.uint8(0x80)).view(np.int8)
        micro, counts = micro_instructions(model, stored), []
        for optimization in ("-O2", "-O3"):
            with tempfile.TemporaryDirectory() as folder:
                count = c99_instructions(emitted, Path(folder), optimization)
            counts.append(f"{count / 1e6:6.1f} M, ratio {count / micro:.2f}")
        print(f"{name:<18} {micro / 1e6:6.1f} M {', '.join(counts)}", flush=True)


def _emitted(model: bytes, origin: str) -> Emitted:
    graph = read_graph(model)
    facts = _facts(graph.inputs[0].shape[1:], graph.outputs[0].shape[-1])
    return emit(source_of(graph, facts, "model", origin))


def _row(name: str, model: bytes, inputs: int) -> str:
    graph, emitted = read_graph(model), _emitted(model, name)
    shape = graph.inputs[0].shape[1:]
    sizes = measure(emitted.source, emitted.header, "model")
    pixels = coloured(shape, inputs, 1)
    arena = ask_kernels("micro", model, (pixels[:1] ^ np.uint8(0x80)).view(np.int8)).arena["total"]
    expected = ask_kernels("litert", model, (pixels ^ np.uint8(0x80)).view(np.int8)).outputs
    counts = []
    for core in BOARDS:
        with tempfile.TemporaryDirectory() as folder:
            outputs, spent = outputs_of(emitted, pixels, Path(folder), core)
        alike = "" if np.array_equal(outputs, expected) else " DIFFERS"
        counts.append(f"{spent.mean() / 1e6:.1f} M ({spent.mean() / graph.macs:.2f} / MAC){alike}")
    assert sizes is not None
    ratio = emitted.arena_bytes / arena
    return f"{name:<18} {sizes.flash:>7} {emitted.arena_bytes:>7} {arena:>10} {ratio:>5.2f}  {', '.join(counts)}"


def _alike(name: str, model: bytes, inputs: int) -> str:
    pixels, emitted = coloured(read_graph(model).inputs[0].shape[1:], inputs, 1), _emitted(model, name)
    expected = ask_kernels("litert", model, (pixels ^ np.uint8(0x80)).view(np.int8)).outputs
    found = []
    for core in BOARDS:
        with tempfile.TemporaryDirectory() as folder:
            outputs, _ = outputs_of(emitted, pixels, Path(folder), core, counted=False)
        found.append(f"{core} {int((outputs == expected).all(axis=1).sum())}")
    return f"{name:<18} of {inputs} pictures answered as LiteRT does, every byte: {', '.join(found)}"


def _facts(shape: tuple[int, ...], outputs: int) -> BundleFacts:
    """Facts for a model without a bundle."""
    labels = tuple(f"label_{number}" for number in range(outputs))
    spec = InputSpec(width_px=shape[1], height_px=shape[0])
    changed = {"labels": labels, "input": spec, "thresholds": {label: Threshold(min_score=0.5) for label in labels}}
    return open_bundle(PACKAGED).facts.model_copy(update=changed)


def _real_pictures(folder: Path, pictures: Path) -> None:
    bundle = open_bundle(folder)
    graph, facts = read_bundle_graph(bundle), bundle.facts
    shown = labelled_pictures(pictures)
    pixels = np.stack([preprocess(read_picture(one.path), facts.input) for one in shown])
    stored = input_encoder(tensor_spec(graph.inputs[0]), facts.conventions.normalization)(pixels)
    for like in ("litert", "micro"):
        expected = ask_kernels(like, bundle.read(MODEL_FILE), stored).outputs
        emitted = emit(source_of(graph, facts, "model", "real pictures", like))
        with tempfile.TemporaryDirectory() as held:
            here = _on_host(emitted, pixels, Path(held), expected.shape[1])
            there, _ = outputs_of(emitted, pixels, Path(held))
        alike = [int((outputs == expected).all(axis=1).sum()) for outputs in (here, there)]
        print(
            f"as {like}: {alike[0]} of {len(pixels)} on this computer, {alike[1]} on the emulated Cortex-M4, every byte"
        )
        right = [facts.labels[int(best)] == one.label for best, one in zip(there.argmax(axis=1), shown, strict=True)]
        print(f"  {sum(right)} of {len(right)} labels are right")


def _on_host(emitted: Emitted, pixels: NDArray[np.uint8], folder: Path, outputs: int) -> NDArray[np.int8]:
    (folder / "model.c").write_text(emitted.source)
    (folder / "model.h").write_text(emitted.header)
    compiler = find_host_compiler()
    assert compiler is not None
    command = [*compiler, "-std=c99", "-O3", "-shared", "-fPIC", "-o", "model.so", "model.c"]
    subprocess.run(command, cwd=folder, check=True)
    library = ctypes.CDLL(str(folder / "model.so"))
    library.model_outputs.restype = ctypes.POINTER(ctypes.c_int8)
    answers = []
    for one in pixels:
        library.model_run(ctypes.c_void_p(one.ctypes.data))
        answers.append(np.ctypeslib.as_array(library.model_outputs(), (outputs,)).copy())
    return np.stack(answers)


if __name__ == "__main__":
    main()
