"""Skip test modules whose package is missing, without importing what is there.

Collecting imports every test module, in each worker, whichever tests will run: TensorFlow alone would cost seconds
that no test of the default run needs.
"""

from importlib.util import find_spec

import pytest


def require_installed(package: str, reason: str) -> None:
    """Skip the module that calls this at its top, unless `package` is installed."""
    if find_spec(package) is None:
        pytest.skip(reason, allow_module_level=True)
