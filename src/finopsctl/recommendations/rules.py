"""The rules: which signal leads to which recommendation. One rule is one declaration here and one function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from finopsctl.errors import ConfigError, nearest
from finopsctl.recommendations import cache_rules, data_rules, model_rules, token_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from finopsctl.recommendations.advice import Advice
    from finopsctl.recommendations.signals import Signals


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """From a signal to advice.

    Args:
        name: snake_case, for configuration.
        signal: When it speaks.
        saving: How its money comes about.
        find: Reads the signals.
    """

    name: str
    signal: str
    saving: str
    find: Callable[[Signals], Iterator[Advice]]


RULES: tuple[Rule, ...] = (
    Rule(
        "premium_models",
        "premium models take more than 30 % of spend",
        "whatif: the same tokens on the next tier's model of the same maker",
        model_rules.premium_models,
    ),
    Rule(
        "simple_requests",
        "short prompts and shorter answers on a standard or premium model",
        "whatif: the same tokens on a budget model of the same maker",
        model_rules.simple_requests,
    ),
    Rule(
        "batch_tier",
        "batch and eval workloads, or features named, at standard prices",
        "whatif: the batch price of the list",
        model_rules.batch_tier,
    ),
    Rule(
        "self_hosting",
        "self-hosted share below 40 %, with 30M output tokens a day elsewhere",
        "whatif: the machine configured; else not known",
        model_rules.self_hosting,
    ),
    Rule(
        "long_prompts",
        "a request costs more than 0.01 and reads 4,000 tokens or more",
        "whatif: 30 % less input",
        token_rules.long_prompts,
    ),
    Rule(
        "long_answers",
        "output per input beyond what the feature's class needs",
        "whatif: answers cut at their 95 % quantile",
        token_rules.long_answers,
    ),
    Rule(
        "retries",
        "more than 5 % of requests are retried",
        "whatif: no retries",
        token_rules.retries,
    ),
    Rule(
        "low_hit_rate",
        "a response cache answers less than 10 % of requests",
        "whatif: 20 % answered; not known where none is",
        cache_rules.low_hit_rate,
    ),
    Rule(
        "cache_unused",
        "4,000 tokens of input or more a request, none of them cached",
        "whatif: half of them read, a tenth written",
        cache_rules.cache_unused,
    ),
    Rule(
        "cache_loses",
        "a cache whose writes or look-ups cost more than it saves",
        "cache savings: the loss",
        cache_rules.cache_loses,
    ),
    Rule("budgets", "more than 80 % of a budget is used", "none", data_rules.budgets),
    Rule("unpriced", "requests without a price", "none", data_rules.unpriced),
    Rule("unattributed", "more than 5 % of spend has no team", "none", data_rules.unattributed),
    Rule("stale_prices", "reported cost is not the list price", "none: reporting", data_rules.stale_prices),
)
"""Every rule. Figures are those of the default thresholds."""


def rules_without(disabled: tuple[str, ...]) -> tuple[Rule, ...]:
    """Return the rules that are asked.

    Raises:
        ConfigError: A name that no rule has.
    """
    known = [rule.name for rule in RULES]
    for name in disabled:
        if name.replace("-", "_") not in known:
            raise ConfigError(f"there is no recommendation rule '{name}'", nearest(name, known))
    off = {name.replace("-", "_") for name in disabled}
    return tuple(rule for rule in RULES if rule.name not in off)
