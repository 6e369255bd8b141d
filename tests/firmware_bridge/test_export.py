"""`edge-sort export`: what it writes works by the README's own commands, and what cannot work is refused before."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from edge.cli import cli
from firmware_bridge.compilers import find_arm_compiler, find_host_compiler, has_ziglang, processor
from firmware_bridge.elf_sizes import elf_sizes
from firmware_bridge.micro_operators import ADDED_BY
from tests.firmware_bridge.compiled_models import (
    NO_COMPILER,
    STRICT,
    classifier_graph,
    compile_models,
    write_graph_bundle,
)
from tests.integer_graphs import IntegerGraph

HAS_MICRO = importlib.util.find_spec("tflite_micro") is not None
needs_micro = pytest.mark.skipif(not HAS_MICRO, reason="needs the Python package tflite-micro (Linux, x86_64)")


def export(bundle, out, *more):
    return CliRunner().invoke(cli, ["export", str(bundle), "--out", str(out), *more])


def commands(readme):
    """Return the lines of the block under "Try it"."""
    return readme.split("## Try it")[1].split("```")[1].strip().splitlines()


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """A small network's bundle, its C, and what the command printed."""
    folder = tmp_path_factory.mktemp("export")
    bundle = write_graph_bundle(folder / "bundle", classifier_graph())
    done = export(bundle, folder / "out", "--target", "c99", "--board", "pico")
    assert done.exit_code == 0, done.output
    return bundle, folder / "out", done.output


@pytest.fixture
def exported(once, tmp_path):
    """The C, to do with as a test likes, and what the command printed."""
    shutil.copytree(once[1], tmp_path / "out")
    return tmp_path / "out", once[2]


def test_the_readme_says_three_commands_and_the_sizes(exported):
    """What a user copies from."""
    out, printed = exported
    readme = (out / "README.md").read_text()
    assert [line.split()[0] for line in commands(readme)] == ["cc", "arm-none-eabi-gcc", "qemu-system-arm"]
    assert printed.splitlines()[0] in readme
    assert "@" not in readme


def test_the_first_command_of_the_readme_proves_the_model_on_this_computer(exported):
    """It compares every byte with the reference kernels' answers, and its exit code says so."""
    out, _ = exported
    compiler = find_host_compiler()
    if compiler is None:
        pytest.skip(NO_COMPILER)
    build, run = commands((out / "README.md").read_text())[0].split(" && ")
    done = subprocess.run(
        [*compiler, *STRICT, *build.split()[1:]], cwd=out, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    said = subprocess.run([run], cwd=out, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout.splitlines()[-1]) == (
        0, "8 of 8 pictures answered as by LiteRT's reference kernels",
    )  # fmt: skip


def test_the_self_test_notices_one_changed_weight(exported):
    """A proof that cannot fail would prove nothing."""
    out, _ = exported
    compiler = find_host_compiler()
    if compiler is None:
        pytest.skip(NO_COMPILER)
    text = (out / "model.c").read_text()
    at = text.index("weights_0[")
    start = text.index("{", at) + 1
    changed = text[:start] + "\n    127 - 2 *" + text[start:].lstrip()
    (out / "model.c").write_text(changed)
    subprocess.run([*compiler, "-w", "-o", "selftest", "model.c", "selftest.c", "host.c"], cwd=out, check=True)
    said = subprocess.run(["./selftest"], cwd=out, capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert "DIFFERS" in said.stdout


def test_the_second_and_third_command_prove_it_on_an_emulated_cortex_m4(exported):
    """The real instructions, start-up included."""
    out, _ = exported
    compiler = find_arm_compiler()
    if compiler is None:
        pytest.skip("needs arm-none-eabi-gcc, or pip install ziglang")
    if shutil.which("qemu-system-arm") is None:
        pytest.skip("needs qemu-system-arm")
    build, run = (line.split() for line in commands((out / "README.md").read_text())[1:])
    if "ziglang" in compiler:
        build = [*compiler, processor(compiler, "cortex-m4"), *build[3:]]
    done = subprocess.run(build, cwd=out, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")  # a compiler has nothing to warn of
    said = subprocess.run(run, cwd=out, capture_output=True, text=True, check=False, timeout=60)
    assert (said.returncode, (said.stdout + said.stderr).splitlines()[-1][:8]) == (0, "8 of 8 p")


@pytest.mark.skipif(not has_ziglang(), reason="needs pip install ziglang")
def test_what_a_cortex_m_compiler_says_is_read_from_its_sections(tmp_path):
    """Constants and code are flash, what can be written is memory, what has a value from the start is both."""
    (tmp_path / "x.c").write_text("const char a[100] = {1}; char b[40]; char c[20] = {1};")
    compiler = [sys.executable, "-m", "ziglang", "cc", "-target", "thumb-freestanding-eabi"]
    subprocess.run([*compiler, "-mcpu=cortex_m4", "-c", "-o", "x.o", "x.c"], cwd=tmp_path, check=True)
    flash, memory = elf_sizes((tmp_path / "x.o").read_bytes())
    assert (120 <= flash < 200, memory) == (True, 60)


def test_the_same_bundle_gives_the_same_bytes(once, tmp_path):
    """Nothing of the machine, the day or a hash gets into the files."""
    bundle, out, _ = once
    assert export(bundle, tmp_path / "again", "--target", "c99").exit_code == 0
    for path in out.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--board", "uno"), "Arduino Uno (ATmega328P) is too small for this model"),
        (("--board", "nonsuch"), "--board: expected one of pico"),
        (("--name", "my model"), "--name: expected a name as C has them"),
        (("--name", "selftest"), "--name: expected another name than those of the other files"),
    ],
)
def test_what_cannot_work_is_refused_with_the_reason(once, tmp_path, options, words):
    """And nothing is written."""
    done = export(once[0], tmp_path / "out", "--target", "c99", *options)
    assert done.exit_code == 1
    assert words in done.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("target", "option", "value"),
    [
        ("ethos-u", "--board", "uno"),
        ("pico-sorter", "--board", "pico"),
        ("c99", "--accelerator", "ethos-u55-128"),
        ("c99", "--vela", "vela"),
        ("c99", "--baud", "115200"),
        ("tflm", "--like", "micro"),
        ("ethos-u", "--like", "litert"),
    ],
)
def test_an_option_that_the_target_ignores_is_refused(tmp_path, target, option, value):
    """Even with its default value: both options are named, and nothing is written."""
    done = export("bundle", tmp_path / "out", "--target", target, option, value)
    assert done.exit_code == 2
    assert f"{option} belongs to --target" in done.output
    assert f"--target {target} ignores it" in " ".join(done.output.split())
    assert not (tmp_path / "out").exists()


def test_the_help_promises_no_golden_answers_to_a_target_without_them():
    """Those who compile with Vela, or make a sorter, get no self-test."""
    said = " ".join(
        CliRunner().invoke(cli, ["export", "--help"], terminal_width=1000, max_content_width=1000).output.split()
    )
    assert "c99 and tflm: the source, golden answers of the reference kernels, and a self-test" in said
    assert said.count("golden") == said.count("self-test") == 1


def test_the_boards_are_listed():
    """With what each has."""
    done = CliRunner().invoke(cli, ["export", "--boards"])
    assert done.exit_code == 0
    assert "nano33ble      1024       256  cortex-m4" in done.output


@needs_micro
def test_tensorflow_lite_micro_gets_what_it_needs_and_answers_alike(bundle_of, tmp_path):
    """The real interpreter measured the arena and gave the golden answers; so does the exported self-test."""
    out = tmp_path / "out"
    done = export(bundle_of(classifier_graph()), out, "--target", "tflm", "--board", "pico")
    assert done.exit_code == 0, done.output
    source = (out / "model.cc").read_text()
    assert "MicroMutableOpResolver<" in source
    assert "resolver.AddConv2D() == kTfLiteOk &&\n        resolver.AddFullyConnected() == kTfLiteOk" in source
    said = subprocess.run([sys.executable, "selftest.py"], cwd=out, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert said.stdout.splitlines()[-1].startswith("8 of 8 pictures")


# the names, arguments and results that the exported C++ relies on, as tflite-micro's headers have them
MICRO_HEADERS = {
    "tensorflow/lite/schema/schema_generated.h":
        "namespace tflite { struct Model; const Model *GetModel(const void *); }",
    "tensorflow/lite/micro/micro_mutable_op_resolver.h":
        "enum TfLiteStatus { kTfLiteOk, kTfLiteError }; namespace tflite { struct MicroOpResolver {};"
        "template <unsigned N> struct MicroMutableOpResolver : MicroOpResolver { METHODS }; }",
    "tensorflow/lite/micro/micro_interpreter.h":
        "#include <stddef.h>\n#include <stdint.h>\n#include \"micro_mutable_op_resolver.h\"\n"
        "union TfLitePtrUnion { int8_t *int8; uint8_t *uint8; void *data; };"
        "struct TfLiteTensor { TfLitePtrUnion data; };"
        "namespace tflite { struct Model; struct MicroInterpreter {"
        "MicroInterpreter(const Model *, const MicroOpResolver &, uint8_t *, size_t); TfLiteStatus AllocateTensors();"
        "TfLiteStatus Invoke(); TfLiteTensor *input(size_t); TfLiteTensor *output(size_t); }; }",
}  # fmt: skip


@needs_micro
@pytest.mark.parametrize("end", ["INT8", pytest.param("UINT8", marks=pytest.mark.slow)])
def test_the_exported_cpp_compiles_against_the_interfaces_it_names(bundle_of, tmp_path, end):
    """Against stand-ins of the headers: the C++ source of TensorFlow Lite Micro comes from the user."""
    compiler = next((found for name in ("c++", "g++", "clang++") if (found := shutil.which(name))), None)
    if compiler is None:
        pytest.skip("needs a C++ compiler: c++, g++ or clang++ on PATH")
    graph = IntegerGraph((8, 8, 3), 1, end, zero=0 if end == "UINT8" else -128)
    if end == "UINT8":
        graph.requantize(scale=1.0, zero=-128)
    graph.mean()
    graph.dense(3)
    graph.softmax()
    if end == "UINT8":
        graph.requantize("QUANTIZE", "UINT8", 1 / 256, 0)
    out = tmp_path / "out"
    assert export(bundle_of(graph), out, "--target", "tflm").exit_code == 0
    methods = "".join(f"TfLiteStatus {name}();" for name in ADDED_BY.values())
    for name, text in MICRO_HEADERS.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("#pragma once\n" + text.replace("METHODS", methods))
    command = [
        compiler,
        "-std=c++17",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-I.",
        "-fsyntax-only",
        "model.cc",
        "model_data.cc",
    ]
    done = subprocess.run(command, cwd=out, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_model_with_uint8_ends_is_written_like_any_other(tmp_path):
    """Its input and output are stored less 128."""
    graph = IntegerGraph((8, 8, 3), 1, "UINT8", zero=0)
    graph.requantize(scale=1.0, zero=-128)
    graph.mean()
    graph.dense(3)
    graph.softmax()
    graph.requantize("QUANTIZE", "UINT8", 1 / 256, 0)
    (compiled,) = compile_models([graph.packed()], tmp_path)
    assert compiled.differing(20) == 0


@needs_micro
def test_a_model_that_ends_tensorflow_lite_micro_ends_only_a_child(bundle_of, tmp_path):
    """It aborts the process on some models; the command says so."""
    graph = IntegerGraph((8, 8, 3), 1)
    graph.operator("ADD", (graph.at, graph.at), graph.tensor((1, 9, 9, 3)), ("AddOptions", {}))
    graph.mean()
    graph.dense(3)
    done = export(bundle_of(graph), tmp_path / "out", "--target", "tflm")
    assert done.exit_code == 1
    assert "expected a model that TensorFlow Lite Micro can run" in done.output
