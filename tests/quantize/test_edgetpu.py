"""`edgetpu_compiler`, played by a script that prints and leaves what the real one was seen to print and leave."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from quantize.edgetpu import EdgeTpuRequest, compile_for_edgetpu
from quantize.edgetpu_compiler import CompilerFailed, CompilerMissing, find_compiler, run_compiler
from quantize.edgetpu_log import read_table
from tests.small_graphs import PLAIN, PLAIN_MACS, SWISH, graph

SUCCESS = """\
Edge TPU Compiler version 16.0.384591198
Started a compilation timeout timer of 180 seconds.

Model compiled successfully in 37 ms.

Input model: model.tflite
Input size: 11.50KiB
Output model: model_edgetpu.tflite
Output size: 40.29KiB
On-chip memory used for caching model parameters: 11.00KiB
On-chip memory remaining for caching model parameters: 7.72MiB
Off-chip memory used for streaming uncached model parameters: 0.00B
Number of Edge TPU subgraphs: 1
Total number of operations: 5
Operation log: model_edgetpu.log
"""
PARTLY = """
Model successfully compiled but not all operations are supported by the Edge TPU. A percentage of the model will \
instead run on the CPU, which is slower. If possible, consider updating your model to use only operations supported by \
the Edge TPU. For details, visit g.co/coral/model-reqs.
Number of operations that will run on Edge TPU: {tpu}
Number of operations that will run on CPU: {cpu}
"""
HEAD = """
Operator                       Count      Status

"""
LAST = """Compilation child process completed within timeout period.
Compilation succeeded! 
"""  # noqa: W291 - so it prints
ALL_MAPPED = """\
CONV_2D                        1          Mapped to Edge TPU
DEPTHWISE_CONV_2D              1          Mapped to Edge TPU
RESHAPE                        1          Mapped to Edge TPU
FULLY_CONNECTED                1          Mapped to Edge TPU
SOFTMAX                        1          Mapped to Edge TPU
"""
FIRST_MAPPED = """\
CONV_2D                        1          Mapped to Edge TPU
HARD_SWISH                     1          Operation not supported
DEPTHWISE_CONV_2D              1          More than one subgraph is not supported
RESHAPE                        1          More than one subgraph is not supported
FULLY_CONNECTED                1          More than one subgraph is not supported
SOFTMAX                        1          More than one subgraph is not supported
"""
NONE_MAPPED = FIRST_MAPPED.replace(
    "Mapped to Edge TPU", "Operation is otherwise supported, but not mapped due to some unspecified limitation"
)
INTERNAL = "Edge TPU Compiler version 14.1.317412892\n\nInternal compiler error. Aborting! \n"

STAND_IN = """#!{python}
import os, pathlib, shutil, subprocess, sys, time
here = pathlib.Path(__file__).parent
attempt = len(list(here.glob("attempt*"))) + 1
(here / f"attempt{{attempt}}").write_text(" ".join(sys.argv[1:]))
out = pathlib.Path(sys.argv[sys.argv.index("-o") + 1])
assert pathlib.Path(sys.argv[-1]).name == "model.tflite" and not list(out.iterdir())
{body}
"""
LEAVE = """
(out / "model_edgetpu.log").write_text((here / "log").read_text())
shutil.copy(here / "compiled", out / "model_edgetpu.tflite")
print((here / "printed").read_text(), end="")
"""


@pytest.fixture
def stand_in(tmp_path):
    """Make the script. body: what it does; compiled: the file it leaves; table: its table, in stdout and log."""

    def make(body=LEAVE, *, compiled=b"", table="", printed=SUCCESS, partly=None):
        folder = tmp_path / "compiler"
        folder.mkdir()
        text = printed + (PARTLY.format(tpu=partly[0], cpu=partly[1]) if partly else "") + HEAD + table + LAST
        (folder / "printed").write_text(text)
        (folder / "log").write_text(f"Edge TPU Compiler version 16.0.384591198\nInput: model.tflite\n{HEAD}{table}")
        (folder / "compiled").write_bytes(compiled)
        script = folder / "edgetpu_compiler"
        script.write_text(STAND_IN.format(python=sys.executable, body=body))
        script.chmod(0o755)
        return script

    return make


def attempts(script):
    return len(list(script.parent.glob("attempt*")))


def compile_with(script, model=None, min_mapped=0.95):
    """Compile, and return the outcome and what was told on the way."""
    told = []
    outcome = compile_for_edgetpu(model or graph(), EdgeTpuRequest(script, min_mapped), told.append)
    return outcome, told


def refused(script, model=None, **options):
    outcome, _ = compile_with(script, model, **options)
    assert outcome.model is None
    assert outcome.missing is None
    assert "\n" not in outcome.refusal
    return outcome.refusal


# What it makes of a model


def test_a_fully_mapped_model(stand_in):
    """It prints no line on operations that run on the Edge TPU; the file holds nothing else."""
    compiled = graph(mapped=len(PLAIN))
    outcome, told = compile_with(stand_in(compiled=compiled, table=ALL_MAPPED))

    assert outcome.model.data == compiled
    assert (outcome.model.mapped, outcome.model.macs, outcome.model.cpu_macs) == (1.0, PLAIN_MACS, 0)
    assert outcome.model.compiler_version == "16.0.384591198"
    assert [row.count for row in outcome.model.table if row.mapped] == [1, 1, 1, 1, 1]
    assert outcome.model.memory["Off-chip memory used for streaming uncached model parameters"] == "0.00B"
    assert told[0] == "for the Edge TPU: every operator of the model is one that the Edge TPU knows"


def test_a_partly_mapped_model_is_judged_by_what_its_file_leaves_to_the_cpu(stand_in):
    """6912 of 9728 multiply-accumulates come before the operator that stops it: 71.1 %."""
    script = stand_in(compiled=graph(SWISH, mapped=1), table=FIRST_MAPPED, partly=(1, 5))

    refusal = refused(script, graph(SWISH))

    assert "71.1% of the multiply-accumulates are mapped to the Edge TPU, asked for are 95.0%" in refusal
    assert "1 x HARD_SWISH (Operation not supported)" in refusal
    assert "operator 2, HARD_SWISH, will not be mapped: the Edge TPU does not know it" in refusal
    assert "accept it with --min-mapped 0.71" in refusal


def test_the_share_that_the_refusal_names_is_accepted(stand_in):
    """And the number in the report is the real one."""
    script = stand_in(compiled=graph(SWISH, mapped=1), table=FIRST_MAPPED, partly=(1, 5))

    outcome, _ = compile_with(script, graph(SWISH), min_mapped=0.71)

    assert outcome.model.mapped == pytest.approx(6912 / PLAIN_MACS)
    assert next(row.kind for row in outcome.model.table if not row.mapped) == "HARD_SWISH"
    assert outcome.as_object()["table"][1] == {
        "kind": "HARD_SWISH", "count": 1, "status": "Operation not supported", "mapped": False
    }  # fmt: skip


def test_the_table_is_not_believed_against_the_file(stand_in):
    """A table that calls everything mapped, beside a file in which a convolution was left."""
    script = stand_in(compiled=graph(mapped=1), table=ALL_MAPPED)

    assert "71.1% of the multiply-accumulates" in refused(script)


@pytest.mark.parametrize("min_mapped", [0.95, 0.0])
def test_nothing_mapped_is_refused_however_successfully_it_compiled(stand_in, min_mapped):
    """Exit code 0, "Model compiled successfully", and the model as it was: no share is low enough for that."""
    script = stand_in(compiled=graph(SWISH), table=NONE_MAPPED, partly=(0, 6))

    refusal = refused(script, graph(SWISH), min_mapped=min_mapped)

    assert "ended well and mapped nothing to the Edge TPU" in refusal
    assert "unspecified limitation" in refusal


# What it says when it makes nothing


@pytest.mark.parametrize(
    ("printed", "told"),
    [
        ("Edge TPU Compiler version 15.0.340273435\nInvalid model: model.tflite\nModel not quantized\n", "8-bit"),
        (
            "ERROR: Didn't find op for builtin opcode 'CONV_2D' version '6'. An older version of this builtin might be "
            "supported. Are you using an old TFLite binary with a newer model?\n\nERROR: Registration failed.\n\n"
            "Invalid model: model.tflite\nModel could not be parsed\n",
            "builtin opcode 'CONV_2D' version '6'",
        ),
        (
            "ERROR: Op builtin_code out of range: 150. Are you using old TFLite binary with newer model?\n"
            "ERROR: Registration failed.\nInvalid model: model.tflite\nModel could not be parsed\n",
            "Op builtin_code out of range: 150'; the operator is younger than the compiler",
        ),
        ("Invalid model: model.tflite\nModel could not be parsed\n", "unknown to the compiler, or the file is damaged"),
        (
            "Started a compilation timeout timer of 180 seconds.\nERROR: Restored original execution plan after "
            "delegate application failure.\nCompilation failed: Compilation failed due to large activation tensors in "
            "model.\nCompilation child process completed within timeout period.\nCompilation failed! \n",
            "large activation tensors in model.'; train with a smaller input",
        ),
        (
            "ERROR: Attempting to use a delegate that only supports static-sized tensors with a graph that has "
            "dynamic-sized tensors.\nCompilation failed! \n",
            "convert the model with a batch of 1",
        ),
        (INTERNAL, "it failed twice"),
        (
            "libc++abi: terminating with uncaught exception of type std::out_of_range: vector\nCompilation failed! \n",
            "std::out_of_range",
        ),
        (
            "Compilation child process completed within timeout period.\nCompilation failed! \n",
            "exit code 1; its last words: 'Compilation failed!'",
        ),
        ("", "exit code 1; its last words: ''"),
    ],
)  # fmt: skip
def test_each_failure_is_told_with_its_own_words_and_a_remedy(stand_in, printed, told):
    """Whatever it says, a stub may lie there: the exit code is not 0, so nothing is taken."""
    body = '(out / "model_edgetpu.tflite").write_bytes(bytes(1000))\n' + LEAVE + "sys.exit(1)"
    script = stand_in(body, compiled=graph(mapped=len(PLAIN)), table="", printed=printed)
    (script.parent / "printed").write_text(printed)

    assert told in refused(script)


def test_an_internal_error_is_tried_once_more(stand_in):
    """Seen in public: the same command on the same model, and the next attempt went well."""
    body = f"if attempt == 1:\n    print({INTERNAL!r})\n    sys.exit(1)\n" + LEAVE

    script = stand_in(body, compiled=graph(mapped=len(PLAIN)), table=ALL_MAPPED)

    assert compile_with(script)[0].model is not None
    assert attempts(script) == 2


def test_any_other_failure_is_not_tried_again(stand_in):
    """It would say the same."""
    script = stand_in("print('Model not quantized'); sys.exit(1)")
    refused(script)

    assert attempts(script) == 1


def test_a_crash_is_told_by_its_signal(stand_in):
    """After two attempts."""
    script = stand_in("os.kill(os.getpid(), 11)")

    assert "was ended by SIGSEGV" in refused(script)
    assert attempts(script) == 2


def test_the_output_of_an_earlier_attempt_is_never_taken(stand_in):
    """The first fails and leaves a perfect file; the second ends well and leaves none."""
    body = (
        'if attempt == 1:\n    shutil.copy(here / "compiled", out / "model_edgetpu.tflite")\n'
        f"    print({INTERNAL!r})\n    sys.exit(1)\nprint('Model compiled successfully in 1 ms.')"
    )
    script = stand_in(body, compiled=graph(mapped=len(PLAIN)), table=ALL_MAPPED)

    assert "ended well and wrote no model; its last words: 'Model compiled successfully in 1 ms.'" in refused(script)


@pytest.mark.parametrize("stub", [bytes(1000), b"\x1c\0\0\0TFL3" + b"\xff" * 1000, b"TFL3"])
def test_a_stub_is_no_model(stand_in, stub):
    """About a kilobyte of nothing, after exit code 0."""
    refusal = refused(stand_in(compiled=stub, table=ALL_MAPPED))

    assert f"ended well and left a stub of {len(stub)} bytes that is no model" in refusal


def test_an_operator_without_a_program_is_no_compiled_model(stand_in):
    """The name alone is not enough."""
    empty = graph(mapped=len(PLAIN), payload=b"")

    assert "mapped nothing to the Edge TPU" in refused(stand_in(compiled=empty, table=ALL_MAPPED))


def test_a_compiled_file_of_another_model_is_refused(stand_in):
    """Its input would be read with another scale."""
    other = graph(mapped=len(PLAIN), input_scale=0.5)

    assert "another input or output than the one it was given" in refused(stand_in(compiled=other, table=ALL_MAPPED))


def test_without_a_table_nothing_is_claimed(stand_in):
    """The bundle shall hold the table; a compiler that prints none is not one we know."""
    assert "no table of mapped operators" in refused(stand_in(compiled=graph(mapped=len(PLAIN))))


# Programs that misbehave


def test_a_hang_is_ended_with_all_its_children(stand_in):
    """No process of it is left, not even as a zombie, and the user is told after the time allowed."""
    script = stand_in()
    script.write_text('#!/bin/sh\nsleep 600 &\necho $$ $! > "$(dirname "$0")/pids"\nwait\n')

    with pytest.raises(CompilerFailed, match="was still busy after 2 s and was ended"):
        run_compiler(script, graph(), timeout_s=2)

    own, child = map(int, (script.parent / "pids").read_text().split())
    assert not Path(f"/proc/{own}").exists()
    assert _is_gone(child)


def _is_gone(pid, patience_s=10.0):
    """A grandchild that was killed is reaped by somebody else, soon, or is a zombie of theirs."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
    return False


def test_output_that_is_no_text_is_still_read(stand_in):
    """Bytes of another encoding around the words that matter, in the log too."""
    body = LEAVE.replace("print(", 'sys.stdout.buffer.write(b"\\xff\\xfe caf\\xe9\\n"); print(').replace(
        '(out / "model_edgetpu.log").write_text((here / "log").read_text())',
        '(out / "model_edgetpu.log").write_bytes(b"\\xff\\xe9\\n" + (here / "log").read_bytes())',
    )
    script = stand_in(body, compiled=graph(mapped=len(PLAIN)), table=ALL_MAPPED)

    assert len(compile_with(script)[0].model.table) == 5


# Programs that are none


def missing(script):
    """The compiler cannot be started: the model is not refused for that."""
    outcome, told = compile_with(script)
    assert (outcome.model, outcome.refusal) == (None, None)
    assert "x86_64 Linux only" in outcome.missing
    assert "https://coral.ai/docs/edgetpu/compiler" in outcome.missing
    assert told[0].startswith("for the Edge TPU: every operator")  # the forecast needs no compiler
    return outcome.missing


def test_without_the_compiler_one_sentence_says_how_to_get_it(monkeypatch, tmp_path):
    """None on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))

    assert missing(None).startswith("expected edgetpu_compiler on PATH, found none; ")


def test_it_is_found_on_the_path(monkeypatch, stand_in):
    """As the user's shell would find it."""
    script = stand_in()
    monkeypatch.setenv("PATH", f"/nowhere{os.pathsep}{script.parent}")

    assert find_compiler(None) == script


def test_a_file_that_may_not_be_executed_is_named(stand_in):
    """With the command that mends it."""
    script = stand_in()
    script.chmod(0o644)

    assert "may not be executed (chmod +x)" in missing(script)


def test_a_program_for_another_processor_is_named(tmp_path):
    """The start of an aarch64 executable: the system answers "exec format error"."""
    other = tmp_path / "edgetpu_compiler"
    other.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\xb7\x00" + bytes(100))
    other.chmod(0o755)

    assert f"({os.uname().machine}) cannot execute" in missing(other)


def test_a_program_whose_loader_is_missing_is_named(stand_in):
    """The file is there, what its first line names is not."""
    script = stand_in()
    script.write_text("#!/nowhere/python\n")

    assert "whose own loader is missing" in missing(script)


def test_a_path_to_nothing_is_named(tmp_path):
    """Found, but gone a moment later."""
    with pytest.raises(CompilerMissing, match="none: expected edgetpu_compiler, found none that starts"):
        run_compiler(tmp_path / "none", graph())


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (graph(dtype="FLOAT32"), "found float32 in"),
        (graph(dtype="INT16"), "found int16 in"),
        (graph(dynamic=True), "convert the model with a batch of 1"),
    ],
)
def test_a_model_that_the_compiler_would_not_take_is_not_given_to_it(stand_in, model, why):
    """Said at once, without starting anything."""
    script = stand_in()

    assert why in refused(script, model)
    assert attempts(script) == 0


def test_a_table_ends_where_its_rows_end():
    """What follows it is not part of it; without its head there is none."""
    assert [row.kind for row in read_table(SUCCESS + HEAD + ALL_MAPPED + LAST)][-1] == "SOFTMAX"
    assert read_table(SUCCESS + ALL_MAPPED + LAST) == ()
