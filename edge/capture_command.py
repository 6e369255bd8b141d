"""`edge-sort capture`: photographs of parts for training, as the classifier will see them on the line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge.options import FiniteRange

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from edge.capture_checks import PictureLimits
    from edge.capture_sources import CaptureView, TriggerChoice
    from edge.machine import Machine

_PATH = click.Path(path_type=Path)
_EMULATED_COUNT = 50  # an emulated belt has no end of its own


@click.command("capture")
@click.option("--label", required=True, help="The class of the parts; becomes a folder's name.")
@click.option("--out", required=True, type=_PATH, help="Folder of classes to add a session to.")
@click.option("--machine", type=_PATH, help="The machine file.")
@click.option("--emulate", is_flag=True, help="No hardware: photograph rendered parts on the emulated belt.")
@click.option(
    "--replay",
    type=_PATH,
    metavar="DIR",
    help="Take the parts of a recording of `edge-sort record`; needs its --machine.",
)
@click.option(
    "--trigger",
    type=click.Choice(["finder", "sensor", "key"]),
    default="finder",
    show_default=True,
    help="finder: each part that passes, once. sensor: the same by the photo-eye. key: Enter; q and Enter ends.",
)
@click.option("--whole-frame", is_flag=True, help="With --trigger key: the whole picture, not the part's crop.")
@click.option("--count", type=click.IntRange(1), help="Stop after so many pictures. With --emulate: 50 by default.")
@click.option("--seconds", type=FiniteRange(0.1, 86_400), help="Stop after so many seconds.")
@click.option(
    "--min-sharpness",
    type=FiniteRange(0),
    help="Skip a picture with a lower blur score. Default: decision.min_sharpness of the machine file.",
)
@click.option(
    "--min-sharpness-share",
    type=FiniteRange(0, 1),
    default=0.15,
    show_default=True,
    help="Skip what is less sharp than this share of the middle one of the last 50; 0 for no such limit.",
)
@click.option(
    "--max-clipped",
    type=FiniteRange(0, 1),
    default=0.25,
    show_default=True,
    help="Skip a picture with more burnt-out pixels; 1 for no such limit.",
)
@click.option(
    "--min-bright",
    type=FiniteRange(0, 255),
    default=60.0,
    show_default=True,
    help="Skip a picture whose brightest hundredth is darker; 0 for no such limit.",
)
@click.option("--keep-doubtful", is_flag=True, help="Warn of blurred, clipped and dark pictures, and keep them.")
@click.option("--keep-free-mb", type=FiniteRange(0, 1e6), default=500.0, show_default=True, help="Of the disk.")
@click.option("--parts", type=_PATH, metavar="DIR", help="With --emulate: lay these pictures on the belt.")
@click.option("--seed", type=click.IntRange(0), help="With --emulate. Default: another one for each session.")
def capture_command(label: str, out: Path, **options: Any) -> None:
    """Photograph parts of one class into OUT/LABEL/SESSION, until a limit or Ctrl-C.

    A picture is what the classifier gets on the line: the part's square crop. Take three sessions or more of each
    class, so that `edge-sort train OUT` can keep whole sessions apart.
    """
    from edge.capture import Capture, CaptureLimits
    from edge.capture_checks import PictureCheck
    from edge.capture_session import Session, check_label
    from edge.capture_sources import TriggerChoice, standard_input

    check_label(label)
    kind = options["trigger"]
    choice = TriggerChoice(kind, options["whole_frame"], standard_input() if kind == "key" else 0)
    count = options["count"]
    if options["emulate"] and count is None and options["seconds"] is None:
        count = _EMULATED_COUNT
    with _view(label, out, choice, count, options) as view:
        limits = _picture_limits(view.machine, options)
        session = Session(out, _facts(label, view, kind, limits), keep_free_bytes=round(options["keep_free_mb"] * 1e6))
        capture = Capture(session, PictureCheck(limits), keep_doubtful=options["keep_doubtful"], tell=click.echo)
        done = capture.run(view.camera.frames(), view.trigger, CaptureLimits(count, options["seconds"]))
    skipped = ", ".join(f"{why} {number}" for why, number in done.skipped.items()) or "none"
    doubtful = ", ".join(f"{why} {number}" for why, number in done.kept_doubtful.items())
    place = f"{done.folder}: " if done.folder else "nothing kept: "
    kept = f" of which doubtful: {doubtful};" if doubtful else ""
    click.echo(f"{place}{done.kept} pictures;{kept} skipped: {skipped} ({done.because})")
    if done.folder:
        from edge.capture_advice import advice

        for sentence in advice(out, label):
            click.echo(f"note: {sentence}")


def _view(
    label: str, out: Path, choice: TriggerChoice, count: int | None, options: dict[str, Any]
) -> AbstractContextManager[CaptureView]:
    from edge.capture_advice import sessions_of
    from edge.capture_sources import emulated_view, machine_view, recorded_view
    from edge.emulated_world import EmulateOptions
    from edge.machine import read_machine

    if options["emulate"] and options["replay"]:
        raise click.UsageError("--emulate and --replay exclude each other; leave one out")
    machine = read_machine(options["machine"]) if options["machine"] else None
    if options["emulate"]:
        seed = options["seed"] if options["seed"] is not None else len(sessions_of(out / label))
        fed = None if count is None else 3 * count + 20  # some are skipped
        return emulated_view(
            EmulateOptions(machine=machine, parts=options["parts"], count=fed, seed=seed), label, choice
        )
    if machine is None:
        raise click.UsageError("expected --machine, or --emulate to capture without hardware")
    if options["replay"]:
        return recorded_view(machine, options["replay"], choice, click.echo)
    return machine_view(machine, choice, click.echo)


def _picture_limits(machine: Machine, options: dict[str, Any]) -> PictureLimits:
    from edge.capture_checks import PictureLimits

    given = options["min_sharpness"]
    return PictureLimits(
        machine.decision.min_sharpness if given is None else given,
        options["min_sharpness_share"],
        options["max_clipped"],
        options["min_bright"],
    )


def _facts(label: str, view: CaptureView, trigger: str, limits: PictureLimits) -> Any:
    from datetime import UTC, datetime
    from importlib.metadata import version

    from edge.capture_session import SessionFacts

    return SessionFacts(
        label=label,
        started_at_utc=datetime.now(UTC).isoformat(),
        trigger=trigger,
        source=view.source,
        machine_sha256=view.machine.digest(),
        camera=view.table.model_dump(mode="json"),
        limits=limits.as_dict(),
        edge_sort=version("edge-sort"),
    )
