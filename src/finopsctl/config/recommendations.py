"""Recommendations in the configuration: ``[recommend]``."""

# No ``from __future__ import annotations``: the reader of settings needs the field types as types.
from dataclasses import dataclass, field
from decimal import Decimal

from finopsctl.config.declarations import key
from finopsctl.errors import ConfigError
from finopsctl.recommendations.question import Thresholds

_USUAL = Thresholds()


@dataclass(frozen=True, slots=True)
class RecommendTable:
    """``[recommend]``: from where on a signal counts, and what changes are taken to bring."""

    floor: Decimal = field(
        default=_USUAL.floor,
        metadata=key("Workloads that cost less in 30 days are left alone.", minimum=0),
    )
    premium_share: float = field(
        default=_USUAL.premium_share, metadata=key("Highest share of spend on premium models.", minimum=0, maximum=1)
    )
    simple_input_tokens: int = field(
        default=_USUAL.simple_input_tokens, metadata=key("A simple request reads no more tokens.", minimum=0)
    )
    simple_output_tokens: int = field(
        default=_USUAL.simple_output_tokens, metadata=key("A simple request writes no more tokens.", minimum=0)
    )
    cost_per_request: float = field(
        default=_USUAL.cost_per_request, metadata=key("Highest cost of a request that is fine.", minimum=0)
    )
    long_prompt: int = field(
        default=_USUAL.long_prompt, metadata=key("Mean input tokens from which on a prompt is long.", minimum=0)
    )
    trim: Decimal = field(
        default=_USUAL.trim, metadata=key("Share of a long prompt taken to be dispensable.", minimum=0, maximum=1)
    )
    output_ratio: float = field(
        default=_USUAL.output_ratio,
        metadata=key("Highest output per input token of features without a class.", minimum=0),
    )
    output_limit: float = field(
        default=_USUAL.output_limit, metadata=key("Quantile of answers' length to limit them to.", minimum=0, maximum=1)
    )
    hit_rate: float = field(
        default=_USUAL.hit_rate, metadata=key("Lowest hit rate of a response cache that is fine.", minimum=0, maximum=1)
    )
    hit_rate_target: float = field(
        default=_USUAL.hit_rate_target, metadata=key("Hit rate a response cache may reach.", minimum=0, maximum=0.99)
    )
    retry_rate: float = field(
        default=_USUAL.retry_rate, metadata=key("Highest share of retried requests that is fine.", minimum=0, maximum=1)
    )
    large_prefix: int = field(
        default=_USUAL.large_prefix,
        metadata=key("Mean input tokens from which on a prompt cache is worth trying.", minimum=0),
    )
    cache_read: Decimal = field(
        default=_USUAL.cache_read, metadata=key("Share of input a prompt cache may read.", minimum=0, maximum=1)
    )
    cache_write: Decimal = field(
        default=_USUAL.cache_write, metadata=key("Share of input it would write.", minimum=0, maximum=1)
    )
    batch_workloads: tuple[str, ...] = field(
        default=_USUAL.batch_workloads, metadata=key("Workload classes that can wait for a day.", separator=",")
    )
    batch_features: tuple[str, ...] = field(
        default=(), metadata=key("Features (globs) that can wait for a day.", separator=",")
    )
    budget_used: float = field(
        default=_USUAL.budget_used, metadata=key("Share of a budget from which on to alert.", minimum=0)
    )
    self_hosted_share: float = field(
        default=_USUAL.self_hosted_share,
        metadata=key("Lowest share of spend on one's own models that is fine.", minimum=0, maximum=1),
    )
    self_hosted_tokens: int = field(
        default=_USUAL.self_hosted_tokens,
        metadata=key("Output tokens a day from which on self-hosting may pay.", minimum=0),
    )
    self_host: str | None = field(
        default=None,
        metadata=key(
            "A machine, as `whatif --self-host` takes it.", example='"cost-per-hour=9.96,tokens-per-second=1500"'
        ),
    )
    unattributed_share: float = field(
        default=_USUAL.unattributed_share,
        metadata=key("Highest share of spend without a team that is fine.", minimum=0, maximum=1),
    )
    disabled: tuple[str, ...] = field(default=(), metadata=key("Rules that are not asked.", separator=","))

    def __post_init__(self) -> None:
        if self.cache_read + self.cache_write > 1:
            raise ConfigError(
                f"a cache that reads {self.cache_read} and writes {self.cache_write} of the input has more than all",
                "The two shares add up to 1 at most.",
            )

    def thresholds(self) -> Thresholds:
        """Return what the rules are asked with."""
        given = {name: getattr(self, name) for name in Thresholds.__dataclass_fields__ if name != "self_host"}
        return Thresholds(**given, self_host=self.self_host or "")
