"""`edge-sort check`: is this bundle whole, and does this device answer as it should?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from edge.check import Check, Finding

_RUNTIMES = ("litert", "tflite-runtime", "tensorflow")


@click.command("check")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--runtime", type=click.Choice(_RUNTIMES), help="The TFLite runtime to check with.  [default: as `run`]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def check_command(bundle: Path, runtime: str | None, as_json: bool) -> None:
    """Verify every file of BUNDLE, and compare this device's answers with those of the machine that made it.

    Exit code 1 when anything is not as expected.
    """
    from edge.check import check_bundle

    check = check_bundle(bundle, runtime)
    click.echo(json.dumps(check.as_dict(), indent=2) if as_json else _text(check))
    if not check.ok:
        raise SystemExit(1)


def _text(check: Check) -> str:
    lines = [f"bundle  {check.bundle}  sha256 {check.digest}"]
    if check.runtime:
        lines.append(f"runtime {check.runtime}{_made_on(check)}")
    width = max(len(finding.name) for finding in check.findings)
    lines += ["", *(_line(finding, width) for finding in check.findings), ""]
    if check.latency:
        took = check.latency
        lines.append(f"model   {took.median_ms:.2f} ms median, {took.p99_ms:.2f} ms p99 ({took.runs} runs, 1 thread)")
    wrong = sum(not finding.ok for finding in check.findings)
    told = "everything is as expected" if check.ok else f"{wrong} of {len(check.findings)} are not as expected"
    lines.append(f"{'ok' if check.ok else 'FAIL'}: {told}")
    return "\n".join(lines)


def _made_on(check: Check) -> str:
    if check.made_on is None:
        return "; this bundle has no golden scores: give it some with edge-sort bundle golden"
    return f"; golden scores by {check.made_on}"


def _line(finding: Finding, width: int) -> str:
    verdict = "ok" if finding.ok else "FAIL"
    apart = "" if finding.steps is None else f"  {finding.steps:g} steps apart, allowed {finding.allowed_steps:.0f}"
    if finding.kind == "file" and finding.ok:
        return f"{finding.kind:<10} {finding.name:<{width}}  {verdict:<4}  {finding.found}"
    return (
        f"{finding.kind:<10} {finding.name:<{width}}  {verdict:<4}  expected {finding.expected}, "
        f"found {finding.found}{apart}"
    )
