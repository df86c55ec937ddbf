"""Where the example inputs and real data sets lie, and the mark that skips a test where they are absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_ROOT = Path(os.environ.get("FINOPSCTL_SHARED", Path(__file__).parents[2] / "shared"))
EXAMPLES = _ROOT / "examples"
DATA = _ROOT / "data"

needs_shared = pytest.mark.skipif(
    not DATA.is_dir(), reason="the real data sets are not beside this checkout (set FINOPSCTL_SHARED to their folder)"
)
