"""Anomalies: named rules over dense series, alerts merged into episodes that name what changed."""

from finopsctl.analyses.anomalies.detection import anomalies
from finopsctl.analyses.anomalies.question import GRAINS, AnomalyQuestion, check_grain, rule_named
from finopsctl.analyses.anomalies.result import Anomalies, Contributor, Episode
from finopsctl.analyses.anomalies.rules import RULES, Rule

__all__ = [
    "GRAINS",
    "RULES",
    "Anomalies",
    "AnomalyQuestion",
    "Contributor",
    "Episode",
    "Rule",
    "anomalies",
    "check_grain",
    "rule_named",
]
