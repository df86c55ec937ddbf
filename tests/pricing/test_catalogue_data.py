"""The price files that come with the program: what they must hold, and prices whose history is known."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

import polars as pl
import pytest

from finopsctl.pricing import catalog
from finopsctl.results.finding import Severity
from pricing.price_files import costs, rate

if TYPE_CHECKING:
    from finopsctl.pricing.book import PriceBook

M = 1_000_000
PROVIDERS = [
    "anthropic", "azure", "bedrock", "cohere", "deepseek", "google", "groq", "mistral", "openai", "self-hosted",
    "vertex_ai", "voyage", "xai",
]  # fmt: skip


@cache
def shipped() -> PriceBook:
    return catalog.load(base=catalog.catalogue_folder())


def per_million(
    provider: str, model: str, when: datetime, tier: str | None = "standard", context: int = 1
) -> tuple[Decimal | None, ...]:
    """Return input and output in USD per 1M tokens, of a request whose prompt has ``context`` tokens."""
    place = {"provider": provider, "model": model, "charge_period_start": when, "service_tier": tier}
    whole = costs(
        shipped(),
        {**place, "input_tokens": context, "output_tokens": 0},
        {**place, "input_tokens": context, "output_tokens": 1},
    )
    if whole[0] is None or whole[1] is None:
        return None, None
    return (whole[0] * M / context).normalize(), ((whole[1] - whole[0]) * M).normalize()


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_every_provider_has_its_file_and_nothing_in_them_is_amiss() -> None:
    book = shipped()

    assert sorted(book.providers) == PROVIDERS
    assert book.findings == ()
    assert [f.message for f in book.lint() if f.severity is not Severity.INFO] == []


def test_every_model_belongs_to_a_tier_and_names_the_page_of_its_price() -> None:
    tiers = {(m.provider, m.id): m for m in shipped().models}
    untiered = [key for key, m in tiers.items() if m.tier is None and m.like is None]
    unsourced = [key for key, m in tiers.items() if not m.source]

    assert untiered == []
    assert unsourced == []


def test_no_price_was_compared_in_the_future_and_announced_ones_say_so() -> None:
    checked = shipped().checked
    assert checked is not None
    later = shipped().prices.filter(pl.col("from").dt.date() > checked)

    assert checked <= date.today()  # noqa: DTZ011
    assert set(later["model"]) >= {"gemini-4-argon", "gemini-3.8-flash"}


CURRENT = """
openai    gpt-6.1-sol            2      10
openai    gpt-6-sol              2      10
openai    gpt-6-luna             0.1    0.5
openai    gpt-6-astra            10     50
openai    gpt-5.6-sol            4      20
openai    gpt-5.6-terra          2      12
openai    gpt-5.6-luna           0.2    1.2
openai    gpt-5.5                5      30
openai    gpt-5.4                2.5    15
openai    gpt-5.4-mini           0.75   4.5
openai    gpt-5.4-nano           0.2    1.25
openai    gpt-5.2                1.75   14
openai    gpt-5.1                1.25   10
openai    gpt-5                  1.25   10
openai    gpt-5-mini             0.25   2
openai    gpt-5-nano             0.05   0.4
openai    gpt-4.1                2      8
openai    gpt-4.1-mini           0.4    1.6
openai    gpt-4o                 2.5    10
openai    gpt-4o-mini            0.15   0.6
openai    o3                     2      8
openai    o4-mini                1.1    4.4
openai    gpt-4                  30     60
openai    gpt-4-32k              60     120
openai    gpt-4-turbo            10     30
openai    gpt-3.5-turbo          0.5    1.5
openai    o1                     15     60
openai    o1-mini                1.1    4.4
openai    o3-mini                1.1    4.4
anthropic claude-fable-5-1       10     50
anthropic claude-opus-5-5        4      20
anthropic claude-opus-5          5      25
anthropic claude-opus-4-8        5      25
anthropic claude-opus-4-6        5      25
anthropic claude-sonnet-5-5      2      10
anthropic claude-sonnet-5        2      10
anthropic claude-sonnet-4-6      3      15
anthropic claude-sonnet-4-5      3      15
anthropic claude-haiku-5-5       0.1    0.5
anthropic claude-haiku-4-5       1      5
anthropic claude-3-5-haiku       0.8    4
anthropic claude-3-5-sonnet-latest 3    15
anthropic claude-3-7-sonnet-20250219 3  15
anthropic claude-3-haiku-20240307 0.25  1.25
anthropic claude-3-sonnet-20240229 3    15
anthropic claude-3-opus-latest   15     75
google    gemini-4-argon         2      10
google    gemini-3.8-flash       0.75   3.75
google    gemini-flash-latest    0.75   3.75
google    gemini-3.6-flash       0.75   3.75
google    gemini-3.5-flash       1.5    9
google    gemini-3.1-pro-preview 2      12
google    gemini-3.1-flash-lite  0.25   1.5
google    gemini-2.5-pro         1.25   10
google    gemini-2.5-flash       0.3    2.5
google    gemini-2.5-flash-lite  0.1    0.4
google    gemini-2.0-flash       0.1    0.4
google    gemini-1.5-pro         1.25   5
google    gemini-1.5-flash       0.075  0.3
xai       grok-4.7               2      6
xai       grok-4.5               2      6
xai       grok-4.3               1.25   2.5
xai       grok-build-0.1         1      2
mistral   mistral-large-4        0.7    2.1
mistral   mistral-large-2512     0.5    1.5
mistral   mistral-medium-3-5     1.5    7.5
mistral   mistral-small-latest   0.15   0.6
deepseek  deepseek-flash         0.15   0.6
deepseek  deepseek-v4-pro        0.66   1.98
groq      openai/gpt-oss-120b    0.15   0.6
groq      openai/gpt-oss-20b     0.075  0.3
groq      llama-3.3-70b-versatile 0.59  0.79
cohere    command-a-03-2025      2.5    10
bedrock   meta.llama3-3-70b-instruct-v1:0 0.72 0.72
"""


@pytest.mark.parametrize("line", CURRENT.strip().splitlines(), ids=lambda line: line.split()[1])
def test_a_model_in_use_costs_what_its_provider_lists(line: str) -> None:
    """On Sunday 2026-11-22, off-peak all day."""
    provider, model, *prices = line.split()

    assert per_million(provider, model, day("2026-11-22")) == tuple(Decimal(price).normalize() for price in prices)


@pytest.mark.parametrize(
    ("provider", "model", "price"),
    [
        ("openai", "text-embedding-3-small", "0.02"),
        ("openai", "text-embedding-3-large", "0.13"),
        ("google", "gemini-embedding-001", "0.15"),
        ("cohere", "embed-v4.0", "0.12"),
        ("voyage", "voyage-4", "0.06"),
        ("bedrock", "amazon.titan-embed-text-v2:0", "0.02"),
        ("azure", "text-embedding-3-small", "0.02"),
    ],
)
def test_an_embedding_costs_its_input_only(provider: str, model: str, price: str) -> None:
    record = {"provider": provider, "model": model, "input_tokens": M, "charge_period_start": day("2026-11-22")}

    assert costs(shipped(), record) == [Decimal(price)]


CHANGES = """
openai    gpt-3.5-turbo       2024-02-16           1.5  2    0.5   1.5
openai    gpt-4o              2024-10-02           5    15   2.5   10
openai    o1-mini             2025-01-31           3    12   1.1   4.4
openai    o3                  2025-06-10           10   40   2     8
openai    gpt-5.6-luna        2026-07-30           1    6    0.2   1.2
openai    gpt-5.6-terra       2026-07-30           2.5  15   2     12
openai    gpt-5.6-sol         2026-08-21           5    30   4     20
anthropic claude-3-5-haiku    2024-12-03           1    5    0.8   4
google    gemini-1.5-flash    2024-08-12           0.35 1.05 0.075 0.3
google    gemini-4-argon      2026-12-01           2    10   4     20
google    gemini-3.6-flash    2027-01-01           0.75 3.75 1.5   7.5
cohere    command-r           2024-08-30           0.5  1.5  0.15  0.6
cohere    command-r-plus      2024-08-30           3    15   2.5   10
xai       grok-4.20           2026-04-30           2    6    1.25  2.5
xai       grok-4-1-fast       2026-05-15T19:00:00  0.2  0.5  1.25  2.5
xai       grok-code-fast-1    2026-05-15T19:00:00  0.2  1.5  1     2
mistral   ministral-8b-latest 2025-12-02           0.1  0.1  0.15  0.15
mistral   mistral-small-latest 2026-03-16          0.1  0.3  0.15  0.6
mistral   mistral-medium-latest 2026-06-16         0.4  2    1.5   7.5
mistral   mistral-large-4     2026-10-20           0.68 2.09 1.36  4.18
mistral   mistral-large-4     2026-10-29           1.36 4.18 0.7   2.1
deepseek  deepseek-chat       2025-02-08T16:00:00  0.14 0.28 0.27  1.1
deepseek  deepseek-v4-pro     2026-08-16T16:00:00  0.435 0.87 0.66 1.98
deepseek  deepseek-v4-flash   2026-09-10T04:00:00  0.44 1.32 0.15 0.6
"""


@pytest.mark.parametrize("line", CHANGES.strip().splitlines(), ids=lambda line: "-".join(line.split()[1:3]))
def test_a_price_changes_on_its_day_and_not_a_second_before(line: str) -> None:
    """deepseek-v4-flash ended at noon in Beijing, the end of the morning's peak."""
    provider, model, when, *prices = line.split()
    change = day(when)
    before = datetime.fromtimestamp(change.timestamp() - 1, UTC)
    figures = [Decimal(price).normalize() for price in prices]

    assert per_million(provider, model, before) == tuple(figures[:2])
    assert per_million(provider, model, change) == tuple(figures[2:])


def test_a_long_prompt_of_claude_4_6_cost_twice_until_the_premium_was_removed() -> None:
    assert per_million("anthropic", "claude-opus-4-6", day("2026-03-12"), context=200_001) == (
        Decimal(10),
        Decimal("37.5"),
    )
    assert per_million("anthropic", "claude-opus-4-6", day("2026-03-13"), context=200_001) == (
        Decimal(5),
        Decimal(25),
    )


@pytest.mark.parametrize(
    ("provider", "model", "below", "price", "dearer"),
    [
        ("openai", "gpt-5.4", 272_000, "2.5", "5"),
        ("google", "gemini-2.5-pro", 200_000, "1.25", "2.5"),
        ("anthropic", "claude-haiku-5-5", 100_000, "0.1", "0.5"),
        ("xai", "grok-4.3", 199_999, "1.25", "2.5"),
    ],
)
def test_the_band_begins_at_the_next_token(provider: str, model: str, below: int, price: str, dearer: str) -> None:
    """More than the threshold, but at xAI that many."""
    when = day("2026-11-22")
    figures = [per_million(provider, model, when, context=context)[0] for context in (below, below + 1)]

    assert figures == [Decimal(price), Decimal(dearer)]


@pytest.mark.parametrize(
    ("provider", "model", "tier", "share"),
    [
        ("openai", "gpt-4o-2024-08-06", "batch", "0.5"),
        ("openai", "gpt-5.6-sol", "flex", "0.5"),
        ("openai", "gpt-5.6-sol", "priority", "2"),
        ("openai", "gpt-5.6-sol", "fast", "2"),
        ("openai", "gpt-6.1-sol", "ultrafast", "6"),
        ("anthropic", "claude-opus-5-5", "batch", "0.5"),
        ("anthropic", "claude-opus-5-5", "fast", "2"),
        ("google", "gemini-3.8-flash", "priority", "1.8"),
        ("mistral", "mistral-medium-3-5", "batch", "0.5"),
        ("xai", "grok-4.3", "batch", "0.8"),
        ("voyage", "voyage-4", "batch", "0.67"),
        ("groq", "openai/gpt-oss-20b", "batch", "0.5"),
    ],
)
def test_a_service_tier_is_priced_at_its_share_of_standard(provider: str, model: str, tier: str, share: str) -> None:
    record = {"provider": provider, "model": model, "charge_period_start": day("2026-11-22"), "input_tokens": M // 10}
    standard, other = costs(shipped(), {**record, "service_tier": "standard"}, {**record, "service_tier": tier})

    assert standard is not None
    assert other == standard * Decimal(share)


def test_deepseek_is_dear_in_working_hours_and_cheap_on_weekends_and_holidays() -> None:
    """10:00 in Beijing is 02:00 UTC: Monday 2026-11-16, Saturday the 21st, National Day 2026-10-01 (a Thursday)."""
    hours = [
        day("2026-11-16T02:00:00"),
        day("2026-11-16T05:00:00"),
        day("2026-11-21T02:00:00"),
        day("2026-10-01T02:00:00"),
    ]
    figures = [per_million("deepseek", "deepseek-flash", hour)[0] for hour in hours]

    assert figures == [Decimal("0.3"), Decimal("0.15"), Decimal("0.15"), Decimal("0.15")]


@pytest.mark.parametrize(
    ("model", "factor"),
    [
        ("anthropic.claude-3-5-sonnet-20241022-v2:0", "1"),
        ("us.anthropic.claude-3-5-sonnet-20241022-v2:0", "1"),
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", "1"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "1.1"),
        ("bedrock/eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "1.1"),
        ("us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0", "1.2"),
        ("apac.anthropic.claude-sonnet-4-20250514-v1:0", "1"),
    ],
)
def test_a_claude_on_bedrock_costs_what_its_maker_asks_and_a_tenth_more_in_a_region_since_4_5(
    model: str, factor: str
) -> None:
    assert per_million("bedrock", model, day("2026-11-22"))[0] == (3 * Decimal(factor)).normalize()


@pytest.mark.parametrize(
    ("provider", "model", "price"),
    [
        ("azure", "azure/gpt-4o", "2.5"),
        ("azure", "azure/eu/gpt-4o-2024-08-06", "2.75"),
        ("azure", "azure/us/gpt-6-sol", "2.2"),
        ("azure", "azure/eu/gpt-6-sol", "2.4"),
        ("azure", "gpt-35-turbo", "0.5"),
        ("vertex_ai", "claude-sonnet-4-5@20250929", "3"),
        ("vertex_ai", "vertex_ai/gemini-2.5-pro", "1.25"),
        ("vertex_ai", "claude-opus-4-6@default", "5"),
        ("bedrock", "openai.gpt-5.4", "2.75"),
        ("bedrock", "global.openai.gpt-6-sol", "2"),
        ("bedrock", "us.openai.gpt-6-sol", "2.2"),
        ("bedrock", "eu.amazon.nova-pro-v1:0", "1.05"),
        ("self-hosted", "hosted_vllm/meta-llama/Llama-3.3-70B-Instruct", "0.11"),
    ],
)
def test_a_cloud_and_a_pool_of_ones_own_have_their_price(provider: str, model: str, price: str) -> None:
    assert per_million(provider, model, day("2026-11-22"))[0] == Decimal(price)


def test_known_snapshots_are_listed_by_name() -> None:
    """A listed snapshot is not flagged as unknown."""
    names = [
        ("openai", "gpt-4o-2024-11-20"),
        ("openai", "gpt-4.1-mini-2025-04-14"),
        ("openai", "o3-mini-2025-01-31"),
        ("anthropic", "claude-sonnet-4-5-20250929"),
        ("anthropic", "claude-3-5-sonnet-20241022"),
        ("google", "gemini-2.0-flash-001"),
        ("azure", "gpt-4o-mini-2024-07-18"),
        ("vertex_ai", "claude-haiku-4-5@20251001"),
    ]
    frame = pl.DataFrame(names, schema=["provider", "model"], orient="row")
    from finopsctl.pricing.models import resolve

    resolved = resolve(frame, shipped())

    assert resolved["reason"].to_list() == [None] * len(names)
    assert resolved["unknown_snapshot"].to_list() == [False] * len(names)


def test_an_unknown_model_or_service_tier_has_no_price() -> None:
    assert per_million("openai", "gpt-99", day("2026-11-22")) == (None, None)
    assert per_million("openai", "gpt-4o", day("2026-11-22"), tier="warp") == (None, None)


@pytest.mark.parametrize(
    ("provider", "model", "unit", "price"),
    [
        ("openai", "gpt-4o", "web_search", "0.01"),
        ("openai", "gpt-4o-search-preview", "web_search", "0.025"),
        ("openai", None, "code_interpreter_session", "0.03"),
        ("openai", None, "file_search", "0.0025"),
        ("anthropic", "claude-sonnet-4-6", "web_search", "0.01"),
        ("google", "gemini-2.5-flash", "web_search", "0.035"),
        ("google", "gemini-3.8-flash", "web_search", "0.014"),
        ("xai", "grok-4.3", "web_search", "0.005"),
        ("cohere", "rerank-v3.5", "search", "0.002"),
    ],
)
def test_a_use_of_a_tool_has_its_fee(provider: str, model: str | None, unit: str, price: str) -> None:
    when = day("2026-11-22")
    record = {"provider": provider, "model": model, "consumed_unit": unit, "consumed_quantity": 1.0}
    priced = rate(shipped(), {**record, "charge_period_start": when})

    assert priced["list_cost"].to_list() == [Decimal(price)]


def test_the_tiers_name_the_models_people_think_of() -> None:
    tiers = {(m.provider, m.id): m.tier for m in shipped().models}
    expected = {
        ("anthropic", "claude-haiku-4-5"): "budget",
        ("openai", "gpt-4o-mini"): "budget",
        ("anthropic", "claude-sonnet-4-6"): "standard",
        ("openai", "gpt-4o-2024-08-06"): "standard",
        ("anthropic", "claude-opus-4-6"): "premium",
        ("openai", "gpt-4-turbo"): "premium",
        ("self-hosted", "llama-3.3-70b-instruct"): "self-hosted",
        ("openai", "text-embedding-3-small"): "embedding",
    }

    assert {key: tiers[key] for key in expected} == expected
