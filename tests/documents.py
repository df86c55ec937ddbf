"""Runs what a document shows: its console blocks, its Python, its configuration files, in the order they stand.

In a ``console`` block a line that begins with ``$`` is a command and the lines up to the next one are what it prints;
a line of three dots stands for any lines left out, three dots at the end of a line for its rest. A block marked
``toml NAME`` (or ``csv NAME``) is a file of that name, there for what follows. A ``python`` block is run. Every other
block is only to be read.
"""

from __future__ import annotations

import difflib
import io
import os
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finopsctl.cli.run import guard

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[1]
GAP = "..."
_FENCE = re.compile(r"^```(?P<kind>\w*) ?(?P<name>\S*)[^\n]*\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_SHELL = frozenset("|<>;&$`*(")
_SHOW_CODE = "echo $?"
_FILES = frozenset({"toml", "csv", "jsonl"})


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: what it is, the name of the file it stands for, its text, and where that begins and ends."""

    kind: str
    name: str
    body: str
    start: int
    end: int
    line: int


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a console block and the lines it is said to print."""

    command: str
    printed: tuple[str, ...]


def blocks(text: str) -> Iterator[Block]:
    """Yield the fenced blocks of a Markdown document, in order."""
    for match in _FENCE.finditer(text):
        start, end = match.span("body")
        yield Block(match["kind"], match["name"], match["body"], start, end, text.count("\n", 0, start) + 1)


def steps(block: Block) -> list[Step]:
    """Take a console block apart into commands and what they print."""
    found: list[tuple[str, list[str]]] = []
    for line in block.body.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return [Step(command, _trimmed(printed)) for command, printed in found]


def _trimmed(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(line.rstrip() for line in "\n".join(lines).strip("\n").split("\n")) if any(lines) else ()


def agrees(shown: Sequence[str], printed: Sequence[str]) -> bool:
    """Tell whether ``printed`` is what a document shows, a gap standing for any lines."""
    pattern = "".join(_pattern(line) for line in shown)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in printed)) is not None


def _pattern(line: str) -> str:
    if line == GAP:
        return r"(?:.*\n)*"
    return f"{re.escape(line.removesuffix(GAP))}.*\n" if line.endswith(GAP) else f"{re.escape(line)}\n"


def shortened(shown: Sequence[str], printed: Sequence[str]) -> list[str]:
    """Return ``printed`` with gaps where a document had them.

    Both ends keep as many lines, in between lines are found by their names; lines are cut as wide as they were.
    """
    widths = [len(line) for line in shown if line.endswith(GAP) and line != GAP]
    whole = _with_gaps(shown, printed) if GAP in shown else list(printed)
    return [_cut(line, max(widths)) for line in whole] if widths else whole


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - len(GAP)] + GAP


def _with_gaps(shown: Sequence[str], printed: Sequence[str]) -> list[str]:
    first, last = shown.index(GAP), len(shown) - 1 - shown[::-1].index(GAP)
    tail = len(shown) - 1 - last
    kept, at = list(range(min(first, len(printed)))), first
    for line in shown[first:last]:
        if line != GAP and (found := _alike(line, printed, at)) is not None:
            kept.append(found)
            at = found + 1
    kept += range(max(at, len(printed) - tail), len(printed))
    lines: list[str] = []
    for index, number in enumerate(kept):
        if index and number > kept[index - 1] + 1:
            lines.append(GAP)
        lines.append(printed[number])
    return [*lines, GAP] if not tail else lines


def _alike(line: str, printed: Sequence[str], start: int) -> int | None:
    name = line.split("  ", 1)[0]
    same = [i for i in range(start, len(printed)) if printed[i].split("  ", 1)[0] == name]
    if same:
        return same[0]
    close = difflib.get_close_matches(line, printed[start:], n=1, cutoff=0.5)
    return printed.index(close[0], start) if close else None


@dataclass(slots=True)
class Session:
    """A reader who follows a document in one folder.

    Args:
        folder: Where the sample data lies and files are written.
        real_shell: Start every command in a shell; else plain finopsctl commands run in this process, which is quick.
    """

    folder: Path
    real_shell: bool = False
    code: int = 0
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "__main__"})

    def run(self, command: str) -> tuple[str, ...]:
        """Run a command line and return what it prints, both streams, without trailing blanks."""
        if self.real_shell or not command.startswith("finopsctl ") or _SHELL & set(_unquoted(command)):
            return self._in_shell(command)
        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
        with redirect_stdout(out), redirect_stderr(out):
            from finopsctl.cli.app import app

            self.code = guard(app, shlex.split(command, comments=True)[1:])
        out.flush()
        return _trimmed(out.buffer.getvalue().decode().splitlines())

    def _in_shell(self, command: str) -> tuple[str, ...]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        line = f"(exit {self.code}); {command}"
        done = subprocess.run(
            line,
            shell=True,
            cwd=self.folder,
            env={**os.environ, "PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        self.code = done.returncode
        return _trimmed(done.stdout.decode().splitlines())

    def follow(self, block: Block) -> str:
        """Do what a block says and return its text as it is now.

        Raises:
            AssertionError: When Python in it fails its own assertions, or a command fails without the block showing
                its exit code.
        """
        if block.kind in _FILES and block.name:
            path = self.folder / block.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.body, encoding="utf-8")
        if block.kind == "python":
            padded = "\n" * (block.line - 1) + block.body
            with redirect_stdout(io.StringIO()):
                exec(compile(padded, block.name or "document", "exec"), self.names)
        if block.kind != "console":
            return block.body
        lines: list[str] = []
        todo = steps(block)
        for step, after in zip(todo, [*todo[1:], None], strict=True):
            printed = self.run(step.command)
            assert not self.code or (after and after.command == _SHOW_CODE), "\n".join([step.command, *printed])
            right = agrees(step.printed, printed)
            lines += [f"$ {step.command}", *(step.printed if right else shortened(step.printed, printed)), ""]
        return "\n".join(lines).rstrip("\n") + "\n"


def _unquoted(command: str) -> str:
    return re.sub(r"'[^']*'|\"[^\"]*\"|#.*", "", command)


def followed(text: str, session: Session) -> str:
    """Follow a document from top to bottom and return it with what its commands print now."""
    now, at = [], 0
    for block in blocks(text):
        now += [text[at : block.start], session.follow(block)]
        at = block.end
    return "".join([*now, text[at:]])
