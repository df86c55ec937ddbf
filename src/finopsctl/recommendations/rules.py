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
        find: Reads the signals; its docstring says when it speaks, docs/methods.md how its money comes about.
    """

    name: str
    find: Callable[[Signals], Iterator[Advice]]


RULES: tuple[Rule, ...] = (
    Rule("premium_models", model_rules.premium_models),
    Rule("simple_requests", model_rules.simple_requests),
    Rule("batch_tier", model_rules.batch_tier),
    Rule("self_hosting", model_rules.self_hosting),
    Rule("long_prompts", token_rules.long_prompts),
    Rule("long_answers", token_rules.long_answers),
    Rule("retries", token_rules.retries),
    Rule("low_hit_rate", cache_rules.low_hit_rate),
    Rule("cache_unused", cache_rules.cache_unused),
    Rule("cache_loses", cache_rules.cache_loses),
    Rule("budgets", data_rules.budgets),
    Rule("unpriced", data_rules.unpriced),
    Rule("unattributed", data_rules.unattributed),
    Rule("stale_prices", data_rules.stale_prices),
)
"""Every rule."""


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
