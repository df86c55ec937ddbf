"""What the Makefile calls: sets up a virtual environment on first use, then runs the tool, its tests and its checks.

Needs only Python 3.11 or newer with pip; everything else is installed into ``.venv`` at the versions in
constraints.txt.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
STAMP = VENV / ".installed"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
COG = ("cog", "-I", "scripts")
GENERATED = ("docs/cli.md", "docs/kpi.md", "docs/ledger.md", "docs/prometheus.md", "docs/sources.md")
FOLLOWED = "tests/test_docs.py::test_a_reader_who_follows_a_document_sees_what_it_shows"


def main(target: str, extra: list[str]) -> int:
    """Run one target and return its exit code."""
    if sys.version_info < (3, 11):  # noqa: UP036 - run by whatever python3 is there
        print(f"finopsctl needs Python 3.11 or newer; this is {sys.version.split()[0]}", file=sys.stderr)
        return 2
    targets = {
        "run": run,
        "test": test,
        "check": check,
        "docs": docs,
        "golden": golden,
        "bench": bench,
        "crosscheck": crosscheck,
        "clean": clean,
    }
    if target not in targets:
        print(f"unknown target '{target}'; one of {', '.join(targets)}", file=sys.stderr)
        return 2
    return targets[target](extra)


def run(extra: list[str]) -> int:
    """Print the scorecard of the sample company, or run finopsctl with the arguments given."""
    install()
    return call("finopsctl", *(extra or ["kpi", "sample_data"]))


def test(extra: list[str]) -> int:
    """Run the quick tests on all cores; ``--slow`` runs the slow ones instead, other arguments go to pytest."""
    install("dev")
    rest = [argument for argument in extra if argument != "--slow"]
    return call(
        "pytest", "-q", "-n", "auto", "--dist", "worksteal", "-m", "not slow" if rest == extra else "slow", *rest
    )


def check(_: list[str]) -> int:
    """Lint, format, types, layers, generated documents, price files."""
    install("dev")
    checks = (
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy",),
        ("lint-imports",),
        (*COG, "--check", *GENERATED),
        ("finopsctl", "pricing", "lint"),
    )
    failed = [" ".join(command) for command in checks if call(*command)]
    for command in failed:
        print(f"failed: {command}", file=sys.stderr)
    return 1 if failed else 0


def docs(_: list[str]) -> int:
    """Write the generated parts of the documents anew, and what the commands they show print now."""
    install("dev")
    schema = ("finopsctl", "config", "schema", "-o", "docs/finopsctl.schema.json")
    return call(*COG, "-r", *GENERATED) or call(*schema) or call("pytest", "-q", "--update-golden", FOLLOWED)


def golden(_: list[str]) -> int:
    """Accept what the renderers print now; read the difference first."""
    install("dev")
    return call("pytest", "-q", "--update-golden", "tests")


def bench(extra: list[str]) -> int:
    """Measure against DuckDB and print the table."""
    install("bench")
    return call("python", "benchmarks/run.py", *extra)


def crosscheck(extra: list[str]) -> int:
    """Compare our prices with two open price libraries, and our budgets with what LiteLLM takes (installs both)."""
    install("dev", "crosscheck")
    return call("pytest", "-q", "tests/pricing/test_crosscheck.py", "tests/exporters", *extra)


def clean(_: list[str]) -> int:
    """Remove the virtual environment and caches."""
    for name in (".venv", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"):
        shutil.rmtree(ROOT / name, ignore_errors=True)
    return 0


def install(*extras: str) -> None:
    """Install finopsctl and ``extras`` into the virtual environment, unless that has been done already."""
    wanted = hashlib.sha256(
        (ROOT / "pyproject.toml").read_bytes() + (ROOT / "constraints.txt").read_bytes()
    ).hexdigest()
    done = STAMP.read_text().split() if STAMP.exists() else []
    if done[:1] == [wanted] and set(extras) <= set(done[1:]):
        return
    if not (BIN / "python").exists() and not (BIN / "python.exe").exists():
        venv.create(VENV, with_pip=True)
    everything = sorted(set(extras) | set(done[1:] if done[:1] == [wanted] else []))
    target = f".[{','.join(everything)}]" if everything else "."
    print(f"setting up .venv ({target})", file=sys.stderr)
    command = [str(BIN / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, "-c", "constraints.txt", "-e", target], cwd=ROOT, check=True)
    STAMP.write_text(" ".join([wanted, *everything]))


def call(program: str, *arguments: str) -> int:
    """Run a program of the virtual environment from the project's folder."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"}
    return subprocess.run([str(BIN / program), *arguments], cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "", sys.argv[2:]))
