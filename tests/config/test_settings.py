"""Settings: which layer wins, what a file may say, and what is said about a wrong one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from finopsctl.config.origin import Layer, Origin
from finopsctl.config.settings import Settings, load, unknown_variables, variable
from finopsctl.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty repository beside an empty home."""
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    return tmp_path / "repo"


def _load(
    folder: Path,
    text: str | None = None,
    environ: Mapping[str, str] | None = None,
    config: Path | None = None,
    **flags: Any,
) -> Settings:
    if text is not None:
        (folder / "finopsctl.toml").write_text(text, "utf-8")
    home = {"HOME": str(folder.parent / "home")}
    return load(config=config, environ=home | dict(environ or {}), start=folder, flags=flags)


def _user(folder: Path, text: str) -> None:
    path = folder.parent / "home" / ".config" / "finopsctl" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")


def test_without_any_configuration_everything_is_at_its_default(folder: Path) -> None:
    settings = _load(folder)

    assert settings == Settings()
    assert settings.origin("tz") == Origin()


def test_flags_win_over_variables_over_the_project_over_the_user(folder: Path) -> None:
    _user(folder, 'tz = "Asia/Tokyo"\ncurrency = "JPY"\ntop = 1\nwide = true')
    settings = _load(
        folder, 'tz = "Asia/Kolkata"\ncurrency = "INR"\ntop = 2', {"FINOPSCTL_TZ": "UTC", "FINOPSCTL_TOP": "3"}, top=4
    )

    assert (settings.top, settings.tz, settings.currency, settings.wide) == (4, "UTC", "INR", True)
    assert [settings.origin(key).layer for key in ("top", "tz", "currency", "wide", "ascii")] == [
        Layer.FLAG,
        Layer.ENVIRONMENT,
        Layer.PROJECT,
        Layer.USER,
        Layer.DEFAULT,
    ]


def test_a_file_that_is_named_replaces_the_nearest_one(folder: Path) -> None:
    (folder / "a.toml").write_text("top = 1")
    (folder / "b.toml").write_text("top = 2")
    variables = {"FINOPSCTL_CONFIG": "b.toml"}

    assert _load(folder, "top = 3").top == 3
    assert _load(folder, environ=variables).top == 2
    assert _load(folder, environ=variables, config=Path("a.toml")).top == 1


def test_the_nearest_file_up_to_the_repository_root_counts(folder: Path) -> None:
    deep = folder / "a" / "b"
    deep.mkdir(parents=True)
    (folder.parent / "finopsctl.toml").write_text("top = 9")

    assert _load(deep).top is None
    (folder / "pyproject.toml").write_text("[tool.finopsctl]\ntop = 1")
    assert _load(deep).top == 1
    (folder / "finopsctl.toml").write_text("top = 2")
    assert _load(deep).top == 2
    (folder / "a" / "pyproject.toml").write_text("[project]\nname = 'x'")
    assert _load(deep).top == 2
    (folder / "a" / "pyproject.toml").write_text("not ours, and {{ broken }}")
    assert _load(deep).top == 2


def test_tables_merge_key_by_key_and_lists_are_replaced(folder: Path) -> None:
    own = "[kpi.user-types]\nlight-requests-per-day = 1\n[[budget]]\nlimit = 1"
    _user(folder, f'[workloads]\na = "chat"\nb = "code"\n{own}')
    text = '[workloads]\nb = "chat"\n[kpi.user-types]\npower_spend = 2\n[[budget]]\nlimit = 2'
    settings = _load(folder, text)

    assert settings.workloads == {"a": "chat", "b": "chat"}
    assert settings.kpi.user_types.light_requests_per_day == 1
    assert settings.kpi.user_types.power_spend == 2
    assert [table.limit for table in settings.budget] == [2]
    assert settings.origin("workloads.a").layer is Layer.USER


def test_a_period_hides_the_period_of_lower_layers_however_it_is_written(folder: Path) -> None:
    """The file's month-to-date must not clash with a month asked for on the command line."""
    settings = _load(folder, 'last = "mtd"\nas-of = 2026-11-01', month="2026-10")

    assert (settings.last, settings.month, settings.as_of) == (None, "2026-10", "2026-11-01")
    assert settings.origin("last") == Origin()


def test_two_flags_of_one_period_both_count(folder: Path) -> None:
    settings = _load(folder, 'last = "mtd"', since="2026-10-01", until="2026-11-01")

    assert (settings.since, settings.until, settings.last) == ("2026-10-01", "2026-11-01", None)


def test_paths_in_a_file_are_relative_to_it_and_flags_to_the_working_folder(folder: Path) -> None:
    (folder / "conf").mkdir()
    (folder / "conf" / "ci.toml").write_text(
        'prices = "prices"\ninputs = ["logs/*.jsonl", "-", "/abs"]\nkeys = "/k.csv"'
    )
    settings = _load(folder, config=Path("conf/ci.toml"), contracts=Path("c.toml"))

    assert settings.prices == Path("conf/prices")
    assert settings.inputs == ("conf/logs/*.jsonl", "-", "/abs")
    assert settings.keys == Path("/k.csv")
    assert settings.contracts == Path("c.toml")


def test_dashes_and_underscores_are_the_same_but_not_both_at_once(folder: Path) -> None:
    assert _load(folder, 'cost_basis = "list"').cost_basis == "list"
    with pytest.raises(ConfigError, match="given twice"):
        _load(folder, 'cost_basis = "list"\ncost-basis = "list"')


def test_variables_are_read_as_text(folder: Path) -> None:
    environ = {
        "FINOPSCTL_BY": "team, model",
        "FINOPSCTL_WHERE": "team=a,b;environment!=dev",
        "FINOPSCTL_STRICT": "yes",
        "FINOPSCTL_TOP": "5",
        "FINOPSCTL_INPUTS": "a.jsonl:b,c.jsonl",
        "FINOPSCTL_FAIL_ON": "",
    }
    settings = _load(folder, environ=environ)

    assert settings.by == ("team", "model")
    assert settings.where == ("team=a,b", "environment!=dev")
    assert (settings.strict, settings.top, settings.fail_on) == (True, 5, None)
    assert settings.inputs == ("a.jsonl", "b,c.jsonl")


def test_dates_and_numbers_keep_their_digits(folder: Path) -> None:
    text = """
since = 2026-10-01
until = 20261101
[[budget]]
limit = 0.1
[[exchange-rate]]
from = "EUR"
to = "USD"
date = 2026-11-01
rate = 1.0812345678901234567
"""
    settings = _load(folder, text)

    assert (settings.since, settings.until) == ("2026-10-01", "20261101")
    assert settings.budget[0].limit == Decimal("0.1")
    assert settings.exchange_rate[0].rate == Decimal("1.0812345678901234567")
    assert settings.exchange_rate[0].day == date(2026, 11, 1)


def test_allocation_rules_come_out_in_order_with_their_dates_in_utc(folder: Path) -> None:
    text = """
[[allocation.rule]]
set = { team = "{header:x-team}" }
[[allocation.rule]]
name = "eval"
when = { api_key = "eval-*", "tag:env" = ["dev", "test"] }
set = { workload = "eval" }
from = 2026-01-01
to = 2026-07-01T00:00:00+02:00
overwrite = true
"""
    header, evaluation = _load(folder, text).rules

    assert header.name == "team = {header:x-team}"
    assert evaluation.when == {"api_key": ("eval-*",), "tag:env": ("dev", "test")}
    assert evaluation.start == datetime(2026, 1, 1, tzinfo=UTC)
    assert evaluation.end == datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert evaluation.overwrite


def test_a_pattern_with_a_comma_is_one_pattern(folder: Path) -> None:
    (rule,) = _load(folder, '[[allocation.rule]]\nwhen = { user = "Doe, Ann" }\nset = { team = "a" }').rules

    assert rule.when == {"user": ("Doe, Ann",)}


def test_kpi_tables_become_kpi_settings(folder: Path) -> None:
    text = """
[kpi]
bands = "plain-days"
[kpi.scales]
cost_per_request = [0.004, 0.01, 0.05]
cache_hit_rate = ["> 0.4 good", "warning"]
[kpi.ranges.cost_per_1k_tokens]
premium = [0.01, inf]
[strategic-targets]
openai = [0.2, 0.3]
[workloads]
"support-*" = "chat"
"""
    kpi = _load(folder, text).kpi_settings()

    assert kpi.bands == "plain-days"
    assert kpi.scales == {"cost_per_request": (0.004, 0.01, 0.05), "cache_hit_rate": ("> 0.4 good", "warning")}
    assert kpi.ranges == {
        "cost_per_1k_tokens": {"premium": (0.01, None)},
        "provider_distribution": {"openai": (0.2, 0.3)},
    }
    assert kpi.workload_classes == {"support-*": "chat"}


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("tpo = 3", "finopsctl.toml: tpo: unknown key", "'top'"),
        ('redact-key = "x"', "redact-key: unknown key", "FINOPSCTL_REDACT_KEY"),
        ("top = true", "top: a number is needed, not true or false", ""),
        ("top = 1.5", "top: a whole number is needed", ""),
        ('strict = "yes"', "strict: true or false is needed, not text", ""),
        ('tz = "Mars/Base"', "tz: ", ""),
        ('currency = "usd"', "currency: 'usd' is not understood", ""),
        ('cost-basis = "lst"', "cost-basis: 'lst' is not among its values", "'list'"),
        ("by = 3", "by: a list is needed", ""),
        ("prices = 3", "prices: text is needed", ""),
        ("kpi = 3", "kpi: a table is needed", ""),
        ("budget = 3", "budget: a list of tables is needed", "[[budget]]"),
        ("budget = [3]", "budget[0]: a table is needed", ""),
        ("[[budget]]\nlimt = 5", "budget[0].limt: 'limt' is neither", "'limit'"),
        ("[[budget]]\nteam = 'a'", "budget[0].limit: is missing", ""),
        ("[[budget]]\nlimit = -1", "budget[0].limit: -1 is less than 0", ""),
        ("[[budget]]\nlimit = nan", "budget[0].limit: 'NaN' is no finite number", ""),
        ("[[budget]]\nlimit = 1\nperiod = 'weekly'", "budget[0].period: 'weekly' is not understood", ""),
        ("[[budget]]\nlimit = 1\nalerts = [{ at = 80 }]", "budget[0].alerts[0]: an alert at 80", "0.8"),
        ("[[budget]]\nlimit = 1\nday = 'x'", "budget[0].day: 'day' is neither", ""),
        ("[workloads]\na = 'chatt'", "workloads.a: 'chatt' is not among its values", "'chat'"),
        ("[strategic-targets]\nopenai = [0.3, 0.2]", "strategic-targets.openai: a range", ""),
        ("[deployments]\nx = 'gpt-4o'", "deployments.x: 'gpt-4o' is not understood", "provider/model"),
        ("[[allocation.rule]]\nname = 'x'", "allocation.rule[0].set: is missing", ""),
        ("[[allocation.rule]]\nset = { taem = 'x' }", "allocation.rule[0]: 'taem' is no dimension", "'team'"),
        (
            "[[allocation.rule]]\nset = { team = 'x' }\nfrom = 'soon'",
            "allocation.rule[0].from: 'soon' is no ISO date",
            "",
        ),
        ("[[exchange-rate]]\nfrom='EUR'\nto='USD'\ndate=2026-01-01\nrate=0", "exchange-rate[0]: a rate of 0", ""),
        ("top = ", "not valid TOML", ""),
    ],
)
def test_a_wrong_key_is_named_with_its_file_and_what_to_do(folder: Path, text: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _load(folder, text)

    assert message in caught.value.message
    assert "finopsctl.toml" in caught.value.message
    assert hint in caught.value.hint


def test_several_problems_are_counted(folder: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        _load(folder, "a = 1\nb = 2\nc = 3")

    assert "2 more" in caught.value.hint


def test_a_wrong_variable_or_flag_is_named(folder: Path) -> None:
    with pytest.raises(ConfigError, match="FINOPSCTL_TOP: top: 'many' is no number"):
        _load(folder, environ={"FINOPSCTL_TOP": "many"})
    with pytest.raises(ConfigError, match=r"^--currency: 'euro'"):
        _load(folder, currency="euro")


def test_a_missing_or_unreadable_file_is_refused(folder: Path) -> None:
    (folder / "latin.toml").write_bytes(b'tz = "\xe9"')

    with pytest.raises(ConfigError, match=r"none\.toml: no such file"):
        _load(folder, config=Path("none.toml"))
    with pytest.raises(ConfigError, match=r"latin\.toml: not UTF-8"):
        _load(folder, config=Path("latin.toml"))
    with pytest.raises(ConfigError, match="is a directory"):
        _load(folder, config=Path())


def test_variables_nothing_reads_are_listed_with_the_nearest() -> None:
    (problem,) = unknown_variables(
        {"FINOPSCTL_TPO": "3", "FINOPSCTL_REDACT_KEY": "s", "FINOPSCTL_CONFIG": "x", "PATH": ""}
    )

    assert problem.key == "FINOPSCTL_TPO"
    assert "FINOPSCTL_TOP" in problem.hint


@limits(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["user", "project", "variable", "flag"]), unique=True))
def test_the_highest_layer_that_gives_a_key_wins(tmp_path_factory: pytest.TempPathFactory, given_in: list[str]) -> None:
    folder = tmp_path_factory.mktemp("layers") / "repo"
    (folder / ".git").mkdir(parents=True)
    if "user" in given_in:
        _user(folder, "top = 1")
    environ = {variable("top"): "3"} if "variable" in given_in else {}
    flags: dict[str, Any] = {"top": 4} if "flag" in given_in else {}
    settings = _load(folder, "top = 2" if "project" in given_in else None, environ, **flags)
    layers = {"user": 1, "project": 2, "variable": 3, "flag": 4}

    assert settings.top == max((layers[name] for name in given_in), default=None)
    assert settings.origin("top").layer == (settings.top or 0)


def test_budgets_of_quarters_and_years_follow_the_fiscal_year(folder: Path) -> None:
    """The year that begins in April and holds 31 March 2026 began on 1 April 2025."""
    text = 'fiscal-year-start = 4\n[[budget]]\nlimit = 5\nperiod = "year"'
    (budget,) = _load(folder, text).all_budgets()

    assert budget.current(datetime(2026, 4, 1, tzinfo=UTC)).first_day == date(2025, 4, 1)


def test_a_fiscal_year_that_starts_in_no_month_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="FISCAL_YEAR_START"):
        _load(folder, environ={"FINOPSCTL_FISCAL_YEAR_START": "13"})
