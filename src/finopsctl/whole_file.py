"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from finopsctl.errors import ConfigError, reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Hand out a name beside ``path`` to write to, and rename it to ``path`` at the end.

    Raises:
        ConfigError: When it cannot be written; then nothing is left behind.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield beside
        beside.replace(path)
    except OSError as problem:
        if isinstance(problem, BrokenPipeError):
            raise
        raise ConfigError(f"cannot write {path}: {reason_of(problem)}", "Name another file with -o.") from problem
    finally:
        beside.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path``, whole or not at all.

    Raises:
        ConfigError: When it cannot be written.
    """
    with whole_file(path) as beside:
        beside.write_bytes(content)
