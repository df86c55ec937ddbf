"""All changes together as a file of scenarios."""

from __future__ import annotations

import tomllib

from finopsctl.recommendations.advice import Advice, Confidence, Effort
from finopsctl.recommendations.combined import scenario_text


def advice(title: str, *command: str) -> Advice:
    return Advice("any", "any", title, Confidence.ESTIMATED, Effort.LOW, "", ("whatif", *command))


def test_levers_of_a_kind_stand_in_one_list_and_what_a_look_up_costs_stands_once() -> None:
    text = scenario_text(
        [
            advice("raise", "--cache-hit-rate", "0.1:team=a", "--cache-cost", "0.01", "--cache-lookups", "all"),
            advice("move", "--swap", "a=b:team=a"),
            advice("raise more", "--cache-hit-rate", "0.2:team=b", "--cache-cost", "0.01", "--cache-lookups", "all"),
        ]
    )

    assert tomllib.loads(text)["scenario"] == [
        {
            "name": "everything recommended",
            "swap": ["a=b:team=a"],
            "cache-hit-rate": ["0.1:team=a", "0.2:team=b"],
            "cache-cost": "0.01",
            "cache-lookups": "all",
        }
    ]


def test_a_machine_is_a_table() -> None:
    text = scenario_text([advice("host", "--self-host", "cost-per-hour=9.96,tokens-per-second=1500")])

    assert tomllib.loads(text)["scenario"][0]["self-host"] == {"cost-per-hour": "9.96", "tokens-per-second": "1500"}


def test_a_name_from_a_log_ends_neither_a_string_nor_a_comment() -> None:
    lever = '30%:team=a"]\n[[scenario]]\x7f\U0001f9c1\\'
    text = scenario_text([advice('cut a"]\n[[scenario]]\r\x0b', "--trim-input", lever)])

    assert tomllib.loads(text)["scenario"] == [{"name": "everything recommended", "trim-input": [lever]}]


def test_nothing_to_play_is_no_file() -> None:
    assert scenario_text([]) == ""
