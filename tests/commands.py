"""Runs a command of the program in the test's own process, which spares it a second of imports.

:func:`finopsctl` and :func:`answered` run it as a user without any configuration would; :func:`told` and
:func:`document` in the folder and the environment of the test.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from finopsctl.cli.app import app
from finopsctl.cli.run import guard

if TYPE_CHECKING:
    import pytest


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


def answered(*words: str | Path) -> dict[str, Any]:
    """Return the JSON document of a command that succeeds."""
    done = finopsctl(*words, "-f", "json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Return the exit code and what was printed, on both streams."""
    code = guard(app, [*words])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def document(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """Return the JSON document of a command that succeeds without a word on standard error."""
    code, out, err = told(capsys, *words, "-f", "json")
    assert (code, err) == (0, "")
    found: dict[str, Any] = json.loads(out)
    return found
