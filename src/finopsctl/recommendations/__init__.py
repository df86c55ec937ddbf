"""What to do about the bill: what the analyses show, as a list ranked by money.

The one analysis that stands on others: it asks what-if what a change would save, and reads what caching saved, where
budgets stand and where reported prices are off. Nothing is imported here: every command reads the thresholds for the
configuration, few recommend.
"""
