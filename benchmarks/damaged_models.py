"""Which station stops a model with fitting digests and a damaged structure: counted over the packaged bundle's mutants.

python -m benchmarks.damaged_models [--models 400]        (in the root of the repository: the mutants are the tests')
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path

from edge.bundle import MODEL_FILE, Bundle
from edge.errors import BundleError, ModelError
from edge.model_structure import check_structure
from edge.rehearsal import rehearse
from tests.edge.test_mutated_bundles import model_mutant, with_model


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--models", type=int, default=400)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ends = Counter(end(with_model(Path(folder) / str(n), model_mutant(n))) for n in range(given.models))
    for name, count in ends.most_common():
        print(f"{count:4d} of {given.models} {name}")


def end(bundle: Bundle) -> str:
    """Say where the way of this bundle's model ends."""
    model, path = bundle.read(MODEL_FILE), bundle.folder / MODEL_FILE
    try:
        check_structure(model, path)
    except ModelError:
        return "refused by the check of the structure"
    try:
        rehearse(model, path)
    except ModelError as error:
        return "crashed the runtime, in the child" if "crashed on it" in str(error) else "refused by the runtime"
    try:
        bundle.classifier()
    except (BundleError, ModelError) as error:
        return "stopped by the golden inputs" if "golden" in str(error) else "stopped by the test card"
    return "gave the recorded scores at every station"


if __name__ == "__main__":
    main()
