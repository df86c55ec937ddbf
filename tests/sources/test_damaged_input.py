"""Damaged lines thrown at every reader: no bug, nothing lost silently, the sound lines read as before.

What is thrown is an example file of each format with bytes cut, turned or replaced, or values of the wrong type.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finopsctl.errors import FinopsError
from finopsctl.ledger.schema import LEDGER_SCHEMA
from finopsctl.sources import SOURCES, Faults, InputFile, Source, detect, generic, probe, read
from shared import EXAMPLES, needs_shared

if TYPE_CHECKING:
    from collections.abc import Callable
WRONG: tuple[Any, ...] = (
    None, True, -1, 1.5, 1e30, 2**70, 1e308, -0.0, "", "abc", "12", "NaN", "2026-13-45", "1e400", "٣", "9" * 400,
    [], [1], {}, [[]], {"a": {"b": [{}]}}, "\x00", '{"a":', "\ud800",
)  # fmt: skip
LEDGER_LINES = "".join(
    json.dumps(
        {
            "charge_period_start": f"2026-10-0{n}T00:00:00Z",
            "record_id": f"r{n}",
            "provider": "openai",
            "model": "gpt-4o",
            "requests": 1,
            "input_tokens": n,
            "reported_cost": "0.25",
            "tags": {"a": n},
        }
    )
    + "\n"
    for n in range(1, 5)
)
GENERIC_ROWS = "when,in,out,usd\n2026-10-01,1,2,0.5\n2026-10-02,3,4,0.25\n2026-10-03,5,6,0.125\n"
MAP = '[columns]\ncharge_period_start = "when"\ninput_tokens = "in"\noutput_tokens = "out"\nreported_cost = "usd"\n'


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One sound file: its name, its bytes, the source that reads it and its container."""

    name: str
    content: bytes
    source: Source
    shape: str


@cache
def examples() -> list[Example]:
    with TemporaryDirectory() as folder:
        return _examples(Path(folder))


def _examples(folder: Path) -> list[Example]:
    (folder / "map.toml").write_text(MAP, encoding="utf-8")
    (folder / "ledger.jsonl").write_text(LEDGER_LINES, encoding="utf-8")
    (folder / "generic.csv").write_text(GENERIC_ROWS, encoding="utf-8")
    mapped = generic.source(generic.load_map(folder / "map.toml"))
    found = []
    for path in [folder / "ledger.jsonl", folder / "generic.csv", *sorted((EXAMPLES / "formats").iterdir())]:
        look = probe(InputFile(path, path.name))
        source = mapped if path.name == "generic.csv" and path.parent == folder else detect(look)
        if isinstance(source, Source) and not source.refusal:
            found.append(Example(path.name, path.read_bytes(), source, look.shape))
    return found


def outcome(folder: Path, content: bytes, source: Source) -> tuple[pl.DataFrame, Faults] | None:
    """Read content as ``source``; None where it is refused with a message. Any other exception is a bug."""
    path = folder / "input"
    path.write_bytes(content)
    file, faults = InputFile(path, "input"), Faults("input")
    try:
        frames = [frame.select(LEDGER_SCHEMA.names()) for frame in read(file, probe(file), source, faults)]
    except FinopsError as problem:
        _check_message(problem.message)
        return None
    return pl.concat([LEDGER_SCHEMA.to_frame(), *frames]), faults


def _check_message(message: str) -> None:
    assert message.startswith("input") or "map.toml" in message


def _damaged_bytes(dice: Random, content: bytes) -> bytes:
    damaged = bytearray(content)
    how = dice.choice(["cut", "turn", "insert", "remove"])
    if how == "cut":
        return content[: dice.randrange(len(content))]
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(damaged))
        if how == "turn":
            damaged[at] ^= 1 << dice.randrange(8)
        elif how == "insert":
            damaged[at:at] = dice.randbytes(dice.randint(1, 4))
        else:
            del damaged[at : at + dice.randint(1, 9)]
        if not damaged:
            return b""
    return bytes(damaged)


def _with_wrong_value(dice: Random, document: Any) -> Any:
    """Return a JSON document in which one value, at any depth, is of the wrong kind."""
    document = copy.deepcopy(document)
    node, key = document, None
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return document
        key = dice.choice(keys)
        below = node[key]
        if not isinstance(below, dict | list) or not below or dice.random() < 0.5:
            node[key] = dice.choice(WRONG)
            return document
        node = below


def _wrong_line(dice: Random, line: bytes, shape: str) -> bytes:
    if shape == "jsonl":
        return json.dumps(_with_wrong_value(dice, json.loads(line))).encode()
    fields = line.split(b",")
    wrong = [str(value) for value in WRONG if isinstance(value, str | int | float) and value != "\ud800"]
    fields[dice.randrange(len(fields))] = dice.choice(wrong).encode()
    return b",".join(fields)


SEED = st.integers(0, 10**9)
LAW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.slow
@needs_shared
@settings(LAW, max_examples=5)  # each reads every example there is
@given(seed=SEED)
def test_no_damage_to_bytes_is_a_bug(tmp_path: Path, seed: int) -> None:
    dice = Random(seed)
    for example in examples():
        outcome(tmp_path, _damaged_bytes(dice, example.content), example.source)


@pytest.mark.slow
@needs_shared
@settings(LAW, max_examples=5)  # each reads every example there is
@given(seed=SEED)
def test_no_value_of_the_wrong_kind_is_a_bug(tmp_path: Path, seed: int) -> None:
    dice = Random(seed)
    for example in examples():
        if example.shape == "json":
            document = _with_wrong_value(dice, json.loads(example.content))
            outcome(tmp_path, json.dumps(document).encode(), example.source)
        else:
            lines = example.content.splitlines()
            at = dice.randrange(min(1, len(lines) - 1), len(lines))
            lines[at] = _wrong_line(dice, lines[at], example.shape)
            outcome(tmp_path, b"\n".join(lines), example.source)


def _several(example: Example) -> list[bytes]:
    """Return the lines of an example, the records repeated so that there are always some to spare."""
    lines = example.content.splitlines()
    header = lines[:1] if example.shape == "csv" else []
    records = lines[len(header) :]
    return [*header, *records, *records, *records]


def _check_neighbours(example: Example, folder: Path, spoil: Callable[[list[bytes], int], bytes], at: int) -> int:
    """Spoil one line; the rows of all others are as before. Return how many records were set aside."""
    lines = _several(example)
    sound = outcome(folder, b"\n".join(lines), example.source)
    assert sound is not None
    lines[at] = spoil(lines, at)
    read_again = outcome(folder, b"\n".join(lines), example.source)
    assert read_again is not None, f"{example.name}: one bad line of {len(lines)} is no reason to read none"
    rows, faults = read_again
    spoilt = pl.col("origin").str.contains(rf"[:#]{at + 1}$")
    assert _of_others(rows, spoilt).equals(_of_others(sound[0], spoilt)), f"{example.name}: a neighbour changed"
    return faults.bad


def _of_others(rows: pl.DataFrame, spoilt: pl.Expr) -> pl.DataFrame:
    # An id made of the content ends in an ordinal among equal records, of which there is one less now.
    return rows.filter(~spoilt).drop("record_id").sort("origin", "input_tokens", "output_tokens", "consumed_unit")


@needs_shared
@LAW
@given(seed=SEED)
def test_a_cut_line_is_one_bad_record_and_its_neighbours_read_as_before(tmp_path: Path, seed: int) -> None:
    dice = Random(seed)
    example = dice.choice([e for e in examples() if e.shape in ("jsonl", "csv")])
    lines = _several(example)
    at = dice.randrange(1, len(lines))
    # Within its first field, so that a CSV row keeps too few of them and no quote is left open.
    end = lines[at].index(b",") if example.shape == "csv" else len(lines[at]) - 1
    keep = dice.randint(1, end) if end else 0
    if example.shape == "csv" and (b'"' in lines[at][:keep] or not lines[at][:keep].strip()):
        return

    assert _check_neighbours(example, tmp_path, lambda lines, at: lines[at][:keep], at) == 1


@needs_shared
@LAW
@given(seed=SEED)
def test_a_line_with_a_wrong_value_leaves_its_neighbours_as_they_were(tmp_path: Path, seed: int) -> None:
    dice = Random(seed)
    example = dice.choice([e for e in examples() if e.shape == "jsonl"])
    at = dice.randrange(1, len(_several(example)))
    bad = _check_neighbours(example, tmp_path, lambda lines, at: _wrong_line(dice, lines[at], "jsonl"), at)

    assert bad <= 1


@needs_shared
@LAW
@given(seed=SEED)
def test_a_document_cut_anywhere_says_so(tmp_path: Path, seed: int) -> None:
    """Either it is refused, or what was lost is counted."""
    dice = Random(seed)
    example = dice.choice([e for e in examples() if e.shape == "json"])
    content = example.content.rstrip()
    cut = content[: dice.randrange(1, len(content))]
    found = outcome(tmp_path, cut, example.source)

    assert found is None or found[1].bad >= 1


@needs_shared
def test_every_source_that_can_be_read_is_among_the_examples() -> None:
    tried = {example.source.name for example in examples()}
    read_the_same_way = {"openai-usage-csv", "anthropic-analytics-cost"}
    untried = {source.name for source in SOURCES if not source.refusal} - tried
    assert {name for name in untried if not name.startswith("litellm-daily-")} <= read_the_same_way


@needs_shared
def test_a_quantity_beyond_counting_is_set_aside_and_no_bug(tmp_path: Path) -> None:
    """FOCUS counts tokens in fractional quantities: 1e30 of them fit no integer."""
    (example,) = (each for each in examples() if each.name == "focus_1_2.csv")
    found = outcome(tmp_path, example.content.replace(b",12500,", b",1e30,"), example.source)

    assert found is not None
    rows, faults = found
    assert (rows.height, faults.bad) == (0, 1)
    assert "not plausible" in faults.bad_examples[0][1]
