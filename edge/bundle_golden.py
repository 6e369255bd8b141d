"""Give golden inputs to a bundle that was made without them, or other ones to one that has them."""

from __future__ import annotations

from pathlib import Path

from edge.bundle import Bundle, open_bundle, write_bundle
from edge.durable import require_unused
from edge.errors import DataError
from edge.golden import GOLDEN_FILE, make_golden
from edge.labelled import labelled_pictures


def with_golden(folder: Path, pictures: Path, out: Path) -> Bundle:
    """Write to `out` the bundle in `folder` with golden inputs chosen from a folder per class or a split.json.

    The model answers them here: run this where the model's answers are known to be right. A signature does not
    come along, for the contents change. Raises BundleError, DataError, ModelError, MissingPackageError.
    """
    require_unused(out)
    bundle = open_bundle(folder)
    known = [picture for picture in labelled_pictures(pictures) if picture.label in bundle.labels]
    if not known:
        raise DataError(
            f"{pictures}: expected pictures of the bundle's labels ({', '.join(bundle.labels)}), found none; "
            "name the folders as the labels"
        )
    bundle.classifier()  # replays the test card: a machine that fails it must not set the standard
    golden, sheet = make_golden(bundle.interpreter(), bundle.facts.input, known, bundle.facts.conventions.normalization)
    files = {name: bundle.read(name) for name in bundle.facts.files} | {GOLDEN_FILE: sheet}
    return write_bundle(out, bundle.facts.model_copy(update={"golden": golden}), files)
