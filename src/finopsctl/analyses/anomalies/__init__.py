"""Anomalies: named rules over dense series, alerts merged into episodes that name what changed.

Nothing is imported here: every command reads the rules for the configuration, few look for anomalies.
"""
