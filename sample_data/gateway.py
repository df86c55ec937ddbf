"""October behind the gateway: a month of calls with an outage, a runaway agent and a broken cache.

A call is simulated once; :mod:`gateway_files` writes it the ways LiteLLM does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from company import (
    CUSTOMERS,
    FEATURES,
    GATEWAY_PRICES,
    KEYS,
    LLAMA,
    PROVIDER_OF,
    Feature,
    Key,
    between,
    digest,
    pick,
    usd,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

DAYS = tuple(date(2026, 10, day) for day in range(1, 32))
OUTAGE = (datetime(2026, 10, 14, 13, tzinfo=UTC), datetime(2026, 10, 14, 17, tzinfo=UTC))
"""OpenAI is down: calls of gpt-4o are retried, then fall back to claude-sonnet-4-5 or fail."""
RUNAWAY_DAY = date(2026, 10, 22)
"""A fleet agent works itself into a loop for an afternoon, its context growing and its cache missed each time."""
LONGER_PROMPT_SINCE = date(2026, 10, 19)
"""The replies to tickets get prompt v4, which is 45 % longer than v3."""
COLD_CACHE_SINCE = date(2026, 10, 29)
"""A new version of the gateway shortens the life of the response cache: hits fall to a third."""
QUIET_DAY = date(2026, 10, 27)
"""The marketing studio's job does not run."""
_FALLBACK = {"gpt-4o": "claude-sonnet-4-5", LLAMA: "gpt-4o-mini", "gpt-5.6-luna": "gpt-4o-mini"}


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the gateway, or one finished batch.

    Args:
        number: Its place in the month; ids derive from it.
        at: When it began.
        seconds: How long it took.
        key: The virtual key it came with.
        user: Who asked.
        feature: What for.
        workload: interactive, batch, eval or agent.
        model: Who answered.
        asked: The model asked for; another than ``model`` after a fallback.
        fresh: Uncached input tokens.
        output: Output tokens, thinking included.
        thinking: Thinking tokens.
        read: Tokens read from the provider's prompt cache.
        write: Tokens written to it for 5 minutes.
        write_1h: Tokens written to it for an hour.
        session: What groups it with other calls.
        limit: The ``max_tokens`` sent; 0: none.
        prompt_version: Variant of the prompt, if there are several.
        customer: The bakery it was for.
        hit: Whether the gateway's response cache answered.
        failed: Whether it failed.
        retries: Attempts beyond the first.
        batch: Requests that succeeded and that failed, of a batch.
        header: Team in an ``x-team`` header.
    """

    number: int
    at: datetime
    seconds: float
    key: Key
    user: str
    feature: str
    workload: str
    model: str
    asked: str
    fresh: int
    output: int
    thinking: int = 0
    read: int = 0
    write: int = 0
    write_1h: int = 0
    session: str = ""
    limit: int = 0
    prompt_version: str = ""
    customer: str = ""
    hit: bool = False
    failed: bool = False
    retries: int = 0
    batch: tuple[int, int] | None = None
    header: str = ""

    @property
    def end(self) -> datetime:
        """When it was over."""
        return self.at + timedelta(seconds=self.seconds)

    @property
    def prompt(self) -> int:
        """All input tokens, as LiteLLM counts them."""
        return self.fresh + self.read + self.write + self.write_1h

    @property
    def provider(self) -> str:
        """LiteLLM's name for who served it."""
        return PROVIDER_OF[self.model]

    @property
    def id(self) -> str:
        """The gateway's request id."""
        start = "batch_" if self.batch else ("msg_" if self.provider == "anthropic" else "chatcmpl-")
        end = "_batch_cost" if self.batch else (f"_cache_hit{self.at.timestamp():.2f}" if self.hit else "")
        return f"{start}{digest(f'call {self.number}', 20)}{end}"

    @property
    def parts(self) -> dict[str, Decimal]:
        """The gateway's cost breakdown, in USD."""
        rates = GATEWAY_PRICES[f"{self.model} batch" if self.batch else self.model]
        writes = [(self.write, rates.cache_write), (self.write_1h, rates.cache_write_1h)]
        costs = {
            "input_cost": usd([(self.fresh, rates.input)]),
            "cache_read_cost": usd([(self.read, rates.cache_read)]),
            "cache_creation_cost": usd(writes),
            "output_cost": usd([(self.output, rates.output)]),
        }
        return dict.fromkeys(costs, Decimal(0)) if self.hit or self.failed else costs

    @property
    def spend(self) -> Decimal:
        """What the gateway says it cost; nothing when it failed or the cache answered."""
        return sum(self.parts.values(), Decimal(0))


def october(rng: Random) -> list[Call]:
    """Return the month's calls in the order of their start, numbered."""
    calls = [call for day in DAYS for call in _day(rng, day)]
    calls = [_troubled(rng, call) for call in calls]
    calls += [*_batches(rng), *_runaway_agent(rng)]
    return [replace(call, number=number) for number, call in enumerate(sorted(calls, key=lambda call: call.at))]


def _day(rng: Random, day: date) -> Iterator[Call]:
    is_weekend = day.weekday() >= 5
    for feature in FEATURES.values():
        growth = 0.9 + 0.01 * day.day
        expected = feature.weekday * (feature.weekend if is_weekend else 1) * growth
        if feature.key == "marketing-prod" and day == QUIET_DAY:
            continue
        if feature.name == "ticket_reply" and day == OUTAGE[0].date():
            yield from (_call(rng, feature, _clock(rng, day, 13, 17)) for _ in range(60))
        for _ in range(int(expected) + (rng.random() < expected % 1)):
            yield _call(rng, feature, _clock(rng, day, 7, 19))


def _clock(rng: Random, day: date, first_hour: int, last_hour: int) -> datetime:
    millisecond = between(rng, first_hour * 3_600_000, last_hour * 3_600_000 - 1)
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(milliseconds=millisecond)


def _call(rng: Random, feature: Feature, at: datetime) -> Call:
    key = KEYS[feature.key]
    fresh, output = between(rng, *feature.prompt), between(rng, *feature.output)
    thinking = int(0.4 * output) if feature.model.startswith("gemini") else 0
    version = ""
    if feature.name == "ticket_reply":
        version = "v4" if at.date() >= LONGER_PROMPT_SINCE else "v3"
        fresh = int(fresh * 1.45) if version == "v4" else fresh
    share = feature.hits * (0.3 if at.date() >= COLD_CACHE_SINCE else 1)
    read, write, write_1h = _prompt_cache(rng, feature, at)
    call = Call(
        number=0,
        at=at,
        seconds=round(0.4 + output / (45 + 50 * rng.random()), 3),
        key=key,
        user=pick(rng, key.users),
        feature=feature.name,
        workload=feature.workload,
        model=feature.model,
        asked=feature.model,
        fresh=fresh,
        output=output,
        thinking=thinking,
        read=read,
        write=write,
        write_1h=write_1h,
        session=f"sess-{digest(f'{feature.name} {at}', 10)}",
        limit=feature.limit,
        prompt_version=version,
        customer=pick(rng, tuple(CUSTOMERS)) if feature.customers else "",
        header="data-science" if feature.name == "notebook" and rng.random() < 0.35 else "",
    )
    return replace(call, hit=True, seconds=round(0.02 + 0.03 * rng.random(), 3)) if rng.random() < share else call


def _prompt_cache(rng: Random, feature: Feature, at: datetime) -> tuple[int, int, int]:
    """Return tokens read, written for 5 minutes and written for an hour.

    Anthropic's prefixes are written when they are cold (mornings, for an hour) and extended now and then; OpenAI
    reads a prefix it saw lately, for no write.
    """
    if not feature.prefix:
        return 0, 0, 0
    if PROVIDER_OF[feature.model] == "openai":
        return (feature.prefix if rng.random() < 0.6 else 0), 0, 0
    if at.hour < 9 and at.weekday() < 5:
        return 0, between(rng, 500, 2000), feature.prefix
    if rng.random() < 0.2:
        return 0, feature.prefix, 0
    return feature.prefix, (between(rng, 500, 4000) if rng.random() < 0.5 else 0), 0


def _troubled(rng: Random, call: Call) -> Call:
    """Let things go wrong: often in the outage, otherwise rarely; what the cache answers is spared."""
    luck = rng.random()
    if call.hit:
        return call
    if OUTAGE[0] <= call.at < OUTAGE[1] and call.provider == "openai" and call.asked == "gpt-4o":
        return _failed(call, 3) if luck < 0.45 else _fallen_back(replace(call, retries=2))
    if luck < 0.006:
        return _failed(call, 2)
    if luck < 0.016 and call.asked in _FALLBACK:
        return _fallen_back(replace(call, retries=1))
    return replace(call, retries=1) if luck < 0.045 else call


def _failed(call: Call, retries: int) -> Call:
    nothing = replace(call, fresh=0, read=0, write=0, write_1h=0, output=0, thinking=0)
    return replace(nothing, failed=True, retries=retries, seconds=10.0 * retries)


def _fallen_back(call: Call) -> Call:
    """Serve a call by the next model: what the first provider had cached has to be read afresh."""
    return replace(call, model=_FALLBACK[call.asked], fresh=call.fresh + call.read, read=0, seconds=call.seconds + 6)


def _batches(rng: Random) -> Iterator[Call]:
    """Two batches a week, each of some forty long documents at half price."""
    for day in DAYS:
        if day.weekday() not in (1, 4):
            continue
        done, failed = between(rng, 34, 46), between(rng, 0, 1)
        yield Call(
            number=0,
            at=_clock(rng, day, 20, 23),
            seconds=0.8,
            key=KEYS["science-batch"],
            user="u-21",
            feature="demand_labels",
            workload="batch",
            model="gpt-4o",
            asked="gpt-4o",
            fresh=done * between(rng, 22000, 30000),
            output=done * between(rng, 900, 1500),
            batch=(done, failed),
        )


def _runaway_agent(rng: Random) -> Iterator[Call]:
    """A handful of calls on most workdays; on one day a loop of fifty with a context that only grows."""
    key = KEYS["platform-agents"]
    for day in DAYS:
        if day.weekday() >= 5:
            continue
        is_loop = day == RUNAWAY_DAY
        start = _clock(rng, day, 13, 14) if is_loop else _clock(rng, day, 8, 16)
        for step in range(50 if is_loop else between(rng, 1, 4)):
            context = 30000 + 2400 * step if is_loop else between(rng, 2000, 9000)
            yield Call(
                number=0,
                at=start + timedelta(seconds=step * between(rng, 150, 200)),
                seconds=round(8 + 20 * rng.random(), 3),
                key=key,
                user="svc-fleet",
                feature="fleet_agent",
                workload="agent",
                model="claude-opus-4-6",
                asked="claude-opus-4-6",
                fresh=context,
                output=between(rng, 400, 1600),
                read=0 if is_loop or not step else 30000,
                write=30000 if not is_loop and not step else 0,
                session=f"agent-{digest(f'fleet {day}', 10)}",
                limit=4096,
            )
