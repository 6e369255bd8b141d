"""`edge-sort run`: sort, on the machine or on the emulated line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.end_signals import ended_by_signals
from edge.options import FiniteRange, given
from edge.run_printing import report, tell, watchers
from edge.said import say

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from edge.emulated_world import EmulateOptions
    from edge.machine import Machine
    from edge.onlooker import OpenOnlooker
    from edge.web_page import Page

_EMULATED_ONLY = {"fast", "parts", "part_mm", "count", "rate_per_min", "speed_mm_s", "seed", "latency_ms", "unsteady"}


@click.command("run")
@click.option("--bundle", type=click.Path(path_type=Path), help="The bundle to sort with.")
@click.option(
    "--require-signed", type=click.Path(path_type=Path), help="Sort only with a bundle signed by this public key."
)
@click.option("--machine", type=click.Path(path_type=Path), help="The machine file.")
@click.option("--emulate", is_flag=True, help="No hardware: an emulated belt, camera and gates.")
@click.option("--fast", is_flag=True, help="With --emulate: time runs as fast as it can be computed, repeatably.")
@click.option(
    "--parts",
    type=click.Path(path_type=Path),
    help="With --emulate: carry these photographs (a folder per class, or a training run's split.json for its "
    "held-out ones). Default: rendered parts.",
)
@click.option("--part-mm", type=FiniteRange(5, 200), default=35.0, show_default=True, help="Size of a photograph.")
@click.option(
    "--count",
    type=click.IntRange(1),
    default=60,
    show_default="60; with --web without end",
    help="Emulated parts to feed.",
)
@click.option("--rate", "rate_per_min", type=FiniteRange(1, 2000), default=60.0, show_default=True)
@click.option("--speed", "speed_mm_s", type=FiniteRange(10, 3000), default=150.0, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option(
    "--latency-ms",
    type=FiniteRange(0.1, 1000),
    default=15.0,
    show_default=True,
    help="With --fast: the assumed median time of one classification.",
)
@click.option(
    "--replay",
    type=click.Path(path_type=Path),
    help="Sort a recording of `edge-sort record` instead, on pretend pins, repeatably.",
)
@click.option(
    "--unsteady", is_flag=True, help="With --emulate: the belt stops, goes on, changes its speed; an encoder counts it."
)
@click.option("--journal", type=click.Path(path_type=Path), help="Write the record of every part to this SQLite file.")
@click.option("--save-frames", type=click.Path(path_type=Path), help="Write each frame in which a part is decided.")
@click.option(
    "--web",
    is_flag=False,
    flag_value="",
    metavar="[HOST:PORT]",
    help="Show and operate the line on a page: http://127.0.0.1:8080/, or where [web] of the machine file says.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
@ended_by_signals("ending: the gates come to rest, record and report are finished")
def run_command(
    bundle: Path | None,
    require_signed: Path | None,
    machine: Path | None,
    emulate: bool,
    fast: bool,
    parts: Path | None,
    part_mm: float,
    count: int,
    rate_per_min: float,
    speed_mm_s: float,
    seed: int,
    latency_ms: float,
    replay: Path | None,
    unsteady: bool,
    journal: Path | None,
    save_frames: Path | None,
    web: str | None,
    as_json: bool,
) -> None:
    """Sort parts until Ctrl-C, or until the emulated belt is empty.

    On a machine: edge-sort run --bundle BUNDLE --machine machine.toml. Without one: edge-sort run --emulate.
    In a browser: edge-sort run --emulate --web.
    """
    from edge.machine import read_machine

    _refuse_web(web is not None, fast=fast, replay=replay is not None)
    _refuse_idle_options(emulate=emulate, machine=machine is not None, parts=parts is not None, fast=fast)
    if emulate:
        from edge.emulated_world import EmulateOptions

        described = read_machine(machine) if machine else None
        options = EmulateOptions(
            bundle=bundle,
            require_signed=require_signed,
            machine=described,
            parts=parts,
            part_mm=part_mm,
            speed_mm_s=speed_mm_s,
            rate_per_min=rate_per_min,
            count=None if web is not None and not given("count") else count,
            seed=seed,
            fast=fast,
            latency_ms=latency_ms,
            unsteady=unsteady,
            journal=journal,
        )
        with _page(web, described, options.journal) as page:
            options = replace(options, journal=page.journal)
            _run_emulated(options, save_frames, as_json, page.onlooker)
        return
    if bundle is None or machine is None:
        raise click.UsageError("expected --bundle and --machine, or --emulate to run without hardware")
    if replay is not None:
        _replay(bundle, require_signed, read_machine(machine), replay, journal, save_frames, as_json)
        return
    from edge.machine_lock import gates_of

    with gates_of(machine):
        described = read_machine(machine)
        with _page(web, described, journal or described.journal.path) as page:
            _run_machine(bundle, require_signed, described, journal, save_frames, as_json, page.onlooker)


def _replay(
    bundle: Path,
    require_signed: Path | None,
    machine: Machine,
    recording: Path,
    journal: Path | None,
    save_frames: Path | None,
    as_json: bool,
) -> None:
    from edge.journal_report import report_text
    from edge.replay_run import replay_run
    from edge.signature import open_bundle_by

    opened = open_bundle_by(bundle, require_signed)
    watch = watchers(save_frames, quiet=as_json)
    run = replay_run(opened, machine, recording, journal, watch, tell, report_errors=True)
    say(json.dumps(run.as_dict()) if as_json else report_text(run.report))
    if run.error is not None:
        raise run.error


def _refuse_idle_options(*, emulate: bool, machine: bool, parts: bool, fast: bool) -> None:
    """Refuse what was given and would change nothing."""
    rules = (
        (not emulate, _EMULATED_ONLY, "belongs to --emulate; add it"),
        (emulate, {"replay"}, "needs --machine and --bundle, not --emulate: its frames are recorded"),
        (emulate and machine, {"speed_mm_s"}, "is in the machine file; change belt.speed_mm_s there"),
        (emulate and not parts, {"part_mm"}, "is the size of the photographs of --parts; add them"),
        (emulate and not fast, {"latency_ms"}, "belongs to --fast: on the real clock the time is real"),
    )
    for applies, names, why in rules:
        for param in click.get_current_context().command.params:
            if applies and param.name in names and given(param.name or ""):
                raise click.UsageError(f"{param.opts[0]} {why}")


def _refuse_web(web: bool, *, fast: bool, replay: bool) -> None:
    if web and fast:
        raise click.UsageError("--web shows a line on the real clock; leave out --fast")
    if web and replay:
        raise click.UsageError("--web shows a line that runs, not a recording; leave out --replay")


def _page(web: str | None, machine: Machine | None, journal: Path | None) -> AbstractContextManager[Page]:
    from edge.web_page import no_page, open_page

    return no_page(journal) if web is None else open_page(web, machine, journal, tell)


def _run_emulated(options: EmulateOptions, save_frames: Path | None, as_json: bool, onlooker: OpenOnlooker) -> None:
    from edge.emulate import run_emulated
    from edge.line_report import report_text

    watch = watchers(save_frames, quiet=as_json or options.fast)
    run = run_emulated(options, watch, tell, onlooker, report_errors=True)
    for skipped in run.skipped:
        say(f"Skipped: {skipped}", err=True)
    if as_json:
        say(json.dumps(run.as_dict(options)))
    else:
        say(report_text(run.report, run.gate_error, exact_clock=options.fast))
        say(run.summary.sentences())
    if run.error is not None:
        raise run.error


def _run_machine(
    bundle: Path,
    require_signed: Path | None,
    machine: Machine,
    journal: Path | None,
    save_frames: Path | None,
    as_json: bool,
    onlooker: OpenOnlooker,
) -> None:
    from edge.run_machine import run_machine
    from edge.signature import open_bundle_by

    opened = open_bundle_by(bundle, require_signed)
    watch = watchers(save_frames, quiet=as_json)
    run = run_machine(opened, machine, journal, watch, tell=tell, onlooker=onlooker, report_errors=True)
    if as_json:
        say(json.dumps(run.as_dict()))
    else:
        report(run)
    if run.error is not None:
        raise run.error
