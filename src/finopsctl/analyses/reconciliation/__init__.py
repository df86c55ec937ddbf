"""Reconciliation: the ledger against what providers invoice, with a waterfall of causes that adds up to the gap."""

from __future__ import annotations

from finopsctl.analyses.reconciliation.reconcile import Reconciliation, Terms, reconcile
from finopsctl.analyses.reconciliation.tolerance import Tolerance, Tolerances

__all__ = ["Reconciliation", "Terms", "Tolerance", "Tolerances", "reconcile"]
