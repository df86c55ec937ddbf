"""What is asked of the recommendations: thresholds of the signals, prices, and what other analyses have shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING

from finopsctl.errors import ConfigError
from finopsctl.ledger.period import JANUARY
from finopsctl.metrics.dimensions import METER, TIME_DIMENSIONS, TOKEN_CLASS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from finopsctl.analyses.budget import BudgetStanding
    from finopsctl.analyses.caching import CacheSavings
    from finopsctl.analyses.price_audit import PriceAudit
    from finopsctl.analyses.whatif import Prices
    from finopsctl.metrics.dimensions import Dimension
    from finopsctl.pricing.currency import ExchangeRate

_UNFIT = frozenset({TOKEN_CLASS, METER, *TIME_DIMENSIONS})

MONTH = 30
"""Days of a month that figures stand for."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on a signal counts, and what a change that is not measured is taken to bring.

    Args:
        floor: Workloads that cost less in a month are left alone, in the report's currency.
        premium_share: Of spend on premium models.
        simple_input_tokens: A request of fewer, and with fewer than ``simple_output_tokens``, asks for little.
        simple_output_tokens: See above.
        cost_per_request: From where on prompts should be shorter.
        long_prompt: Mean input tokens from where on a prompt is long enough to shorten.
        trim: Share of a long prompt that is taken to be dispensable.
        output_ratio: Output per input token beyond which answers are long, where a feature has no class.
        output_limit: Quantile of an answer's length that the limit is set to.
        hit_rate: Of the response cache, below which it is low.
        hit_rate_target: What it is taken to reach.
        retry_rate: Of requests that needed a retry.
        large_prefix: Mean input tokens from where on a prompt cache is worth trying.
        cache_read: Share of input that a prompt cache is taken to read.
        cache_write: Share of input that it is taken to write.
        batch_workloads: Workload classes that can wait for a day.
        batch_features: Features (globs) that can.
        budget_used: Share of a budget.
        self_hosted_share: Of spend on machines of one's own.
        self_hosted_tokens: Output tokens a day from where on machines of one's own may pay.
        self_host: What such a machine costs and writes, as ``whatif --self-host`` takes it; empty: not known.
        unattributed_share: Of spend without a team.
        disabled: Names of rules that are not asked.
    """

    floor: Decimal = Decimal(500)
    premium_share: float = 0.30
    simple_input_tokens: int = 1000
    simple_output_tokens: int = 300
    cost_per_request: float = 0.01
    long_prompt: int = 4000
    trim: Decimal = Decimal("0.3")
    output_ratio: float = 5.0
    output_limit: float = 0.95
    hit_rate: float = 0.10
    hit_rate_target: float = 0.20
    retry_rate: float = 0.05
    large_prefix: int = 4000
    cache_read: Decimal = Decimal("0.5")
    cache_write: Decimal = Decimal("0.1")
    batch_workloads: tuple[str, ...] = ("batch", "eval")
    batch_features: tuple[str, ...] = ()
    budget_used: float = 0.80
    self_hosted_share: float = 0.40
    self_hosted_tokens: int = 30_000_000
    self_host: str = ""
    unattributed_share: float = 0.05
    disabled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What other analyses have shown of the same rows.

    Args:
        cache: What caches saved by ``by``, provider and model.
        audit: Reported against list prices; None: not compared.
        budgets: Where budgets stand; None: there are none.
    """

    cache: CacheSavings
    audit: PriceAudit | None = None
    budgets: BudgetStanding | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RecommendQuestion:
    """What to ask.

    Args:
        by: Dimensions that make a workload.
        prices: What both sides of every what-if are priced with.
        thresholds: Of the signals.
        output_ratios: Highest expected output per input token by feature (glob).
        lookup: What a look-up in the gateway's cache costs; with ``lookup_on_all`` on every request, else on hits.
        lookup_on_all: See above.
        span: First and last instant (exclusive) that the ledger covers; None: the days of its rows.
        timezone: Of days.
        first_month: The month fiscal years begin with.
        basis: ``list`` or ``effective``: what savings are worked out on.
        cost_basis: Of the ledger's ``cost``.
        currency: ISO 4217 code of the report.
        rates: Exchange rates.
        top: Keep this many rows; None: all.
        words: What commands named in the answer need to read the same records: inputs and options.
        budget_words: The same for commands that look at budgets as of an instant.
        scenario_file: Where all changes together will be written to as a scenario, for the command named with them.
    """

    by: tuple[Dimension, ...]
    prices: Prices
    thresholds: Thresholds = field(default_factory=Thresholds)
    output_ratios: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    lookup: Decimal = Decimal(0)
    lookup_on_all: bool = False
    span: tuple[datetime, datetime] | None = None
    timezone: str = "UTC"
    first_month: int = JANUARY
    basis: str = "effective"
    cost_basis: str = "auto"
    currency: str = "USD"
    rates: tuple[ExchangeRate, ...] = ()
    top: int | None = None
    words: tuple[str, ...] = ()
    budget_words: tuple[str, ...] = ()
    scenario_file: str | None = None

    def __post_init__(self) -> None:
        """Refuse what makes no workload."""
        for asked in self.by:
            if asked.name in _UNFIT:
                raise ConfigError(f"{asked.name} makes no workload", "Use --by team,feature, or model, user, tag:NAME.")
