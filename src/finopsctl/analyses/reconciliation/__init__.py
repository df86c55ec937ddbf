"""Reconciliation: the ledger against what providers invoice, with a waterfall of causes that adds up to the gap.

Nothing is imported here: every command reads tolerances for the configuration, few reconcile.
"""
