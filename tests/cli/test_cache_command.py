"""``finopsctl cache``, from files to exit codes."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from book_files import write
from commands import answered, finopsctl

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLE = Path(__file__).parents[2] / "sample_data"
CHAT = SAMPLE / "traces" / "recipe_chat.txt"
PLAN = ("cache", "estimate", "--requests", "15M", "--cost", "0.0084", "--hit-rate", "35%", "--lookup-cost", "0.0001")


@pytest.fixture
def hits(tmp_path: Path) -> Path:
    """One paid call and one answered by the gateway, 0.0045 USD each at list price."""
    call = {"model": "gpt-4o", "input_tokens": 1000, "output_tokens": 200}
    return write(
        tmp_path / "calls.jsonl",
        {"record_id": "a", "cache_hits": 0, **call},
        {"record_id": "b", "cache_hits": 1, **call},
    )


def test_savings_have_the_rows_that_are_promised() -> None:
    found = answered("cache", "savings", SAMPLE, "--by", "team")

    assert found["schema"] == "finopsctl/cache-savings/1"
    assert {"team", "kind", "gross", "write_premium", "lookup", "net"} <= set(found["rows"][0])
    assert {row["kind"] for row in found["rows"]} == {"response", "prompt"}


def test_a_look_up_costs_what_the_option_or_the_configuration_says(hits: Path, tmp_path: Path) -> None:
    config = tmp_path / "finopsctl.toml"
    config.write_text('lookup-cost = 0.001\nlookup-on = "all"\n', encoding="utf-8")

    option = answered("cache", "savings", hits, "--lookup-cost", "0.001")
    configured = answered("cache", "savings", hits, "--config", config)

    assert (option["totals"]["lookup"], option["totals"]["net"]) == (0.001, 0.0035)
    assert (configured["totals"]["lookup"], configured["totals"]["net"]) == (0.002, 0.0025)


def test_savings_follow_the_filters(hits: Path) -> None:
    assert answered("cache", "savings", hits, "--where", "model=gpt-4o")["totals"]["gross"] == 0.0045
    assert finopsctl("cache", "savings", hits, "--where", "model=none").returncode == 4


def test_contract_prices_are_what_a_hit_would_have_cost(hits: Path, tmp_path: Path) -> None:
    """20 % off list: 0.0036."""
    contracts = tmp_path / "contracts.toml"
    contracts.write_text(
        'schema = 1\n[[contract]]\nid = "deal"\nprovider = "openai"\nfrom = 2026-01-01\ndiscount = 0.2\n', "utf-8"
    )

    assert answered("cache", "savings", hits, "--contracts", contracts)["totals"]["gross"] == 0.0036
    plain = answered("cache", "savings", hits, "--contracts", contracts, "--cost-basis", "list")
    assert plain["totals"]["gross"] == 0.0045


def test_what_sources_report_says_nothing_of_savings(hits: Path) -> None:
    done = finopsctl("cache", "savings", hits, "--cost-basis", "reported")

    assert done.returncode == 2
    assert "which no source reports" in done.stderr


def test_an_estimate_is_the_formula() -> None:
    found = answered(*PLAN)

    assert found["schema"] == "finopsctl/cache-estimate/1"
    assert [found["totals"][name] for name in ("baseline", "scenario", "saving")] == [126_000, 82_425, 43_575]
    assert finopsctl(*PLAN).stdout.startswith(
        "$126,000.00 becomes $82,425.00: the cache saves $43,575.00 (34.6%); it pays at any hit rate.\n"
    )


@pytest.mark.parametrize(
    ("option", "text", "said"),
    [
        ("--cost", "cheap", "--cost 'cheap' is no number"),
        ("--hit-rate", "120%", "--hit-rate 120% is not between 0 and 1"),
        ("--requests", "0.5", "--requests 0.5 is no whole number"),
        ("--cost", "nan", "no number that makes sense"),
        ("--lookup-on", "misses", "look-ups cannot be charged on 'misses'"),
    ],
)
def test_an_estimate_of_nonsense_ends_with_a_sentence(option: str, text: str, said: str) -> None:
    done = finopsctl(*PLAN, option, text)

    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize("rule", ["lru", "lfu", "length-aware", "openai", "anthropic"])
def test_a_simulation_has_the_totals_that_are_promised(rule: str) -> None:
    found = answered("cache", "simulate", CHAT, "--rule", rule)

    assert found["schema"] == "finopsctl/cache-simulate/1"
    totals = found["totals"]
    promised = ["input_tokens", "cached_tokens", "hit_rate", "denominator_tokens", "input_cost_factor"]
    assert {*promised, "baseline", "scenario", "saving"} <= set(totals)
    assert totals["hit_rate"] == pytest.approx(totals["cached_tokens"] / totals["denominator_tokens"])
    assert (totals["input_cost_factor"] is None) == (rule not in {"openai", "anthropic"})
    assert totals["baseline"] is None


def test_a_models_prices_turn_shares_into_money() -> None:
    found = answered("cache", "simulate", CHAT, "--rule", "anthropic", "--ttl", "1h", "--model", "claude-sonnet-4-5")

    totals = found["totals"]
    assert totals["scenario"] == pytest.approx(totals["baseline"] * totals["input_cost_factor"])
    assert found["price_book"]["version"]


def test_capacities_are_read_however_they_are_written() -> None:
    several = answered("cache", "simulate", CHAT, "--rule", "lru", "--capacity", "20K,3e4", "--capacity", "unlimited")

    assert [row["capacity"] for row in several["rows"]] == [20_000, 30_000, None]


def test_prices_can_be_given() -> None:
    """The same discount said in two ways."""
    off = answered("cache", "simulate", CHAT, "--rule", "openai", "--discount", "75%")["totals"]
    price = answered("cache", "simulate", CHAT, "--rule", "openai", "--read-price", "0.25")["totals"]

    assert off == price
    assert (
        finopsctl("cache", "simulate", CHAT, "--rule", "openai", "--discount", "1", "--read-price", "0").returncode == 2
    )


def test_a_compressed_trace_is_the_same_trace(tmp_path: Path) -> None:
    packed = tmp_path / "chat.gz"
    packed.write_bytes(gzip.compress(CHAT.read_bytes()))

    assert (
        answered("cache", "simulate", packed, "--rule", "lru")["rows"]
        == answered("cache", "simulate", CHAT, "--rule", "lru")["rows"]
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "the file is empty"), (b"a,b\n1,2\n", ":1: not a line of a trace"), (b"\x1f\x8b\x08cut", "cut short")],
)
def test_what_is_no_trace_ends_with_a_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "odd.jsonl"
    path.write_bytes(content)

    done = finopsctl("cache", "simulate", path, "--rule", "lru")

    assert done.returncode == 4
    assert said in done.stderr


def test_prompts_in_logs_are_replayed_and_never_shown(tmp_path: Path) -> None:
    """Twice the same two messages of 2,000 tokens: the second call reads what is in steps of 128, 1,920."""
    messages = [{"role": "system", "content": "SECRET recipe"}, {"role": "user", "content": "PRIVATE"}]
    row = {"model": "gpt-4o", "prompt_tokens": 2000, "completion_tokens": 5, "messages": messages}
    path = tmp_path / "logs.jsonl"
    path.write_text("".join(json.dumps({"startTime": at, **row}) + "\n" for at in (1000.0, 1001.0)), "utf-8")

    done = finopsctl("cache", "simulate", path, "--rule", "openai", "-f", "json", "--debug")

    found = json.loads(done.stdout)
    assert found["totals"]["cached_tokens"] == 1920
    assert [finding["code"] for finding in found["findings"]] == ["approximate_trace"]
    assert not {"SECRET", "PRIVATE"} & set((done.stdout + done.stderr).replace('"', " ").split())


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_prompts_that_come_through_a_pipe_stay_off_the_disk(
    tmp_path: Path, pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"model": "gpt-4o", "prompt_tokens": 2000, "messages": [{"role": "user", "content": "PRIVATE"}]}
    lines = "".join(json.dumps({"startTime": at, **row}) + "\n" for at in (1000.0, 1001.0))
    monkeypatch.setattr("tempfile.TemporaryDirectory", None)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_bytes, args=(pack(lines.encode()),))
    writer.start()

    done = finopsctl("cache", "simulate", pipe, "--rule", "openai", "-f", "json")

    writer.join()
    assert json.loads(done.stdout)["totals"]["cached_tokens"] == 1920


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--rule", "lur"), "unknown rule 'lur'"),
        (("--rule", "anthropic", "--ttl", "10m"), "no known write price"),
        (("--rule", "anthropic", "--breakpoints", "middle"), "no place for breakpoints"),
        (("--rule", "lru", "--capacity", "much"), "--capacity 'much' is no number"),
        (("--rule", "openai", "--model", "gpt-4oo"), "no price lists a model 'gpt-4oo'"),
    ],
)
def test_a_question_that_makes_no_sense_ends_with_a_sentence(options: tuple[str, ...], said: str) -> None:
    done = finopsctl("cache", "simulate", CHAT, *options)

    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize(
    ("rule", "options", "hint"),
    [
        ("lru", ("--ttl", "5m"), "--rule openai or anthropic"),
        ("lfu", ("--breakpoints", "end"), "--rule anthropic"),
        ("length-aware", ("--write-price", "1.25"), "--rule openai or anthropic"),
        ("openai", ("--breakpoints", "blocks"), "--rule anthropic"),
        ("anthropic", ("--capacity", "1M"), "--rule lru or lfu or length-aware"),
    ],
)
def test_an_option_that_the_rule_does_not_use_is_not_passed_over(
    rule: str, options: tuple[str, str], hint: str
) -> None:
    done = finopsctl("cache", "simulate", CHAT, "--rule", rule, *options)

    assert done.returncode == 2
    assert f"the rule {rule} does not use {options[0]}" in done.stderr
    assert hint in done.stderr


@pytest.mark.parametrize(
    ("rule", "options"),
    [("lru", ("--discount", "0.5")), ("lfu", ("--read-price", "0.1")), ("openai", ("--price-date", "2026-10-01"))],
)
def test_prices_that_change_nothing_without_a_model_are_not_passed_over(rule: str, options: tuple[str, str]) -> None:
    done = finopsctl("cache", "simulate", CHAT, "--rule", rule, *options)
    with_model = finopsctl("cache", "simulate", CHAT, "--rule", rule, *options, "--model", "gpt-4o")

    assert done.returncode == 2
    assert f"without a model {options[0]} changes nothing" in done.stderr
    assert with_model.returncode == 0


def test_a_size_of_blocks_is_not_passed_over_for_a_log_that_has_none(tmp_path: Path) -> None:
    path = tmp_path / "logs.jsonl"
    row = {"startTime": "2026-10-01T09:00:00Z", "model": "gpt-4o", "prompt_tokens": 9, "messages": [{"content": "a"}]}
    path.write_text(json.dumps(row) + "\n", "utf-8")

    done = finopsctl("cache", "simulate", path, "--rule", "lru", "--block", "16")

    assert done.returncode == 2
    assert "is a log with prompts, which has no blocks" in done.stderr


_SAID = ["period", "as_of", "currency", "cost_basis", "price_book", "inputs", "data_quality"]


def test_a_simulations_document_says_what_it_rests_on(tmp_path: Path) -> None:
    """127 requests in 8 hours, whose times count from the beginning of the trace."""
    cut = tmp_path / "cut.jsonl"
    cut.write_bytes(CHAT.read_bytes() + b'{"timestamp": 1')
    found = answered("cache", "simulate", cut, "--rule", "openai")

    assert list(found)[1:8] == _SAID
    assert found["period"] == {"start": None, "end": None, "timezone": "UTC", "seconds": 28891.293}
    assert (found["as_of"], found["cost_basis"], found["price_book"]) == (None, None, None)
    assert found["inputs"][0].items() >= {"path": str(cut), "records": 127, "bad_lines": 1}.items()
    assert found["data_quality"].items() >= {"records": 127, "bad_lines": 1, "unpriced_requests": None}.items()
    priced = answered("cache", "simulate", CHAT, "--rule", "openai", "--model", "gpt-4o")
    assert (priced["cost_basis"], priced["data_quality"]["unpriced_requests"]) == ("list", 0)


def test_an_estimates_document_has_the_keys_of_the_others_and_no_input() -> None:
    found = answered("cache", "estimate", "--requests", "10", "--cost", "1", "--hit-rate", "50%")

    assert list(found)[1:8] == _SAID
    assert (found["currency"], found["inputs"], found["period"], found["data_quality"]) == ("USD", [], None, None)
