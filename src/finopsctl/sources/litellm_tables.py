"""LiteLLM's tables of teams, keys, budgets, users, organizations and projects: names and limits, no charges.

Columns: ``litellm/proxy/schema.prisma``. ``spend`` counts since the last reset of the budget, not by calendar month.
Keys appear by their hash (``token``); ``key_name``, which shows a part of the secret, is not read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from finopsctl.ledger.schema import INSTANT, MONEY
from finopsctl.sources._source import SideTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from finopsctl.sources._probe import Probe

_TEXT = pl.String()
_LIMIT = {"max_budget": MONEY, "budget_duration": _TEXT, "budget_reset_at": INSTANT}
_SPENT = {"spend": MONEY}
# The rest of the metadata may hold credentials of logging services.
_TAGS = pl.Struct({"tags": _TEXT})


def _score(*names: str, without: tuple[str, ...] = ()) -> Callable[[Probe], float]:
    def score(look: Probe) -> float:
        own = look.top if look.shape != "json" or not look.records else look.top.union(*look.records)
        return 0.9 if own.issuperset(names) and not own & {*without, "request_id", "api_requests"} else 0.0

    return score


_EXPORT = """\
psql "$DATABASE_URL" -c "\\copy (SELECT {columns} FROM \\"{table}\\") TO '{name}.csv' CSV HEADER"
"""
_ALL = "*"


def _table(
    name: str, table: str, score: Callable[[Probe], float], raw: dict[str, pl.DataType], columns: str = _ALL
) -> SideTable:
    return SideTable(
        name=name,
        title=f"LiteLLM table {table}",
        shapes=("csv", "json", "jsonl", "parquet"),
        raw=pl.Schema(raw),
        score=score,
        export=_EXPORT.format(columns=columns, table=table, name=name),
        envelope=("data", "teams", "keys", "users"),
    )


SIDE_TABLES: tuple[SideTable, ...] = (
    _table(
        "litellm-keys",
        "LiteLLM_VerificationToken",
        _score("token", "key_alias"),
        {
            "token": _TEXT,
            "key_alias": _TEXT,
            "user_id": _TEXT,
            "team_id": _TEXT,
            "project_id": _TEXT,
            "organization_id": _TEXT,
            "budget_id": _TEXT,
            **_LIMIT,
            **_SPENT,
            "total_spend": MONEY,
            "metadata": _TAGS,
        },
        "token, key_alias, user_id, team_id, project_id, organization_id, budget_id, max_budget, budget_duration, "
        "budget_reset_at, spend",
    ),
    _table(
        "litellm-teams",
        "LiteLLM_TeamTable",
        _score("team_id", "team_alias", without=("token", "project_alias")),
        {
            "team_id": _TEXT,
            "team_alias": _TEXT,
            "organization_id": _TEXT,
            **_LIMIT,
            "soft_budget": MONEY,
            **_SPENT,
            "model_max_budget": _TEXT,
            "budget_limits": _TEXT,
            "metadata": _TAGS,
        },
    ),
    _table(
        "litellm-budgets",
        "LiteLLM_BudgetTable",
        _score("budget_id", "max_budget", "budget_duration", without=("token", "team_id", "user_id")),
        {
            "budget_id": _TEXT,
            **_LIMIT,
            "soft_budget": MONEY,
            "temp_budget_increase": MONEY,
            "temp_budget_expiry": INSTANT,
            "model_max_budget": _TEXT,
        },
    ),
    _table(
        "litellm-users",
        "LiteLLM_UserTable",
        _score("user_id", "max_budget", "user_role", without=("token",)),
        {
            "user_id": _TEXT,
            "user_alias": _TEXT,
            "team_id": _TEXT,
            "organization_id": _TEXT,
            **_LIMIT,
            **_SPENT,
            "metadata": _TAGS,
        },
        "user_id, user_alias, team_id, organization_id, user_role, max_budget, budget_duration, budget_reset_at, spend",
    ),
    _table(
        "litellm-organizations",
        "LiteLLM_OrganizationTable",
        _score("organization_id", "organization_alias", "budget_id", without=("token", "team_id")),
        {"organization_id": _TEXT, "organization_alias": _TEXT, "budget_id": _TEXT, **_SPENT, "metadata": _TAGS},
    ),
    _table(
        "litellm-projects",
        "LiteLLM_ProjectTable",
        _score("project_id", "project_alias", without=("token",)),
        {"project_id": _TEXT, "project_alias": _TEXT, "team_id": _TEXT, "budget_id": _TEXT, **_SPENT},
    ),
)
