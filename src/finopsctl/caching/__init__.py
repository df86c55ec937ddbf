"""Prompt caches replayed over a trace of requests: what would have been read, written, and read again.

Needs no ledger and no prices: a trace in, tokens out. What the tokens cost is the analysis' business.
"""
