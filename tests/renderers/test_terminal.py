"""The screen, piece by piece; the whole of it is in the goldens."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from finopsctl.renderers import Screen
from finopsctl.renderers.terminal import render
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.report import Column, Context, Long, Report, Table
from finopsctl.results.units import Direction, Unit

MONEY = pl.Decimal(38, 12)


def spend_table(teams: list[str | None], spend: list[str | None], good: Direction = Direction.NEUTRAL) -> Table:
    amounts = pl.Series([None if amount is None else Decimal(amount) for amount in spend], dtype=MONEY)
    frame = pl.DataFrame({"team": pl.Series(teams, dtype=pl.String), "spend": amounts})
    return Table(
        "Spend", frame, (Column("team", "Team", null="(untagged)"), Column("spend", "Spend", Unit.USD, good=good))
    )


def text_of(report: Report, screen: Screen) -> str:
    return render(report, screen).decode()


def test_the_answer_comes_first_then_the_table_then_what_it_rests_on() -> None:
    report = Report(
        "attribution",
        "Support spent the most.",
        (spend_table(["support", None], ["1243.29", "0.004"]),),
        findings=(Finding(Severity.WARNING, "duplicates", "3 duplicates.", "Nothing to do."),),
        context=Context(notes=("5 records.",)),
    )

    assert text_of(report, Screen(60)) == (
        "Support spent the most.\n"
        "\n"
        " Team            Spend\n"
        " ─────────────────────\n"
        " support     $1,243.29\n"
        " (untagged)     <$0.01\n"
        "\n"
        "· 5 records.\n"
        "\n"
        "▲ WARN  3 duplicates.\n"
        "        → Nothing to do.\n"
    )


def test_rows_only_a_program_can_use_are_not_shown_to_people() -> None:
    """Two tables, of which people see one: it needs no title to be told apart."""
    days = replace(spend_table(["platform"], ["7"]), machine_only=True)
    report = Report("forecast", "Support spends the most.", (days, spend_table(["support"], ["1243.29"])))

    shown = text_of(report, Screen())

    assert "support" in shown
    assert "platform" not in shown
    assert "Spend" not in shown.splitlines()


def test_a_table_without_rows_is_a_sentence() -> None:
    report = Report("attribution", "Nobody spent anything.", (spend_table([], []),))

    assert text_of(report, Screen(60)) == "Nobody spent anything.\n\nSpend: nothing to show.\n"


def test_a_report_without_tables_is_its_headline() -> None:
    assert text_of(Report("doctor", "All is well.", ()), Screen()) == "All is well.\n"


def test_the_report_says_its_currency() -> None:
    table = spend_table(["a"], ["3.1"])
    report = Report("attribution", "One.", (table,), context=Context({"currency": "EUR"}))

    assert "€3.10" in text_of(report, Screen())


def test_more_spend_is_red_and_signed_where_less_is_better() -> None:
    report = Report("variance", "Up.", (spend_table(["a", "b", "c"], ["5", "-5", "0"], Direction.DOWN),))
    text = text_of(report, Screen(60, color=True))

    assert "\x1b[31m+$5.00\x1b[0m" in text
    assert "\x1b[32m-$5.00\x1b[0m" in text
    assert " $0.00\n" in text


def test_piped_and_colorless_screens_have_no_escape_codes() -> None:
    report = Report("variance", "Up.", (spend_table(["a"], ["5"], Direction.DOWN),))

    assert "\x1b" not in text_of(report, Screen())
    assert "\x1b" not in text_of(report, Screen(80))


def test_the_worst_findings_are_listed_and_the_rest_counted() -> None:
    findings = [Finding(Severity.INFO, "note", f"note {number}") for number in range(6)]
    report = Report("kpi", "Fine.", (), findings=(*findings, Finding(Severity.CRITICAL, "bad", "worst")))
    text = text_of(report, Screen())

    assert text.index("worst") < text.index("note 0")
    assert "and 2 more findings; -f json lists them all" in text


def test_findings_that_say_the_same_of_several_things_are_one_line() -> None:
    gist = "No value for {}: needs budgets."
    findings = [
        Finding(Severity.INFO, "kpi_needs", gist.replace("{}", name), subject=name, gist=gist) for name in ("A", "{}")
    ]
    text = text_of(Report("kpi", "x", (), findings=tuple(findings)), Screen())

    assert text.endswith("INFO  No value for A, {}: needs budgets.\n")


def test_prose_goes_on_in_further_lines() -> None:
    """30 cells: 1 of indent, 4 of name, 2 between; 23 for the prose."""
    frame = pl.DataFrame({"name": ["cost"], "meaning": ["what the provider asks for it"]})
    columns = (Column("name", "Name"), Column("meaning", "Meaning", long=Long.WRAP))
    lines = text_of(Report("kpis", "x", (Table("KPIs", frame, columns),)), Screen(30)).splitlines()

    assert lines[4:] == [" cost  what the provider asks", "       for it"]


def test_a_command_to_copy_is_never_cut() -> None:
    command = "curl " + "x" * 200
    columns = (Column("command", "Command", long=Long.WHOLE),)
    text = text_of(Report("sources", "x", (Table("T", pl.DataFrame({"command": [command]}), columns),)), Screen(40))

    assert f" {command}\n" in text
    assert all(len(line) <= 40 for line in text.splitlines() if command not in line)


def test_of_a_long_path_the_end_is_shown() -> None:
    report = Report("inspect", "x", (spend_table(["logs/production/gateway-2026-10-01.jsonl"], ["1"]),))

    assert "…ateway-2026-10-01.jsonl " in text_of(report, Screen(32))


def test_what_null_is_called_can_differ_by_row() -> None:
    frame = pl.DataFrame({"team": pl.Series([None, None], dtype=pl.String), "value": [1, 2]})
    columns = (Column("value", "Value", Unit.COUNT), Column("team", "Team"))
    table = Table("T", frame, columns, row_nulls={"team": ["(untagged)", ""]})

    assert text_of(Report("x", "x", (table,)), Screen()).splitlines()[4:] == ["    1  (untagged)", "    2"]


def test_wide_shows_every_column_whole() -> None:
    report = Report("attribution", "One.", (spend_table(["x" * 300], ["1"]),))

    assert "x" * 300 in text_of(report, Screen(40, wide=True))
    assert "x" * 300 not in text_of(report, Screen(40))


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.text(max_size=40), st.integers(-(10**15), 10**15)), min_size=1, max_size=5),
    st.none() | st.integers(12, 100),
)
def test_no_screen_cuts_an_amount(rows: list[tuple[str, int]], width: int | None) -> None:
    teams = [team.encode("utf-8", "replace").decode() for team, _ in rows]
    report = Report("attribution", "x", (spend_table(list(teams), [str(amount) for _, amount in rows]),))
    text = text_of(report, Screen(width))

    for _, amount in rows:
        assert f"{'-' if amount < 0 else ''}${abs(amount):,}.00" in text


def test_mixed_values_are_read_in_the_unit_of_their_row() -> None:
    frame = pl.DataFrame({"value": [0.5, 0.004, 12.5], "unit": ["ratio", "usd", "days"], "change": [0.02, 0.02, None]})
    columns = (Column("value", "Value", Unit.MIXED), Column("change", "Change", Unit.CHANGE))
    said = text_of(Report("kpi", "x", (Table("KPIs", frame, columns),)), Screen()).splitlines()[4:]
    finer = Table("KPIs", frame, columns, row_units=(Unit.FACTOR, Unit.UNIT_PRICE, Unit.DAYS))
    told = text_of(Report("kpi", "x", (finer,)), Screen()).splitlines()[4:]

    assert [line.split() for line in said] == [
        ["50.0%", "+2.0", "pp"],
        ["$0.00400", "+2.0%"],
        ["12.5", "days", "\N{EN DASH}"],
    ]
    assert told[0].split() == ["0.50", "+2.0%"]


def test_parts_of_an_amount_that_do_not_fit_are_added_up_so_that_the_columns_still_do() -> None:
    """9 = 4 + 3 + 2: where two parts have no room, their 5 stand in one column, in the total too."""
    frame = pl.DataFrame(
        {
            "team": ["support"],
            "change": [Decimal(9)],
            "volume": [Decimal(4)],
            "mix": [Decimal(3)],
            "price": [Decimal(2)],
        },
        schema_overrides=dict.fromkeys(("change", "volume", "mix", "price"), MONEY),
    )
    names = ("change", "volume", "mix", "price")
    columns = [Column(n, n.capitalize(), Unit.USD, rank, good=Direction.DOWN) for rank, n in enumerate(names)]
    totals = {name: frame[name][0] for name in names}
    table = Table("Change", frame, (Column("team", "Team"), *columns), totals, rest="Other")
    report = Report("variance", "Spend rose.", (table,))

    assert text_of(report, Screen(36)) == (
        "Spend rose.\n"
        "\n"
        " Team     Change  Volume   Other\n"
        " ───────────────────────────────\n"
        " support  +$9.00  +$4.00  +$5.00\n"
        " ───────────────────────────────\n"
        " Total    +$9.00  +$4.00  +$5.00\n"
        " Other: Mix, Price; --wide shows\n"
        " each\n"
    )
    assert "Price" in text_of(report, Screen(80))
    assert "Other" not in text_of(report, Screen(80))


def test_rows_say_which_of_their_amounts_are_changes() -> None:
    table = replace(spend_table(["before", "volume"], ["3", "2"]), row_good=(Direction.NEUTRAL, Direction.DOWN))

    lines = text_of(Report("variance", "Spend rose.", (table,)), Screen(None)).splitlines()

    assert [line.split() for line in lines[-2:]] == [["before", "$3.00"], ["volume", "+$2.00"]]


def test_no_line_of_a_job_s_log_is_a_command_of_its_runner() -> None:
    """A name at the start of a line, in a sentence that begins with it, and in the middle of one."""
    names = ["::stop-commands::x", "##[add-mask]a", "a::b"]
    frame = pl.DataFrame({"team": names, "spend": [1.0, 2.0, 3.0]})
    columns = (Column("team", "Team"), Column("spend", "Spend", Unit.USD))
    notes = Context(notes=("##[group]x",))
    report = Report("attribution", f"{names[0]} spends most.", (Table("T", frame, columns),), context=notes)
    lines = render(report, Screen()).decode().splitlines()

    assert [line for line in lines if line.lstrip().startswith("::") or "##[" in line] == []
    assert lines[0] == ": :stop-commands::x spends most."
    assert lines[-3:-2] == ["a::b                $3.00"]
