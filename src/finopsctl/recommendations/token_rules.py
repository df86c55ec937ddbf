"""Rules on what is sent and written: long prompts, long answers, requests sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finopsctl.analyses.whatif import Scenario, parsing
from finopsctl.recommendations.advice import Advice, Confidence, Effort
from finopsctl.recommendations.signals import ratio_limit
from finopsctl.recommendations.wording import limited, workload
from finopsctl.results.wording import money

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finopsctl.recommendations.signals import Signals

_UNIT = 6  # decimals of a cost per request


def long_prompts(signals: Signals) -> Iterator[Advice]:
    """Shorten prompts where a request is dear and its prompt long."""
    limits, currency = signals.question.thresholds, signals.question.currency
    for row in signals.large():
        requests, served = row["counted_requests"], row["served_requests"]
        if not requests or not served or row["input"] < limits.long_prompt * served:
            continue
        each = row["counted_spend"] / requests
        if each <= limits.cost_per_request:
            continue
        place, share = signals.place(row), f"{limits.trim * 100:f}".rstrip("0").rstrip(".")
        text = limited(f"{share}%", place)
        amount = money(each, currency) if each >= 1 else f"{round(each, _UNIT).normalize():f} {currency}"
        yield Advice(
            "long_prompts",
            "prompt length",
            f"Shorten the prompts of {workload(signals, row)} by {share}%",
            Confidence.ESTIMATED,
            Effort.MEDIUM,
            f"A request costs {amount} (warning above {limits.cost_per_request:g}) and reads "
            f"{row['input'] / served:,.0f} tokens; {share}% less of them",
            ("whatif", "--trim-input", text),
            place,
            Scenario(trims=(parsing.trim(text),)),
        )


def long_answers(signals: Signals) -> Iterator[Advice]:
    """Limit the output where more is written for what is read than such work needs."""
    limits = signals.question.thresholds
    for row in signals.large():
        most, longest = ratio_limit(row, signals.question), row["longest"]
        if not row["input"] or not longest or row["output"] <= most * row["input"]:
            continue
        place = signals.place(row)
        text = limited(str(longest), place)
        yield Advice(
            "long_answers",
            "max_tokens",
            f"Limit answers of {workload(signals, row)} to {longest:,} tokens, and ask for shorter ones",
            Confidence.ESTIMATED,
            Effort.LOW,
            f"{row['output'] / row['input']:.2f} tokens are written for one read (expected up to {most:g}); "
            f"{limits.output_limit:.0%} of answers are no longer than {longest:,} tokens, the rest is cut there",
            ("whatif", "--cap-output", text),
            place,
            Scenario(caps=(parsing.cap(text),)),
        )


def retries(signals: Signals) -> Iterator[Advice]:
    """Look after a provider's health and the timeouts where requests are often sent again."""
    limits = signals.question.thresholds
    for row in signals.large():
        if not row["tried"] or row["retried"] / row["tried"] <= limits.retry_rate:
            continue
        place = signals.place(row)
        text = limited("0", place)
        yield Advice(
            "retries",
            "retries",
            f"Find out why requests of {workload(signals, row)} are retried: provider health, timeouts",
            Confidence.MEASURED,
            Effort.MEDIUM,
            f"{row['retried']:,} of {row['tried']:,} requests were retried "
            f"({row['retried'] / row['tried']:.1%}, limit {limits.retry_rate:.0%}), each at its price",
            ("whatif", "--retries", text),
            place,
            Scenario(retries=(parsing.retries(text),)),
        )
