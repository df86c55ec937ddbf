"""What a start of finopsctl loads, told by ``sys.modules`` in a process of its own."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ("polars", "pyarrow", "httpx", "numpy")
_PROGRAM = """
import json, os, sys
from finopsctl.cli.app import app
from finopsctl.cli.run import guard

sys.stdout = open(os.devnull, "w")
try:
    code = guard(app, sys.argv[1:])
except SystemExit as end:  # shell completion ends the process itself
    code = end.code
sys.stderr.write(json.dumps({"code": code, "modules": sorted(sys.modules)}))
"""
_RENDERERS = """
import importlib, json, pkgutil, sys
import finopsctl.renderers as room

for module in pkgutil.iter_modules(room.__path__):
    importlib.import_module(f"finopsctl.renderers.{module.name}")
sys.stderr.write(json.dumps({"code": 0, "modules": sorted(sys.modules)}))
"""


def modules(program: str, *arguments: str, code: int = 0, environment: dict[str, str] | None = None) -> set[str]:
    """Run a program and return the names of the modules it loaded."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        check=False,
    )
    loaded = json.loads(done.stderr.decode().splitlines()[-1])

    assert loaded["code"] == code

    return set(loaded["modules"])


def of(loaded: set[str], *packages: str) -> set[str]:
    """Return the packages of which any module is loaded."""
    return {name for name in packages if any(m == name or m.startswith(f"{name}.") for m in loaded)}


@pytest.mark.parametrize(
    "arguments", [("--help",), ("kpi", "--help"), ("pricing", "--help"), ("config", "check", "--help"), ("--version",)]
)
def test_help_loads_no_heavy_library(arguments: tuple[str, ...]) -> None:
    assert of(modules(_PROGRAM, *arguments), *HEAVY) == set()


def test_shell_completion_loads_no_heavy_library() -> None:
    asked = {"_FINOPSCTL_COMPLETE": "complete_bash", "COMP_WORDS": "finopsctl kpi --b", "COMP_CWORD": "2"}
    assert of(modules(_PROGRAM, environment=asked), *HEAVY) == set()


def test_a_usage_error_loads_no_heavy_library() -> None:
    assert of(modules(_PROGRAM, "kpi", "--no-such-option", code=2), *HEAVY) == set()


def test_a_json_scorecard_of_json_lines_loads_neither_the_terminal_nor_arrow_nor_http() -> None:
    loaded = modules(_PROGRAM, "kpi", "sample_data/litellm_spend_logs_2026-10-01.jsonl", "-f", "json")

    assert of(loaded, "rich.table", "rich.console", "finopsctl.renderers.terminal", "pyarrow", "httpx") == set()


@pytest.mark.parametrize("command", ["kpi", "attribution"])
def test_a_question_that_forecasts_nothing_loads_no_numpy_and_no_other_analysis(command: str) -> None:
    loaded = modules(_PROGRAM, command, "sample_data/litellm_spend_logs_2026-10-01.jsonl", "-f", "json")
    others = (
        "analyses.anomalies.detection",
        "analyses.forecast",
        "analyses.reconciliation.reconcile",
        "analyses.whatif",
    )

    assert (
        of(loaded, "numpy", *(f"finopsctl.{name}" for name in others), "finopsctl.recommendations.recommend") == set()
    )


def test_no_renderer_loads_what_reports_are_made_from() -> None:
    rooms = ("analyses", "books", "config", "metrics", "pricing", "allocation", "sources", "ledger", "transport")

    assert of(modules(_RENDERERS), *(f"finopsctl.{room}" for room in rooms)) == set()


@pytest.mark.parametrize("room", ["analyses", "renderers", "sources"])
def test_what_one_room_holds_shares_code_only_through_modules_with_an_underscore(room: str) -> None:
    """A format can be added, understood and removed alone; ``catalogue`` lists all of them and is none itself."""
    folder = ROOT / "src" / "finopsctl" / room
    known = {
        (path.stem, name)
        for path in folder.glob("*.py")
        if path.stem not in {"__init__", "catalogue"}
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module
        for name in neighbours(node, f"finopsctl.{room}")
        if (folder / f"{name}.py").exists() and not name.startswith("_")
    }

    assert known == set()


def neighbours(statement: ast.ImportFrom, room: str) -> set[str]:
    """Return the modules of a room that a statement may import: ``from room.x import y``, ``from room import x``."""
    if statement.module == room:
        return {alias.name for alias in statement.names}
    return {str(statement.module).removeprefix(f"{room}.")} if str(statement.module).startswith(f"{room}.") else set()
