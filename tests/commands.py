"""Runs a command of the program in the test's own process, which spares it a second of imports."""

from __future__ import annotations

import io
import os
import subprocess
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

from finopsctl.cli.app import app
from finopsctl.cli.run import guard


def finopsctl(*words: str | Path, folder: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Return the exit code and what was printed.

    Args:
        words: The command line without the program's name.
        folder: The working folder, and the home of a user without any configuration.
        environment: All of the environment besides.
    """
    here = folder or Path.cwd()
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    alone = patch.dict(os.environ, {"HOME": str(here), **environment}, clear=True)
    with alone, chdir(here), redirect_stdout(out), redirect_stderr(err):
        code = guard(app, [*map(str, words)])
    return subprocess.CompletedProcess(words, code, _printed(out), _printed(err))


def _printed(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()
