"""`edge-sort quantize`: make the integer model, judge it, write the bundle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from edge.options import FiniteRange, given
from edge.telling import tell

if TYPE_CHECKING:
    from quantize.judge import Judgement
    from quantize.quantize_run import Outcome
    from quantize.thresholds import Choice

_SHARE = FiniteRange(0, 1)
_FLIPS_TOLD = 40


@click.command("quantize")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Bundle folder to write, new or empty.")
@click.option("--data", type=click.Path(path_type=Path), help="Where the pictures lie now, if moved since training.")
@click.option("--max-drop", default=0.01, show_default=True, type=_SHARE, help="Largest loss of accuracy, 0 to 1.")
@click.option("--min-accuracy", default=0.0, show_default=True, type=_SHARE, help="Least accuracy, 0 to 1.")
@click.option(
    "--purity",
    default=0.995,
    show_default=True,
    type=_SHARE,
    help="Share of a bin that must belong there, 0 to 1. With 0 every bin is good enough.",
)
@click.option(
    "--calibration", type=click.IntRange(1), metavar="N", help="Pictures to calibrate with.  [default: until stable]"
)
@click.option(
    "--ends",
    default="int8",
    show_default=True,
    type=click.Choice(["int8", "uint8"]),
    help="What the model takes and gives.",
)
@click.option("--variants", is_flag=True, help="Also measure float16, 8-bit weights and 16-bit activations.")
@click.option(
    "--foreign",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Pictures of parts of no known class: a score is chosen that rejects such parts, and measured on them.",
)
@click.option("--force", is_flag=True, help="Write the bundle whatever the verdict; it records that, and run says so.")
@click.option("--edgetpu", is_flag=True, help="Also compile for a Coral Edge TPU, with Google's edgetpu_compiler.")
@click.option(
    "--edgetpu-compiler",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Where edgetpu_compiler is, if not on PATH.",
)
@click.option(
    "--min-mapped",
    default=0.95,
    show_default=True,
    type=_SHARE,
    help="Share of the multiply-accumulates that the Edge TPU must compute.",
)
@click.option("--layers", is_flag=True, help="Measure what int8 does to each layer, even if little is lost.")
@click.option(
    "--rescue",
    is_flag=True,
    help="When int8 loses too much, try remedies and judge the first that mends it, or the nearest.",
)
@click.option(
    "--spread",
    default=1.0,
    show_default=True,
    type=FiniteRange(1, 8),
    help="Divide what goes into the last softmax by this, so that int8 scores, which end at 0.996, tell a sure answer "
    "from a surer one. The bundle's temperature makes up for it; other programs see lower scores.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def quantize_command(
    run: Path,
    out: Path,
    data: Path | None,
    max_drop: float,
    min_accuracy: float,
    purity: float,
    calibration: int | None,
    ends: Literal["int8", "uint8"],
    variants: bool,
    foreign: Path | None,
    force: bool,
    edgetpu: bool,
    edgetpu_compiler: Path | None,
    min_mapped: float,
    layers: bool,
    rescue: bool,
    spread: float,
    as_json: bool,
) -> None:
    """Turn the network of RUN, a folder that `edge-sort train` wrote, into an integer model and judge it.

    Float and integer model answer the same held-out pictures. The exit code is 3, and no bundle is written, when the
    integer model loses more than --max-drop or falls below --min-accuracy, when a bin cannot reach --purity, and when a
    class is never answered any more; with --edgetpu also when less than --min-mapped can be mapped. The report is then
    in OUT-refused. Without edgetpu_compiler the bundle is written without the compiled model, and the exit code is 1.

    When much is lost, the report shows which layers carry the loss. --rescue tries remedies in order on the validation
    pictures; one that leaves anything in float says so: such a model is of no use to an Edge TPU or a microcontroller.
    """
    from quantize.edgetpu import EdgeTpuRequest
    from quantize.errors import EdgeTpuLeftOut, QuantizationRefused
    from quantize.judge import Limits
    from quantize.options import QuantizeOptions
    from quantize.quantize_run import quantize_run

    if rescue and ends != "int8":
        raise click.UsageError("--rescue makes int8 ends; leave out --ends uint8")
    if not edgetpu:
        _refuse_edgetpu_options()
    options = QuantizeOptions(
        run=run,
        out=out,
        data=data,
        limits=Limits(max_drop, purity, min_accuracy),
        calibration=calibration,
        foreign=foreign,
        force=force,
        ends=ends,
        variants=variants,
        edgetpu=EdgeTpuRequest(edgetpu_compiler, min_mapped) if edgetpu else None,
        layers=layers,
        rescue=rescue,
        spread=spread,
    )
    outcome = quantize_run(options, tell)
    click.echo(json.dumps(_as_object(outcome, out), indent=2) if as_json else "\n".join(_text(outcome)))
    if not as_json:
        click.echo("\n" + (f"bundle: {out}\n" if outcome.bundle else "") + f"report: {outcome.page}")
    if outcome.refused:
        raise QuantizationRefused(outcome.refused)
    if outcome.edgetpu is not None and outcome.edgetpu.missing is not None:
        raise EdgeTpuLeftOut(f"{out}: without a model for the Edge TPU, otherwise complete: {outcome.edgetpu.missing}")


def _refuse_edgetpu_options() -> None:
    for name in ("edgetpu_compiler", "min_mapped"):
        if given(name):
            raise click.UsageError(f"--{name.replace('_', '-')} belongs to --edgetpu; add it")


def _text(outcome: Outcome) -> list[str]:
    """Return everything for a terminal, a refusal first."""
    lines = [summary(outcome.judgement)]
    if outcome.refusal is not None and outcome.refusal != outcome.judgement.refusal:
        lines.insert(0, f"refused: {outcome.refusal.reason}\n")
    if outcome.edgetpu is not None and (compiled := outcome.edgetpu.model) is not None:
        lines.append(f"\nEdge TPU: {compiled.mapped:.1%} of {compiled.macs:,} multiply-accumulates are mapped")
        lines += [f"  {row.count:>4} x {row.kind:<24} {row.status}" for row in compiled.table]
    return lines


def summary(judgement: Judgement) -> str:
    """Return the judgement for a terminal: verdict, changed answers, thresholds."""
    comparison = judgement.comparison
    lines = [f"{judgement.verdict}: {judgement.reason}", ""]
    for name, answers in (("float", comparison.float_model), ("int8", comparison.int8_model)):
        low, high = answers.accuracy.interval
        lines.append(f"{name:>6}  {answers.accuracy.value:.4f}  (95 % interval {low:.4f} to {high:.4f})")
    lines.append(f"{'drop':>6}  {comparison.drop:.4f}  (exact McNemar test p = {comparison.p_value:.3g})")
    flips = comparison.flips
    lines += ["", f"changed answers: {len(flips)} of {len(comparison.pictures)}"]
    lines += [
        f"  {flip.picture} ({flip.truth}): {flip.float_label} {flip.float_score:.3f}"
        f" -> {flip.int8_label} {flip.int8_score:.3f}"
        for flip in flips[:_FLIPS_TOLD]
    ]
    if len(flips) > _FLIPS_TOLD:
        lines.append(f"  and {len(flips) - _FLIPS_TOLD} more, all of them with --json and in report.json")
    lines += ["", *_threshold_lines(judgement), "", *_score_lines(judgement), *_trouble_lines(judgement)]
    return "\n".join(lines)


def _threshold_lines(judgement: Judgement) -> list[str]:
    width = max(len(choice.label) for choice in judgement.choices)
    lines = [f"{'bin':<{width}}  threshold  purity  recovery   (on the validation pictures)"]
    for choice in judgement.choices:
        count = choice.validation
        lines.append(
            f"{choice.label:<{width}}  {choice.min_score:9.3f}  {_share(count.purity.value):>6}  "
            f"{_share(count.recovery.value):>8}{_note(choice, judgement.limits.purity)}"
        )
    return lines


def _score_lines(judgement: Judgement) -> list[str]:
    from quantize.temperature import done_by

    unknown = judgement.unknown
    done = done_by(judgement.temperature)
    lines = [f"scores are {done} by temperature {judgement.temperature:g}, fitted on the validation pictures"]
    if not unknown.foreign_pictures:
        return [*lines, "parts of no known class: not measured (--foreign DIR, or train with --leave-out LABEL)"]
    lines.append(
        f"parts of no known class: {unknown.foreign_rejected} of {unknown.foreign_pictures} rejected by a score below "
        f"{unknown.min_score:.6g} or the bin's threshold"
    )
    return lines


def _trouble_lines(judgement: Judgement) -> list[str]:
    from quantize.trouble_text import layer_lines, rescue_lines

    lines = ["", *layer_lines(judgement.layers)] if judgement.layers else []
    return lines if judgement.rescue is None else [*lines, "", *rescue_lines(judgement.rescue)]


def _note(choice: Choice, purity: float) -> str:
    from quantize.thresholds import FLOOR

    if choice.reached:
        return ""
    if choice.validation.right:
        return f"   purity {purity:g} not reached"
    return f"   never right with {FLOOR:g} or more: all to reject"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _as_object(outcome: Outcome, out: Path) -> dict[str, Any]:
    from quantize.report import report_object

    found = report_object(outcome.judgement, refusal=outcome.refusal)
    found["edgetpu"] = outcome.edgetpu.as_object() if outcome.edgetpu else None
    return {**found, "bundle": str(out) if outcome.bundle else None, "report": str(outcome.page)}
