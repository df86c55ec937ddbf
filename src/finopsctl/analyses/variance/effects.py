"""The effects a change in spend is split into, each declared once.

All but new and retired models are factors of what traffic costs; see docs/methods.md, "Variance".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effect:
    """One part of a change.

    Args:
        name: Its column in rows and totals.
        title: What people call it.
        is_factor: Whether it is a factor of the product that usage costs.
        unknown: What to say where the ledger does not tell it; empty: it is always known.
    """

    name: str
    title: str
    is_factor: bool = True
    unknown: str = ""


EFFECTS: tuple[Effect, ...] = (
    Effect("days", "Days"),
    Effect("volume", "Volume"),
    Effect("mix", "Group mix"),
    Effect("model_mix", "Model mix"),
    Effect("context", "Context", unknown="input tokens"),
    Effect("verbosity", "Verbosity", unknown="output tokens"),
    Effect("prompt_cache", "Prompt cache", unknown="cache reads"),
    Effect("response_cache", "Response cache", unknown="cache hits"),
    Effect("retries", "Retries", unknown="retries"),
    Effect("service_tier", "Service tier"),
    Effect("price", "Price"),
    Effect("new_models", "New models", is_factor=False),
    Effect("retired_models", "Retired models", is_factor=False),
    Effect("other_charges", "Other charges"),
)

NAMES: tuple[str, ...] = tuple(effect.name for effect in EFFECTS)
FACTORS: tuple[str, ...] = tuple(effect.name for effect in EFFECTS if effect.is_factor)
"""The factors, in the order of the columns that :func:`finopsctl.analyses.variance.shapley.shapley` takes."""
