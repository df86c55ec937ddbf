"""A temporary folder that lives as long as the frames that are read from it."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True, eq=False, weakref_slot=True)
class Scratch:
    """A folder only its owner can read, removed when nothing holds on to this object any more, or at exit."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="finopsctl-")))

    def __post_init__(self) -> None:
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
