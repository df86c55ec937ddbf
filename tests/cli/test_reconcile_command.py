"""``finopsctl reconcile``: exit codes, what it reads as an invoice, and what it says when it cannot compare."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from book_files import lines, record, write
from documents import ROOT
from finopsctl.cli.app import app
from finopsctl.cli.run import guard

if TYPE_CHECKING:
    from pathlib import Path

SAMPLE = str(ROOT / "sample_data")
INVOICE = f"{SAMPLE}/invoices/openai_2026-10.txt"
INVOICE_MAP = f"{SAMPLE}/invoices/openai.toml"
BUCKET = {"charge_period_end": "2026-10-02T00:00:00Z", "record_kind": "usage", "requests": 10}
USAGE = {**BUCKET, "model": "my-model", "input_tokens": 1000}


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, with nobody's configuration."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))


def run(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = guard(app, ["reconcile", *map(str, arguments)])
    out, err = capfd.readouterr()
    return code, out, err


def document(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code, out, _ = run(capfd, *arguments, "-f", "json")
    return code, json.loads(out, parse_float=Decimal)


def test_an_invoice_37_percent_off_is_shown_and_exits_4(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """$63 in the ledger, $100 invoiced."""
    ours = write(tmp_path / "ours.jsonl", {**USAGE, "reported_cost": 63})
    bill = write(tmp_path / "bill.jsonl", {**USAGE, "reported_cost": 100})

    code, out, err = run(capfd, str(ours), "--invoice", str(bill))

    assert code == 4
    assert "$37.00 (37.0%) apart, beyond the tolerance of 1%" in out
    assert err.splitlines() == [
        "error: the invoices and the ledger are further apart than the tolerance: openai",
        "hint: The rows name each difference and its cause; --tolerance accepts more.",
    ]


def test_an_invoice_within_tolerance_exits_0(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ours = write(tmp_path / "ours.jsonl", {**USAGE, "reported_cost": "99.5"})
    bill = write(tmp_path / "bill.jsonl", {**USAGE, "reported_cost": 100})

    code, found = document(capfd, str(ours), "--invoice", str(bill))

    assert code == 0
    assert found["schema"] == "finopsctl/reconcile/1"
    assert found["totals"] == {
        "ledger": Decimal("99.5"),
        "invoice": 100,
        "difference": Decimal("0.5"),
        "difference_share": Decimal("0.005"),
        "tolerance": Decimal("0.01"),
        "within": True,
        "ledger_not_compared": 0,
        "invoice_not_compared": 0,
    }
    row = found["rows"][0]
    assert {
        "provider",
        "month",
        "model",
        "token_class",
        "project",
        "ledger",
        "invoice",
        "difference",
        "cause",
    } <= row.keys()
    assert (row["provider"], row["month"], row["model"], row["cause"]) == ("openai", "2026-10", "my-model", "price")


def test_a_tolerance_on_the_command_line_holds_for_every_provider(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ours = write(tmp_path / "ours.jsonl", {**USAGE, "reported_cost": 96})
    bill = write(tmp_path / "bill.jsonl", {**USAGE, "reported_cost": 100})
    (tmp_path / "finopsctl.toml").write_text('[reconcile.tolerance]\nopenai = "5%"\n', encoding="utf-8")

    assert run(capfd, str(ours), "--invoice", str(bill))[0] == 0
    assert run(capfd, str(ours), "--invoice", str(bill), "--tolerance", "1%")[0] == 4
    assert run(capfd, str(ours), "--invoice", str(bill), "--tolerance", "4.00")[0] == 0
    assert run(capfd, str(ours), "--invoice", str(bill), "--tolerance", "much")[0] == 2


def test_prepaid_credits_of_the_configuration_are_shown(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """$500 from 1 October, $40 used on it: $460 left, and 12 days more at $40 a day."""
    ours = write(tmp_path / "ours.jsonl", {**USAGE, "reported_cost": 40})
    bill = write(tmp_path / "bill.jsonl", {**USAGE, "reported_cost": 40})
    (tmp_path / "finopsctl.toml").write_text(
        '[[prepaid]]\nprovider = "openai"\namount = 500\nfrom = 2026-10-01\nexpires = 2027-10-01\n', encoding="utf-8"
    )

    code, found = document(capfd, str(ours), "--invoice", str(bill))

    assert code == 0
    pack = found["prepaid_credits"][0]
    assert (pack["used"], pack["balance"], pack["run_out"]) == (40, 460, "2026-10-13")
    assert "prepaid_runs_out" in {each["code"] for each in found["findings"]}


def test_cost_exports_set_aside_among_the_inputs_are_the_invoice(capfd: pytest.CaptureFixture[str]) -> None:
    """September: all token lines agree; 60 web searches for $0.60 are billed that no usage report has."""
    code, found = document(capfd, SAMPLE, "--month", "2026-09")

    differing = [row for row in found["rows"] if row["cause"] != "matched"]
    assert code == 4
    assert [(row["meter"], row["difference"], row["cause"]) for row in differing] == [
        ("web_search", Decimal("0.6"), "missing_in_ledger")
    ]
    assert {row["provider"] for row in found["rows"]} == {"openai", "anthropic"}


def test_a_table_of_ones_own_is_an_invoice_through_a_map(capfd: pytest.CaptureFixture[str]) -> None:
    """October at OpenAI: a model nobody routed, a stale price, a credit and a tax, each a cause of its own."""
    code, found = document(capfd, SAMPLE, "--invoice", INVOICE, "--invoice-map", INVOICE_MAP)

    causes = {row["cause"] for row in found["rows"]}
    assert code == 4
    assert {"quantity", "price", "missing_in_ledger", "credit", "tax", "rounding"} <= causes
    assert sum(row["difference"] for row in found["rows"]) == found["totals"]["difference"]
    bypass = {row["model"] for row in found["rows"] if row["cause"] == "missing_in_ledger"}
    assert bypass == {"gpt-4.1-mini"}


def test_without_an_invoice_it_says_what_to_pass(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ours = write(tmp_path / "ours.jsonl", {**USAGE, "reported_cost": 1})

    code, out, err = run(capfd, str(ours))

    assert (code, out) == (2, "")
    assert err.startswith("error: there is no invoice to compare with\nhint: Name one with --invoice FILE")


def test_an_invoice_that_is_the_only_input_is_not_compared_with_itself(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ours = write(tmp_path / "ours.jsonl", {**USAGE, "reported_cost": 1})

    code, _, err = run(capfd, str(ours), "--invoice", str(ours))

    assert code == 2
    assert "nothing but the invoice itself" in err


def test_an_invoice_among_the_inputs_is_no_usage(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "all" / "ours.jsonl", {**USAGE, "reported_cost": 3})
    bill = write(tmp_path / "all" / "bill.jsonl", {**USAGE, "reported_cost": 4})

    _, found = document(capfd, str(tmp_path / "all"), "--invoice", str(bill))

    assert (found["totals"]["ledger"], found["totals"]["invoice"]) == (3, 4)


def test_a_copy_of_the_ledger_agrees_with_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ours = write(tmp_path / "ours.jsonl", {**USAGE, "reported_cost": "0.1"}, {**USAGE, "reported_cost": "0.2"})
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(ours.read_bytes())

    code, out, _ = run(capfd, str(ours), "--invoice", str(copy))

    assert code == 0
    assert out.startswith("The invoices and the ledger agree on $0.30, line by line.")


def test_an_invoice_without_amounts_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ours = write(tmp_path / "ours.jsonl", {**USAGE, "reported_cost": 1})
    bill = write(tmp_path / "bill.jsonl", USAGE)

    code, out, err = run(capfd, str(ours), "--invoice", str(bill))

    assert (code, out) == (4, "")
    assert "no amounts" in err


def test_an_invoice_of_another_month_is_said_with_both_periods(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ours = write(tmp_path / "ours.jsonl", {**USAGE, "reported_cost": 1})
    december = {"charge_period_start": "2026-12-01", "charge_period_end": "2026-12-02", "reported_cost": 1}
    bill = write(tmp_path / "bill.jsonl", {**USAGE, **december})

    code, out, err = run(capfd, str(ours), "--invoice", str(bill))

    assert (code, out) == (4, "")
    assert "the invoice is about 2026-12-01 to 2026-12-01, the inputs about 2026-10-01 to 2026-10-01" in err


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", "", "empty"),
        ("odd.csv", "a,b\n1,2\n", "no source knows this format"),
        ("gone.csv", None, "gone.csv"),
        ("header.csv", "charge_period_start,provider,reported_cost\n", "header.csv"),
    ],
)
def test_an_invoice_that_cannot_be_read_exits_4_with_what_to_do(
    name: str, content: str | None, said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ours = write(tmp_path / "ours.jsonl", {**USAGE, "reported_cost": 1})
    if content is not None:
        (tmp_path / name).write_text(content, encoding="utf-8")

    code, out, err = run(capfd, str(ours), "--invoice", str(tmp_path / name))

    assert (code, out) == (4, "")
    assert said in err
    assert "Traceback" not in err


def test_an_invoice_in_a_currency_without_a_rate_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    ours = write(tmp_path / "ours.jsonl", {**USAGE, "reported_cost": 1})
    bill = tmp_path / "bill.jsonl"
    bill.write_text(lines(record(**USAGE, reported_cost=1, billing_currency="EUR")), encoding="utf-8")

    code, _, err = run(capfd, str(ours), "--invoice", str(bill))

    assert code == 2
    assert "there is no rate from EUR to USD" in err


def test_filters_hold_for_both_sides(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    both = ({**USAGE, "reported_cost": 1}, {**USAGE, "provider": "azure", "reported_cost": 2})
    ours, bill = write(tmp_path / "ours.jsonl", *both), write(tmp_path / "bill.jsonl", *both)

    _, found = document(capfd, str(ours), "--invoice", str(bill), "--where", "provider=azure")

    assert (found["totals"]["ledger"], found["totals"]["invoice"]) == (2, 2)


@pytest.mark.parametrize("form", ["md", "csv", "jsonl"])
def test_other_formats_come_too(form: str, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capfd, SAMPLE, "--month", "2026-09", "-f", form)

    assert code == 4
    assert "web_search" in out
