"""Crumbworth Robotics: an invented maker of baking robots, its teams, what they ask models to do, and list prices.

Everything here is invented apart from the prices, which are the providers' list prices of autumn 2026.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random


@dataclass(frozen=True, slots=True)
class Rates:
    """What a model costs, USD per 1M tokens; what a provider does not sell apart costs what input costs."""

    input: Decimal
    output: Decimal
    cache_read: Decimal = Decimal(0)
    cache_write: Decimal = Decimal(0)
    cache_write_1h: Decimal = Decimal(0)

    @classmethod
    def of(cls, *usd: str) -> Rates:
        """Build from text, in the order of the fields."""
        return cls(*map(Decimal, usd))


LIST_PRICES = {
    "gpt-4o": Rates.of("2.50", "10", "1.25"),
    "gpt-4o batch": Rates.of("1.25", "5"),
    "gpt-4o-mini": Rates.of("0.15", "0.60", "0.075"),
    "gpt-5.6-luna": Rates.of("0.20", "1.20", "0.02"),
    "text-embedding-3-small": Rates.of("0.02", "0"),
    "claude-opus-4-6": Rates.of("5", "25", "0.50", "6.25", "10"),
    "claude-sonnet-4-5": Rates.of("3", "15", "0.30", "3.75", "6"),
    "claude-haiku-4-5": Rates.of("1", "5", "0.10", "1.25", "2"),
    "gemini-2.5-pro": Rates.of("1.25", "10", "0.125"),
    "meta-llama/Llama-3.3-70B-Instruct": Rates.of("0.11", "0.44", "0.02"),
    "mistral-medium-3-5": Rates.of("1.50", "7.50", "0.15"),
    "command-a-03-2025": Rates.of("2.50", "10"),
}
GATEWAY_PRICES = {**LIST_PRICES, "gpt-5.6-luna": Rates.of("1", "6", "0.10")}
"""What the gateway charges: nobody updated its price of gpt-5.6-luna when that fell by 80 % on 30 July."""

LLAMA = "meta-llama/Llama-3.3-70B-Instruct"
OPENAI, ANTHROPIC, GOOGLE, OWN = "openai", "anthropic", "gemini", "hosted_vllm"
PROVIDER_OF = {
    **dict.fromkeys(("gpt-4o", "gpt-4o-mini", "gpt-5.6-luna", "text-embedding-3-small"), OPENAI),
    **dict.fromkeys(("claude-opus-4-6", "claude-sonnet-4-5", "claude-haiku-4-5"), ANTHROPIC),
    "gemini-2.5-pro": GOOGLE,
    LLAMA: OWN,
}
"""The gateway's name for who serves a model."""

TEAMS = {
    "support": 14,
    "search": 5,
    "platform": 40,
    "data-science": 30,
    "marketing": 10,
    "checkout": 5,
}
"""Teams behind the gateway and the monthly budget each has there, in USD."""


@dataclass(frozen=True, slots=True)
class Key:
    """A virtual key of the gateway.

    Args:
        alias: Its name.
        team: Its team; the shared one belongs to none.
        users: Who asks with it.
        environment: prod or dev.
    """

    alias: str
    team: str | None
    users: tuple[str, ...]
    environment: str = "prod"

    @property
    def token(self) -> str:
        """The hash the gateway logs in the key's place."""
        return digest(f"key {self.alias}", 64)

    @property
    def team_id(self) -> str:
        """The gateway's id of the team; empty without one."""
        return team_id(self.team) if self.team else ""


KEYS = {
    key.alias: key
    for key in (
        Key("support-prod", "support", ("u-01", "u-02", "u-03", "u-04", "u-05")),
        Key("search-prod", "search", ("svc-search",)),
        Key("platform-agents", "platform", ("u-11", "u-12", "u-13", "u-14")),
        Key("platform-logs", "platform", ("svc-logs",)),
        Key("science-batch", "data-science", ("u-21",)),
        Key("science-eval", "data-science", ("u-21", "u-22"), "dev"),
        Key("marketing-prod", "marketing", ("u-31", "u-32", "u-33")),
        Key("checkout-prod", "checkout", ("svc-checkout",)),
        Key("jupyter-shared", None, ("u-21", "u-23", "u-41"), "dev"),
    )
}

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Feature:
    """A use case behind the gateway.

    Args:
        name: Name of the use case.
        key: Alias of its virtual key.
        model: The model it asks for.
        weekday: Requests on a weekday, on average.
        weekend: Share of that on a Saturday or Sunday.
        prompt: Uncached input tokens of a request.
        output: Output tokens.
        prefix: Tokens of the part of the prompt that the provider may cache.
        hits: Share of requests that the gateway's response cache serves.
        limit: The ``max_tokens`` sent.
        workload: interactive, eval or agent.
        customers: Whether it works for a bakery.
    """

    name: str
    key: str
    model: str
    weekday: float
    weekend: float
    prompt: Range
    output: Range
    prefix: int
    hits: float
    limit: int
    workload: str
    customers: bool


_FEATURES = """
ticket_reply     support-prod    gpt-4o                   6 0.4    7000-15000   300-900  4096 0.62 1024 interactive yes
handbook_answer  support-prod    claude-sonnet-4-5        4 0.3      400-2500  300-1200 24000 0.35 2048 interactive yes
recipe_answer    search-prod     gpt-5.6-luna             5 0.8   16000-40000   300-900     0 0.60 1024 interactive yes
catalog_writing  search-prod     claude-haiku-4-5       2.5 0.0   12000-30000 1500-4000     0 0.00 4096 interactive no
index_embeddings search-prod     text-embedding-3-small   1 1.0 150000-500000       0-0     0 0.00    0 interactive no
code_review      platform-agents claude-opus-4-6          2 0.0    6000-22000 1200-4500 40000 0.00 8192 agent       no
log_summary      platform-logs   llama                    2 1.0    6000-24000  700-2400     0 0.20 4096 interactive no
label_eval       science-eval    llama                    1 0.0     1500-6000   200-800     0 0.00 1024 eval        no
product_copy     marketing-prod  gemini-2.5-pro           2 0.0     2500-9000 2500-6500     0 0.00 8192 interactive no
menu_translation marketing-prod  gpt-4o-mini            2.5 0.2      600-2500  500-2600     0 0.45 4096 interactive no
order_parse      checkout-prod   llama                    4 0.9      900-3200   120-420     0 0.60  512 interactive yes
notebook         jupyter-shared  gpt-4o                 3.2 0.2   14000-46000  600-2000     0 0.00 4096 interactive no
"""


def _feature(line: str) -> Feature:
    """Read one line; its words stand in the order of the fields."""
    name, key, model, weekday, weekend, prompt, output, *rest = line.split()
    prefix, hits, limit, workload, customers = rest
    return Feature(
        name,
        key,
        LLAMA if model == "llama" else model,
        float(weekday),
        float(weekend),
        _range(prompt),
        _range(output),
        int(prefix),
        float(hits),
        int(limit),
        workload,
        customers == "yes",
    )


def _range(text: str) -> Range:
    low, high = text.split("-")
    return int(low), int(high)


FEATURES = {feature.name: feature for feature in map(_feature, _FEATURES.strip().splitlines())}

CUSTOMERS = {f"bakery-{number:02d}": ("free" if number % 3 == 0 else "pro") for number in range(1, 16)}
"""Bakeries that rent robots, and the plan each is on."""


def between(rng: Random, low: float, high: float) -> int:
    """Return a whole number from ``low`` to ``high``, both included."""
    return int(low + rng.random() * (high - low + 1))


def pick(rng: Random, values: Sequence[str]) -> str:
    """Return one of ``values``."""
    return values[int(rng.random() * len(values))]


def digest(text: str, length: int) -> str:
    """Return ``length`` hexadecimal digits that belong to ``text``."""
    return sha256(text.encode()).hexdigest()[:length]


def team_id(team: str) -> str:
    """Return the gateway's id of a team."""
    return f"team-{digest(team, 8)}"


def usd(tokens_and_rates: Sequence[tuple[int, Decimal]]) -> Decimal:
    """Return the exact price of tokens at rates per 1M tokens."""
    return sum((tokens * rate for tokens, rate in tokens_and_rates), Decimal(0)) / 1_000_000
