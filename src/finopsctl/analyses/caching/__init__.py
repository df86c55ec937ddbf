"""What caching saved (savings), would save by a formula (estimate), and would save on real traffic (simulation)."""

from finopsctl.analyses.caching.estimate import CacheEstimate, estimate
from finopsctl.analyses.caching.prices import ModelPrices, model_prices
from finopsctl.analyses.caching.repricing import PricesInForce
from finopsctl.analyses.caching.savings import CacheSavings, SavingsQuestion, savings
from finopsctl.analyses.caching.simulation import CacheSimulation, Experiment, simulate

__all__ = [
    "CacheEstimate",
    "CacheSavings",
    "CacheSimulation",
    "Experiment",
    "ModelPrices",
    "PricesInForce",
    "SavingsQuestion",
    "estimate",
    "model_prices",
    "savings",
    "simulate",
]
