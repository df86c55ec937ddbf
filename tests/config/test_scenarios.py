"""Scenario files: what a change may say, and what is refused."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from finopsctl.analyses.forecast import Change, Scenario
from finopsctl.config.scenarios import load
from finopsctl.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def loaded(folder: Path, text: str) -> tuple[Scenario, ...]:
    path = folder / "scenarios.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def test_growth_and_users_are_changes_of_everything(tmp_path: Path) -> None:
    (found,) = loaded(tmp_path, '[[scenario]]\nname = "plan"\ngrowth = 0.1\nusers_growth = 0.05\n')

    assert found == Scenario("plan", (Change(growth_per_month=0.1), Change(growth_per_month=0.05)))


def test_a_change_has_dates_filters_and_effects(tmp_path: Path) -> None:
    (found,) = loaded(
        tmp_path,
        '[[scenario]]\nname = "cheaper"\n[[scenario.change]]\nfrom = 2026-12-01\nto = 2027-01-01\n'
        'where = { model = "gpt-4o*, o3", use_case = "chat" }\nfactor = 0.8\nadd_per_day = 50\n',
    )

    assert found.changes == (
        Change(
            date(2026, 12, 1),
            date(2027, 1, 1),
            {"model": ("gpt-4o*", "o3"), "feature": ("chat",)},
            factor=0.8,
            add_per_day=50.0,
        ),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("growth = 0.1", "no \\[\\[scenario\\]\\]"),
        ('[[scenario]]\nname = "idle"\n', "changes nothing"),
        ('[[scenario]]\nname = "x"\ngrowth = 10\nspeed = 2\n', "unknown key"),
        ("[[scenario]]\ngrowth = 0.1\n", "name: is missing"),
        ('[[scenario]]\nname = "x"\ngrowth = 10\n', "1000 % a month"),
        ('[[scenario]]\nname = "x"\ngrowth = -1\n', "cannot shrink"),
        ('[[scenario]]\nname = "x"\n[[scenario.change]]\nwhere = { modell = "a" }\nfactor = 0.5\n', "modell"),
        ('[[scenario]]\nname = "x"\n[[scenario.change]]\nwhere = { day = "a" }\nfactor = 0.5\n', "limited by 'day'"),
        ('[[scenario]]\nname = "x"\n[[scenario.change]]\nfactor = -1\n', "factor"),
        (
            '[[scenario]]\nname = "x"\n[[scenario.change]]\nfrom = 2026-12-02\nto = 2026-12-01\nfactor = 0.5\n',
            "never holds",
        ),
        ('[[scenario]]\nname = "x"\ngrowth = 0.1\n[[scenario]]\nname = "x"\ngrowth = 0.2\n', "two scenarios"),
        ("[[scenario]\n", "scenarios.toml"),
    ],
)
def test_a_scenario_that_cannot_be_is_refused_with_its_file(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as refused:
        loaded(tmp_path, text)

    assert "scenarios.toml" in refused.value.message
