"""Reconciliation: one test a cause, worked out by hand; scope, levels, tolerance, ungoverned spend, prepaid credits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from finopsctl.analyses.reconciliation.prepaid import Prepaid, draw_down
from finopsctl.analyses.reconciliation.reconcile import Reconciliation, Terms, reconcile
from finopsctl.analyses.reconciliation.tolerance import Tolerance, Tolerances, parse
from finopsctl.books import Request, open_books
from finopsctl.errors import ConfigError, SourceError
from finopsctl.ledger.period import parse_month
from finopsctl.ledger.schema import MONEY
from ledgers import ledger
from shared import DATA, EXAMPLES, needs_shared

if TYPE_CHECKING:
    from finopsctl.results.finding import Finding

DAILY = timedelta(days=1)
OCTOBER = parse_month("2026-10", "UTC")


def lines(table: str, **constants: Any) -> pl.LazyFrame:
    """Return the lines of a daily invoice: every line ends a day after it starts."""
    rows = ledger(table, **{"provider": "openai", "record_kind": "cost", **constants})
    return rows.with_columns(charge_period_end=pl.col("charge_period_start") + DAILY)


def statement(table: str, **constants: Any) -> pl.LazyFrame:
    """Return an invoice whose lines have a date and no end."""
    return ledger(table, **{"provider": "openai", "record_kind": "cost", **constants})


def usage(table: str, **constants: Any) -> pl.LazyFrame:
    """Return a ledger of usage whose cost is all that of its input tokens."""
    rows = ledger(table, **{"provider": "openai", **constants})
    return rows.with_columns(
        list_cost=pl.col("cost"),
        list_input_cost=pl.col("cost"),
        **{f"list_{part}_cost": pl.lit(0) for part in ("cache_read", "cache_write", "output", "other")},
    )


def tokens(table: str, **constants: Any) -> pl.LazyFrame:
    """Return lines of a daily invoice for input tokens."""
    tags = '{"line_item":"m,input"}'
    return lines(table, consumed_unit="tokens", tags=tags, **constants)


def causes(found: Reconciliation) -> dict[str, Decimal]:
    """Return the differences by cause, without what matches."""
    sums = dict(found.causes.select("cause", "difference").iter_rows())
    return {cause: amount for cause, amount in sums.items() if cause != "matched"}


def finding(found: Reconciliation, code: str) -> Finding:
    return next(each for each in found.findings if each.code == code)


def codes(found: Reconciliation) -> list[str]:
    return [each.code for each in found.findings]


def test_what_agrees_is_matched_and_the_gap_is_nothing() -> None:
    found = reconcile(
        usage("day model input_tokens cost\n1 m 100 1.00\n2 m 100 1.00"),
        tokens("day model consumed_quantity cost\n1 m 100 1.00\n2 m 100 1.00"),
    )

    assert found.rows["cause"].to_list() == ["matched"]
    assert found.totals["difference"] == 0
    assert found.verdict.within
    assert found.report().headline == "The invoices and the ledger agree on $2.00, line by line."


def test_more_tokens_at_the_same_price_are_a_quantity() -> None:
    """100 tokens for $1.00 in the ledger, 120 for $1.20 billed: 20 x $0.01."""
    found = reconcile(
        usage("day model input_tokens cost\n1 m 100 1.00"), tokens("day model consumed_quantity cost\n1 m 120 1.20")
    )

    row = found.rows.row(0, named=True)
    assert causes(found) == {"quantity": Decimal("0.20")}
    assert (row["ledger"], row["invoice"], row["difference"]) == (Decimal(1), Decimal("1.20"), Decimal("0.20"))
    assert (row["model"], row["token_class"], row["month"]) == ("m", "input", "2026-10")
    assert row["note"] == "120 tokens billed, 100 in the ledger"


def test_the_same_tokens_at_another_price_are_a_price() -> None:
    """1,000,000 tokens at $1.00 in the ledger and $0.20 billed."""
    found = reconcile(
        usage("day model input_tokens cost\n1 m 1000000 1.00"),
        tokens("day model consumed_quantity cost\n1 m 1000000 0.20"),
    )

    assert causes(found) == {"price": Decimal("-0.80")}
    assert found.rows["note"].to_list() == ["$0.20 per 1M tokens billed, $1.00 in the ledger"]


def test_a_gap_of_two_causes_is_two_rows_that_add_up() -> None:
    """120 tokens for $1.80 against 100 for $1.00: 20 x $0.01 = $0.20 of quantity, 120 x $0.005 = $0.60 of price."""
    found = reconcile(
        usage("day model input_tokens cost\n1 m 100 1.00"), tokens("day model consumed_quantity cost\n1 m 120 1.80")
    )

    assert causes(found) == {"quantity": Decimal("0.20"), "price": Decimal("0.60")}
    assert found.rows.select("cause", "ledger", "invoice").rows() == [
        ("price", Decimal("1.00"), Decimal("1.60")),
        ("quantity", Decimal(0), Decimal("0.20")),
    ]


def test_what_only_one_side_has_is_missing_on_the_other() -> None:
    found = reconcile(
        usage("day model input_tokens cost\n1 m 100 1.00\n1 x 10 0.30"),
        tokens("day model consumed_quantity cost\n1 m 100 1.00\n1 y 10 0.70"),
    )

    assert causes(found) == {"missing_in_ledger": Decimal("0.70"), "missing_in_invoice": Decimal("-0.30")}
    assert found.rows["model"].to_list() == ["y", "x", "m"]


def test_a_day_without_any_record_in_the_ledger_is_missing_there_and_named() -> None:
    """2 October: $1.00 billed and no record at all; the other $0.10 of the gap is 10 tokens more on the 1st."""
    found = reconcile(
        usage("day model input_tokens cost\n1 m 100 1.00\n3 m 100 1.00"),
        tokens("day model consumed_quantity cost\n1 m 110 1.10\n2 m 100 1.00\n3 m 100 1.00"),
    )

    assert causes(found) == {"missing_in_ledger": Decimal("1.00"), "quantity": Decimal("0.10")}
    assert "no record on 2026-10-02, where $1.00 is invoiced" in finding(found, "days_without_records").message


def test_credits_taxes_and_rounding_lines_are_causes_of_their_own() -> None:
    found = reconcile(
        usage("day model input_tokens cost\n1 m 100 10.00"),
        pl.concat(
            [
                tokens("day model consumed_quantity cost\n1 m 100 10.00"),
                lines("day cost\n1 -2.50", record_kind="credit", tags='{"description":"Start-up credit"}'),
                lines("day cost\n1 1.43", tags='{"description":"VAT 19 %"}'),
                lines("day cost\n1 0.004", tags='{"description":"Rounding"}'),
            ],
            how="diagonal",
        ),
    )

    assert causes(found) == {"credit": Decimal("-2.50"), "tax": Decimal("1.43"), "rounding": Decimal("0.004")}
    assert set(found.rows["note"].drop_nulls()) == {"Start-up credit", "VAT 19 %", "Rounding"}


def test_the_category_tells_a_tax_from_a_credit_whatever_its_words_are() -> None:
    """A FOCUS export keeps ChargeCategory: a surcharge that is a tax, a refund of tax that is a credit."""
    charges = [
        lines("day cost\n1 1.43", record_kind="credit", tags='{"charge":"surcharge","charge_category":"tax"}'),
        lines("day cost\n1 -2.5", record_kind="credit", tags='{"charge":"sales tax","charge_category":"credit"}'),
    ]
    bill = [tokens("day model consumed_quantity cost\n1 m 100 10.00"), *charges]
    found = reconcile(usage("day model input_tokens cost\n1 m 100 10.00"), pl.concat(bill, how="diagonal"))

    assert causes(found) == {"tax": Decimal("1.43"), "credit": Decimal("-2.5")}


def test_lines_in_cents_may_be_off_by_half_a_cent_each() -> None:
    """$0.333 and $0.334 are billed as $0.33 and $0.33: $0.007 less, and 2 x $0.005 may be rounding."""
    found = reconcile(
        usage("day model input_tokens cost\n1 m 100 0.333\n2 m 100 0.334"),
        tokens("day model consumed_quantity cost\n1 m 100 0.33\n2 m 100 0.33"),
    )

    assert causes(found) == {"rounding": Decimal("-0.007")}


def test_lines_with_more_digits_have_less_room_for_rounding() -> None:
    """The invoice has four decimals: $0.007 on two lines is more than 2 x $0.00005."""
    found = reconcile(
        usage("day model input_tokens cost\n1 m 100 0.3331\n2 m 100 0.3340"),
        tokens("day model consumed_quantity cost\n1 m 100 0.3301\n2 m 100 0.3300"),
    )

    assert causes(found) == {"price": Decimal("-0.007")}


def test_what_is_booked_a_day_late_is_a_cut_off_in_both_months() -> None:
    """The ledger has $3 on 31 October; the invoice bills $2 of it on 1 November."""
    found = reconcile(
        usage("day model input_tokens cost\n30 m 500 5.00\n31 m 300 3.00\n2026-11-01 m 100 1.00"),
        tokens("day model consumed_quantity cost\n30 m 500 5.00\n31 m 100 1.00\n2026-11-01 m 300 3.00"),
    )

    rows = {(row["month"], row["cause"]): row["difference"] for row in found.rows.iter_rows(named=True)}
    assert rows == {("2026-10", "cutoff"): Decimal(-2), ("2026-11", "cutoff"): Decimal(2)}
    assert found.totals["difference"] == 0


def test_the_day_after_the_month_shows_what_was_booked_late() -> None:
    """As above, asked for October alone: $2 less in October, found on 1 November of the daily invoice."""
    found = reconcile(
        usage("day model input_tokens cost\n30 m 500 5.00\n31 m 300 3.00\n2026-11-01 m 100 1.00"),
        tokens("day model consumed_quantity cost\n30 m 500 5.00\n31 m 100 1.00\n2026-11-01 m 300 3.00"),
        Terms(period=OCTOBER),
    )

    assert causes(found) == {"cutoff": Decimal(-2)}
    assert (found.totals["ledger"], found.totals["invoice"]) == (Decimal(8), Decimal(6))


def test_without_quantities_a_gap_is_unexplained() -> None:
    found = reconcile(
        usage("day model input_tokens cost\n1 m 100 1.00"), tokens("day model cost\n1 m 1.30", consumed_quantity="-")
    )

    assert causes(found) == {"unexplained": Decimal("0.30")}
    assert found.rows["note"].to_list() == ["the invoice gives no quantities"]


def test_without_quantities_an_invoice_at_list_price_shows_that_the_ledger_has_another() -> None:
    """The gateway charged $5.00 for what lists at $1.00, and $1.00 is billed."""
    ours = usage("day model input_tokens cost\n1 m 100 1.00").with_columns(cost=pl.lit(Decimal(5), dtype=MONEY))
    found = reconcile(ours, tokens("day model cost\n1 m 1.00", consumed_quantity="-"))

    assert causes(found) == {"price": Decimal(-4)}


def test_usage_without_a_price_is_a_price_difference_that_says_so() -> None:
    ours = ledger("day model input_tokens cost\n1 m 100 -", provider="openai")
    found = reconcile(ours, tokens("day model consumed_quantity cost\n1 m 100 1.00"))

    assert causes(found) == {"price": Decimal("1.00")}
    assert found.rows["note"].to_list() == ["the ledger has no price for it"]
    assert finding(found, "unpriced_ledger").evidence["amount"] == Decimal("1.00")


def test_a_meter_is_compared_by_its_units() -> None:
    """12 searches billed at $0.01, 10 in the ledger: $0.02 of quantity."""
    meter = {"consumed_unit": "web_search", "record_kind": "cost"}
    found = reconcile(
        lines("day consumed_quantity cost\n1 10 0.10", **meter), lines("day consumed_quantity cost\n1 12 0.12", **meter)
    )

    assert causes(found) == {"quantity": Decimal("0.02")}
    assert found.rows.select("meter", "token_class").row(0) == ("web_search", "other")


def test_only_providers_on_the_invoice_count() -> None:
    found = reconcile(
        pl.concat(
            [
                usage("day model input_tokens cost\n1 m 100 1.00"),
                usage("day model input_tokens cost\n1 n 100 9.00", provider="anthropic"),
            ]
        ),
        tokens("day model consumed_quantity cost\n1 m 100 1.00"),
    )

    assert found.totals["ledger"] == Decimal("1.00")
    assert finding(found, "not_invoiced").evidence["amount"] == Decimal("9.00")


def test_a_daily_invoice_is_compared_on_the_days_from_its_first_to_its_last_line() -> None:
    """The ledger's $4.00 on 9 October lies after the invoice's last line: not compared, and said."""
    found = reconcile(
        usage("day model input_tokens cost\n1 m 100 1.00\n9 m 400 4.00"),
        tokens("day model consumed_quantity cost\n1 m 100 1.00\n2 m 0 0"),
    )

    assert causes(found) == {}
    assert found.totals["ledger_not_compared"] == Decimal("4.00")
    assert finding(found, "invoice_not_covered").evidence["amount"] == Decimal("4.00")


def test_a_line_with_a_date_alone_stands_for_its_month() -> None:
    found = reconcile(
        usage("day model input_tokens cost\n1 m 100 1.00\n29 m 100 1.00"),
        statement("day model consumed_quantity consumed_unit cost\n15 m 200 tokens 2.00"),
    )

    assert causes(found) == {}


def test_a_billing_period_across_two_months_is_one_month_named_after_its_start() -> None:
    """15 October to 14 November bills $3.00; the ledger has $1.00 on 20 October and $2.00 on 10 November."""
    billed = statement("day model cost\n15 m 3.00").with_columns(
        charge_period_end=pl.lit(datetime(2026, 11, 15, tzinfo=UTC))
    )
    found = reconcile(usage("day model input_tokens cost\n20 m 100 1.00\n2026-11-10 m 200 2.00"), billed)

    assert found.rows.select("month", "ledger", "invoice").rows() == [("2026-10", Decimal(3), Decimal(3))]


def test_a_month_the_ledger_knows_nothing_of_is_left_out_and_said() -> None:
    found = reconcile(
        usage("day model input_tokens cost\n1 m 100 1.00"),
        tokens("day model consumed_quantity cost\n1 m 100 1.00\n2026-11-01 m 100 7.00"),
    )

    assert causes(found) == {}
    assert found.totals["invoice_not_compared"] == Decimal("7.00")
    assert "ledger_not_covered" in codes(found)


def test_a_month_that_was_asked_for_is_compared_though_the_ledger_has_none_of_it() -> None:
    found = reconcile(
        usage("day model input_tokens cost\n2026-09-01 m 100 1.00"),
        tokens("day model consumed_quantity cost\n1 m 100 1.00"),
        Terms(period=OCTOBER),
    )

    assert causes(found) == {"missing_in_ledger": Decimal("1.00")}
    assert not found.verdict.within


def test_projects_are_compared_where_both_sides_name_the_same_ones() -> None:
    found = reconcile(
        usage("day model project input_tokens cost\n1 m a 100 1.00\n1 m b 100 1.00"),
        tokens("day model project consumed_quantity cost\n1 m a 100 1.00\n1 m c 50 0.50"),
    )

    rows = {row["project"]: row["cause"] for row in found.rows.iter_rows(named=True)}
    assert rows == {"a": "matched", "b": "missing_in_invoice", "c": "missing_in_ledger"}


def test_projects_that_one_side_does_not_name_are_compared_together_and_said() -> None:
    found = reconcile(
        usage("day model input_tokens cost\n1 m 200 2.00"),
        tokens("day model project consumed_quantity cost\n1 m a 100 1.00\n1 m b 100 1.00"),
    )

    assert found.rows.select("project", "cause").rows() == [(None, "matched")]
    assert "compared_higher" in codes(found)


def test_models_under_names_of_the_bill_s_own_are_compared_together() -> None:
    """The catalogue knows the ledger's gpt-4o and not the bill's "GPT-4o Regional"."""
    found = reconcile(
        usage("day model canonical_model input_tokens cost\n1 gpt-4o gpt-4o 100 1.00"),
        tokens("day model consumed_quantity cost\n1 GPT-4o-Regional 100 1.00"),
    )

    assert found.rows.select("model", "cause").rows() == [(None, "matched")]


def test_models_are_compared_together_when_the_invoice_names_none() -> None:
    found = reconcile(
        usage("day model input_tokens cost\n1 m 100 1.00\n1 n 100 2.00"),
        statement("day cost\n1 3.00"),
    )

    assert found.rows.select("model", "token_class", "cause").rows() == [(None, None, "matched")]


def test_service_tiers_are_told_apart_where_both_sides_have_them() -> None:
    """100 standard tokens at $0.02 and 100 in a batch at $0.01; 50 more in the batch are billed: $0.50."""
    found = reconcile(
        usage("day model service_tier input_tokens cost\n1 m - 100 2.00\n1 m batch 100 1.00"),
        tokens("day model service_tier consumed_quantity cost\n1 m standard 100 2.00\n1 m batch 150 1.50"),
    )

    assert causes(found) == {"quantity": Decimal("0.50")}
    assert found.rows["service_tier"].to_list() == ["batch", "standard"]


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ('{"line_item":"gpt-4o, cached input"}', "cache_read"),
        ('{"token_type":"uncached_input_tokens"}', "input"),
        ('{"token_type":"input_no_cache"}', "input"),
        ('{"token_type":"cache_creation.ephemeral_1h_input_tokens"}', "cache_write_1h"),
        ('{"token_type":"output_tokens","description":"input and output"}', "output"),
        ('{"description":"usage"}', None),
    ],
)
def test_the_class_of_a_line_is_read_from_its_words(label: str, name: str | None) -> None:
    found = reconcile(
        usage("day model input_tokens cost\n1 n 1 1.00"),
        lines("day model cost\n1 m 1.00", consumed_unit="tokens", tags=label),
    )

    assert found.rows.filter(pl.col("model") == "m")["token_class"].to_list() == [name]


def test_every_provider_is_judged_by_its_own_tolerance() -> None:
    """openai is 4 % off with 5 % allowed, azure $2.00 off with $1.00 allowed."""
    ours = pl.concat(
        [
            usage("day model input_tokens cost\n1 m 96 96"),
            usage("day model input_tokens cost\n1 m 98 98", provider="azure"),
        ]
    )
    billed = pl.concat(
        [
            tokens("day model consumed_quantity cost\n1 m 100 100"),
            tokens("day model consumed_quantity cost\n1 m 100 100", provider="azure"),
        ]
    )
    allowed = Tolerances(own={"openai": parse("5%"), "azure": parse("1.00")})

    found = reconcile(ours, billed, Terms(tolerances=allowed))

    assert found.verdict.failing == ["azure"]
    assert not found.totals["within"]
    assert "azure beyond their tolerances" in found.report().headline


def test_gaps_that_cancel_out_do_not_hide_one_another() -> None:
    """openai $10 over, anthropic $10 under: nothing apart in all, and both beyond 1 %."""
    ours = pl.concat(
        [
            usage("day model input_tokens cost\n1 m 100 100"),
            usage("day model input_tokens cost\n1 n 100 100", provider="anthropic"),
        ]
    )
    billed = pl.concat(
        [
            tokens("day model consumed_quantity cost\n1 m 110 110"),
            tokens("day model consumed_quantity cost\n1 n 90 90", provider="anthropic"),
        ]
    )

    found = reconcile(ours, billed)

    assert found.totals["difference"] == 0
    assert not found.totals["within"]


def test_the_totals_say_how_far_apart_in_shares_of_the_invoice() -> None:
    """$63 of $100: 37 % off."""
    found = reconcile(
        usage("day model input_tokens cost\n1 m 63 63"), tokens("day model consumed_quantity cost\n1 m 100 100")
    )

    assert found.totals["difference_share"] == pytest.approx(0.37)
    assert found.totals["tolerance"] == 0.01
    assert found.report().headline == (
        "The invoices say $100.00, the ledger $63.00: $37.00 (37.0%) apart, beyond the tolerance of 1%; "
        "the largest cause is quantity: $37.00."
    )


@pytest.mark.parametrize(
    ("text", "tolerance"),
    [
        ("1%", Tolerance(Decimal("0.01"))),
        ("0.5 %", Tolerance(Decimal("0.005"))),
        ("5.00", Tolerance(Decimal(5), False)),
    ],
)
def test_a_tolerance_is_a_share_or_an_amount(text: str, tolerance: Tolerance) -> None:
    assert parse(text) == tolerance


def test_the_tolerance_said_is_the_one_that_applied_to_the_provider() -> None:
    """10 % off with 25 % allowed for this provider: within 25 %, not within the usual 1 %."""
    found = reconcile(
        usage("day model input_tokens cost\n1 m 90 90"),
        tokens("day model consumed_quantity cost\n1 m 100 100"),
        Terms(tolerances=Tolerances(own={"openai": parse("25%")})),
    )

    assert (found.totals["tolerance"], found.totals["within"]) == (0.25, True)
    assert "within the tolerance of 25%" in found.report().headline


@pytest.mark.parametrize("text", ["", "one", "-1%", "1%%", "nan"])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="no tolerance"):
        parse(text)


def test_a_key_the_ledger_has_never_seen_is_ungoverned_spend() -> None:
    found = reconcile(
        usage("day model api_key input_tokens cost\n1 m k1 100 1.00"),
        tokens("day model api_key consumed_quantity cost\n1 m k1 100 1.00\n1 m rogue 50 0.50"),
    )

    told = finding(found, "ungoverned_spend")
    assert told.evidence["amount"] == Decimal("0.50")
    assert "key rogue $0.50" in told.message


def test_what_a_key_the_ledger_has_never_seen_is_billed_for_is_missing_there_and_not_unexplained() -> None:
    """$10 of September are booked in October, as far as the day at the edge goes; key k2 is $5 without quantities."""
    ours = usage(
        """
        charge_period_start charge_period_end model api_key input_tokens cost
        2026-09-10          2026-09-11        m     k1      1000         10
        2026-09-30          2026-10-01        m     k1      1000         10
        2026-10-10          2026-10-11        m     k1      1000         10
        2026-10-31          2026-11-01        m     k1      1000         10
        """
    )
    billed = statement(
        """
        charge_period_start charge_period_end model api_key cost
        2026-09-01          2026-10-01        m     k1      10
        2026-10-01          2026-11-01        m     k1      30
        2026-10-01          2026-11-01        m     k2      5
        """
    )

    found = reconcile(ours, billed)

    assert causes(found) == {"cutoff": Decimal(0), "missing_in_ledger": Decimal(5)}
    row = found.rows.row(by_predicate=pl.col("cause") == "missing_in_ledger", named=True)
    assert row["note"] == "of keys or projects without any record in the ledger"


def test_the_quantity_of_a_key_never_seen_is_not_a_quantity_of_the_others() -> None:
    """150 tokens billed, 50 of them to a key the ledger does not know: the other 100 agree."""
    found = reconcile(
        usage("day model api_key input_tokens cost\n1 m k1 100 1.00"),
        tokens("day model api_key consumed_quantity cost\n1 m k1 100 1.00\n1 m rogue 50 0.50"),
    )

    assert causes(found) == {"missing_in_ledger": Decimal("0.50")}


def test_keys_of_other_names_tell_nothing_and_what_is_missing_is_named_by_model() -> None:
    found = reconcile(
        usage("day model api_key input_tokens cost\n1 m alias 100 1.00"),
        tokens("day model api_key consumed_quantity cost\n1 m key_1 100 1.00\n1 x key_2 50 0.50"),
    )

    assert "model x $0.50" in finding(found, "ungoverned_spend").message


def test_an_invoice_of_a_provider_the_ledger_does_not_know_is_all_ungoverned() -> None:
    found = reconcile(
        usage("day model input_tokens cost\n1 m 100 1.00"),
        tokens("day model consumed_quantity cost\n1 n 100 3.00", provider="anthropic"),
    )

    assert causes(found) == {"missing_in_ledger": Decimal("3.00")}
    assert finding(found, "ungoverned_spend").evidence["amount"] == Decimal("3.00")


def test_an_invoice_that_names_no_provider_is_refused() -> None:
    with pytest.raises(SourceError, match="does not say which provider"):
        reconcile(usage("day model input_tokens cost\n1 m 1 1.00"), statement("day cost\n1 1.00", provider="unknown"))


def test_an_invoice_without_amounts_is_refused() -> None:
    with pytest.raises(SourceError, match="no amounts"):
        reconcile(usage("day model input_tokens cost\n1 m 1 1.00"), statement("day cost\n1 -"))


def test_sides_without_a_month_in_common_are_refused() -> None:
    with pytest.raises(SourceError, match=r"2026-12-01 to 2026-12-31, the inputs about 2026-10-01 to 2026-10-01"):
        reconcile(usage("day model input_tokens cost\n1 m 1 1.00"), statement("day cost\n2026-12-01 1.00"))


def test_an_invoice_of_a_month_is_said_to_be_about_the_whole_month() -> None:
    """One line from 1 October to 1 November, refused for September: it is about 1 to 31 October."""
    line = statement("charge_period_start charge_period_end cost\n2026-10-01 2026-11-01 1.00")

    with pytest.raises(SourceError, match=r"about 2026-10-01 to 2026-10-31, none of it in the period"):
        reconcile(usage("day model input_tokens cost\n1 m 1 1.00"), line, Terms(period=parse_month("2026-09", "UTC")))


def test_an_invoice_outside_the_period_asked_for_is_refused() -> None:
    with pytest.raises(SourceError, match="none of it in the period"):
        reconcile(
            usage("day model input_tokens cost\n1 m 1 1.00"),
            statement("day cost\n2026-12-01 1.00"),
            Terms(period=OCTOBER),
        )


def spent(**amounts: str) -> pl.DataFrame:
    """Return daily spend at openai: ``d1="2.00"`` is 1 October."""
    rows = [("openai", date(2026, 10, int(day[1:])), Decimal(amount)) for day, amount in amounts.items()]
    return pl.DataFrame(rows, schema={"provider": pl.String, "day": pl.Date, "amount": MONEY}, orient="row")


def credit(amount: str, start: int = 1, expires: date | None = None, name: str = "c") -> Prepaid:
    return Prepaid(name, "openai", Decimal(amount), date(2026, 10, start), expires)


def test_a_credit_is_drawn_down_by_spend_since_its_start_and_runs_out_at_the_burn_rate() -> None:
    """$10 from 2 October; $2 on the 2nd and the 3rd leave $6; (1 + 2 + 2 + 1) / 4 days = $1.50 a day: 4 days more."""
    found = draw_down(spent(d1="1", d2="2", d3="2", d4="1"), [credit("11", start=2)], date(2026, 10, 5)).row(
        0, named=True
    )

    assert (found["used"], found["balance"], found["burn_rate"]) == (Decimal(5), Decimal(6), Decimal("1.5"))
    assert found["run_out"] == date(2026, 10, 8)
    assert found["status"] == "critical"


def test_the_forecast_knows_the_weekends_that_the_mean_does_not() -> None:
    """Weekdays cost $7, weekends nothing: from Monday the 26th $34 are used up on Friday the 30th.

    At 17 x $7 / 25 days = $4.76 a day they last into the eighth day, 2 November.
    """
    costs = {f"d{day}": "0" if date(2026, 10, day).weekday() >= 5 else "7" for day in range(1, 26)}
    bought = Prepaid("c", "openai", Decimal(34), date(2026, 10, 26))
    found = draw_down(spent(**costs), [bought], date(2026, 10, 26)).row(0, named=True)

    assert found["burn_rate"] == Decimal("4.76")
    assert (found["run_out"], found["run_out_forecast"]) == (date(2026, 11, 2), date(2026, 10, 30))


def test_the_credit_that_expires_first_is_used_first() -> None:
    later, sooner = credit("5", name="later"), credit("5", expires=date(2026, 12, 1), name="sooner")

    found = draw_down(spent(d1="3", d2="3"), [later, sooner], date(2026, 10, 3))

    assert found.select("name", "used").rows() == [("sooner", Decimal(5)), ("later", Decimal(1))]
    assert found["run_out"].to_list()[0] == date(2026, 10, 2)


def test_a_credit_that_will_not_be_used_up_says_what_expires() -> None:
    """$100 to 11 October, $1 a day: 2 used by the 3rd, 8 more by the 10th, $90 lost."""
    found = draw_down(spent(d1="1", d2="1"), [credit("100", expires=date(2026, 10, 11))], date(2026, 10, 3))

    assert found.select("expires_unused", "run_out", "status").row(0) == (Decimal(90), None, "warning")


def test_nothing_is_left_of_an_expired_credit() -> None:
    found = draw_down(spent(d1="1", d5="1"), [credit("9", expires=date(2026, 10, 3))], date(2026, 10, 6))

    assert found.select("used", "balance", "expires_unused", "status").row(0) == (1, 0, 8, "expired")


def test_a_provider_without_spend_keeps_its_credit() -> None:
    found = draw_down(spent(), [credit("9")], date(2026, 10, 6)).row(0, named=True)

    assert (found["balance"], found["run_out"], found["status"]) == (Decimal(9), None, "good")


def test_credits_are_a_table_and_a_finding() -> None:
    found = reconcile(
        usage("day model input_tokens cost\n1 m 100 1.00"),
        tokens("day model consumed_quantity cost\n1 m 100 1.00"),
        Terms(prepaid=(credit("3", name="pack"),)),
    )

    assert [table.title for table in found.report().tables][-1] == "Prepaid credits"
    assert "pack: $2.00 are left and run out on 2026-10-03" in finding(found, "prepaid_runs_out").message


@needs_shared
def test_a_real_bill_agrees_with_itself() -> None:
    """1,000 anonymised charges of three clouds: $20.52022672899 billed, to the last digit on both sides."""
    path = str(next((DATA / "focus_sample").glob("*.csv.gz")))
    books = open_books(Request((path,)))

    found = reconcile(books.rows, books.rows)

    assert found.rows.filter(pl.col("cause") != "matched").is_empty()
    assert found.totals["ledger"] == found.totals["invoice"] == Decimal("20.52022672899")
    assert found.providers["status"].unique().to_list() == ["pass"]


@needs_shared
@pytest.mark.parametrize("name", ["openai_costs.json", "openai_dashboard_cost.csv", "anthropic_cost_report.json"])
def test_example_reports_of_providers_agree_with_themselves(name: str) -> None:
    books = open_books(Request((str(EXAMPLES / "formats" / name),)))

    found = reconcile(books.rows, books.rows)

    assert set(found.rows["cause"]) == {"matched"}


@needs_shared
def test_the_two_cost_exports_of_one_day_agree_though_their_lines_are_written_differently() -> None:
    folder = EXAMPLES / "formats"
    api, dashboard = (
        open_books(Request((str(folder / name),))) for name in ("openai_costs.json", "openai_dashboard_cost.csv")
    )

    found = reconcile(api.rows, dashboard.rows)

    assert set(found.rows["cause"]) == {"matched"}


def test_a_report_can_be_made_of_nothing_but_differences() -> None:
    found = reconcile(
        usage("day model input_tokens cost\n1 m 1 0.001"), tokens("day model consumed_quantity cost\n1 n 1 0.002")
    )

    assert [t.title for t in replace(found, findings=()).report().for_people] == [
        "Providers",
        "Waterfall",
        "Differences",
    ]


def test_people_read_one_row_a_line_with_its_causes_side_by_side() -> None:
    """1,000 tokens at $0.001 are billed as 1,200 at $0.002: $0.20 of quantity, $1.20 of price, $1.40 together."""
    found = reconcile(
        usage("day model input_tokens cost\n1 m 1000 1.00"), tokens("day model consumed_quantity cost\n1 m 1200 2.40")
    )
    lines = found.report().for_people[-1]

    assert lines.frame.select("ledger", "invoice", "difference", "by_quantity", "by_price").rows() == [
        (Decimal(1), Decimal("2.40"), Decimal("1.40"), Decimal("0.20"), Decimal("1.20"))
    ]
    assert lines.frame["why"].item() == (
        "price +$1.20: $2,000.00 per 1M tokens billed, $1,000.00 in the ledger; "
        "quantity +$0.20: 1,200 tokens billed, 1,000 in the ledger"
    )
    assert found.rows.height == 2


def test_a_tax_and_a_credit_are_lines_of_their_own() -> None:
    lines = tokens("day record_kind model consumed_quantity cost tags\n1 cost m 1000 1.00 -\n1 credit - - -0.50 -")
    found = reconcile(usage("day model input_tokens cost\n1 m 1000 0.80"), lines)

    assert found.report().for_people[-1].frame["difference"].to_list() == [Decimal("-0.50"), Decimal("0.20")]
