"""A price list with a model of every tier, for tests of recommendations."""

from __future__ import annotations

LISTS = """
[[model]]
id = "grand"
kind = "chat"
tier = "premium"
context = 100_000
rates = [
  { from = 2025-01-01, input = 10.00, cache_read = 1.00, cache_write = 12.50, output = 40.00 },
  { from = 2025-01-01, service_tier = "batch", input = 5.00, output = 20.00 },
]
[[model]]
id = "grand-lite"
kind = "chat"
tier = "standard"
context = 100_000
rates = [ { from = 2025-01-01, input = 5.00, cache_read = 0.50, cache_write = 6.25, output = 20.00 } ]
[[model]]
id = "mini"
kind = "chat"
tier = "budget"
context = 100_000
rates = [ { from = 2025-01-01, input = 1.00, cache_read = 0.10, cache_write = 1.25, output = 4.00 } ]
"""
"""``grand`` (premium, with a batch tier), ``grand-lite`` (standard, without) and ``mini`` (budget)."""
