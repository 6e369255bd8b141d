"""`edge-sort prove`: does the line keep its promises, whatever goes wrong?"""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import click

from edge.end_signals import ended_by_signals
from edge.said import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge.prove import Proof
    from edge.prove_chunk import ModelName

_MODELS = ("packaged", "colours")


@click.command("prove")
@click.option("--parts", type=click.IntRange(1), default=1000, show_default=True, help="Parts to feed in all.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option(
    "--model",
    type=click.Choice(_MODELS),
    default="packaged",
    show_default=True,
    help="packaged: rendered parts and the bundle's network. colours: coloured parts and a scorer that is right "
    "about them, several times faster.",
)
@click.option("--chunk", type=click.IntRange(0), help="Replay only this chunk of the proof.")
@click.option("--jobs", type=click.IntRange(1), help="Processes to share the work. Default: the processor's cores.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
@ended_by_signals("ending: what is under way is thrown away, what is whole is reported")
def prove_command(parts: int, seed: int, model: ModelName, chunk: int | None, jobs: int | None, as_json: bool) -> None:
    """Sort on an emulated line in which things go wrong, and check that no part is lost or misled by it.

    Exit code 1, and the seed, when a promise is broken; the same seed replays the same run exactly,
    whatever --jobs is. Stopped by Ctrl-C or SIGTERM it reports what was fed until then, in whole chunks of 500 parts,
    and ends with exit code 130 or 143 when no promise was broken.
    """
    from edge.prove import chunks_of, default_jobs, prove

    last = sum(1 for _ in chunks_of(parts, seed)) - 1
    if chunk is not None and chunk > last:
        raise click.UsageError(f"--chunk: expected a chunk of {parts} parts, 0 to {last}, found {chunk}")
    proof = prove(parts, seed, model, only_chunk=chunk, jobs=jobs or default_jobs(), told=_teller())
    say(json.dumps(proof.as_dict()) if as_json else _text(proof))
    if proof.stopped_by is not None:
        name = signal.Signals(proof.stopped_by).name
        say(f"Stopped by {name} after {proof.sums['fed']} of {proof.parts} parts", err=True)
    if proof.failing_chunks:
        again = f"edge-sort prove --parts {parts} --seed {seed} --model {model} --chunk {proof.failing_chunks[0]}"
        say(f"Failed with seed {seed}; replay with: {again}", err=True)
        raise SystemExit(1)
    if proof.stopped_by is not None:
        raise SystemExit(128 + proof.stopped_by)


def _teller() -> Callable[[Proof], None]:
    """Say each thing that is wrong as soon as it is known."""
    said = 0

    def tell(proof: Proof) -> None:
        nonlocal said
        for sentence in proof.wrong[said:]:
            say(sentence, err=True)
        said = len(proof.wrong)

    return tell


def _text(proof: Proof) -> str:
    found = proof.as_dict()
    lines = [f"{name:<18}{count:>9}" for name, count in proof.sums.items()]
    for name in ("rejected", "faults"):
        lines.append(f"{name}: " + (", ".join(f"{kind} {count}" for kind, count in found[name].items()) or "none"))
    return "\n".join([*lines, _verdict(proof)])


def _verdict(proof: Proof) -> str:
    if not proof.chunks:
        return "nothing was proved: it was stopped too early"
    kept = "a promise was broken" if proof.failing_chunks else "every promise was kept"
    return kept if proof.stopped_by is None else f"{kept} until it was stopped"
