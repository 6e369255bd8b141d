"""`edge-sort export --target ethos-u`: the model compiled by Vela for an Arm NPU, with its report."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from edge.bundle import MODEL_FILE, open_bundle
from edge.durable import require_unused, whole_folder
from firmware_bridge.c_text import check_name
from firmware_bridge.export_c99 import Exported
from firmware_bridge.export_text import origin_of, resize_words, template
from firmware_bridge.vela import Compiled, run_vela


def export_ethos_u(
    folder: Path, out: Path, name: str = "model", accelerator: str = "ethos-u55-128", vela: Path | None = None
) -> Exported:
    """Write the model of the bundle in `folder`, compiled for `accelerator`, to `out`, a new or empty folder.

    Raises BundleError, DataError for `out` or `accelerator`, VelaMissing, and ModelError when Vela refuses it.
    """
    require_unused(out)
    bundle = open_bundle(folder)
    compiled = run_vela(bundle.read(MODEL_FILE), accelerator, vela)
    report = {
        "accelerator": accelerator,
        "mapped_macs": compiled.mapped,
        "operators": compiled.operators,
        "estimates": compiled.estimates,
    }
    words = {
        "name": check_name(name), "labels": ", ".join(bundle.labels), "origin": origin_of(bundle),
        "resize": resize_words(bundle), "accelerator": accelerator, "report": "\n".join(_lines(compiled)),
    }  # fmt: skip
    with whole_folder(out) as draft:
        (draft / f"{name}_vela.tflite").write_bytes(compiled.model)
        (draft / "layers.csv").write_text(_csv(compiled), encoding="utf-8", newline="\n")
        (draft / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        (draft / "labels.txt").write_text("".join(f"{label}\n" for label in bundle.labels), encoding="utf-8")
        (draft / "README.md").write_text(template("README-ethos-u.md", words), encoding="utf-8")
    return Exported(out, (*_lines(compiled), *bundle.warnings))


def _lines(compiled: Compiled) -> list[str]:
    lines = [f"{kind:<24} {count:>3} on the {where}" for kind, count, where in compiled.operators]
    lines.append(f"{compiled.mapped:.1%} of the multiply-accumulates are the NPU's")
    told = (f"{words} {value}" for words, value in compiled.estimates.items())
    return [*lines, f"Vela's estimates, not measured: {'; '.join(told)}"]


def _csv(compiled: Compiled) -> str:
    held = io.StringIO()
    csv.writer(held, lineterminator="\n").writerows(compiled.layers)
    return held.getvalue()
