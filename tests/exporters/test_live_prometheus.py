"""A Prometheus that scrapes our figures and a gateway's, evaluates our rules, and is read by the source."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from commands import finopsctl
from exporters.live_prometheus import OPENMETRICS, PLAIN, exposed, needs_prometheus, running
from exporters.promtools import NASTY, kpis
from finopsctl.exporters.dialects import LITELLM
from finopsctl.exporters.prometheus_rules import rules
from finopsctl.metrics.budgets import Budget

if TYPE_CHECKING:
    from pathlib import Path

EVENTS = "timestamp,use_case,team,user_id,model,input_tokens,output_tokens,cost_usd\n"


class Gateway:
    """Counters as a LiteLLM proxy exposes them; each request adds 0.25 USD, 100 tokens in and 50 out."""

    def __init__(self) -> None:
        self.requests = 0
        self.counting = True

    def page(self) -> bytes:
        self.requests += 8 if self.counting else 0
        team = NASTY.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        who = f'team="t-1",team_alias="{team}",user="u-1"'
        of_model = f'{who},model="gpt-4o",api_provider="openai"'
        count = self.requests
        lines = [
            "# TYPE litellm_spend_metric_total counter",
            f"litellm_spend_metric_total{{{of_model}}} {count * 0.25}",
            f"litellm_requests_metric_total{{{of_model}}} {count}",
            f"litellm_input_tokens_metric_total{{{of_model}}} {count * 100}",
            f"litellm_output_tokens_metric_total{{{of_model}}} {count * 50}",
            f"litellm_total_tokens_metric_total{{{of_model}}} {count * 150}",
            f'litellm_proxy_total_requests_metric_total{{{who},requested_model="gpt-4o",status_code="200"}} {count}',
            f"litellm_cache_hits_metric_total{{{of_model}}} {count // 4}",
            f'litellm_team_max_budget_metric{{team="t-1",team_alias="{team}"}} 400',
            f'litellm_remaining_team_budget_metric{{team="t-1",team_alias="{team}"}} 100',
        ]
        return ("\n".join(lines) + "\n").encode()


def our_figures(folder: Path) -> bytes:
    """Return what finopsctl exports of two calls: 1.50 USD of search and 0.25 of a nasty team."""
    nasty = '"' + NASTY.replace('"', '""') + '"'
    (folder / "events.csv").write_text(
        EVENTS + "2026-10-01T10:00:00Z,chat,search,u,gpt-4o,100,10,1.5\n"
        f"2026-10-01T11:00:00Z,chat,{nasty},u,gpt-4o,100,10,0.25\n",
        "utf-8",
    )
    done = finopsctl("export", "openmetrics", folder / "events.csv", "--by", "team", "-q", folder=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.encode()


@needs_prometheus
@pytest.mark.slow
def test_a_prometheus_scrapes_evaluates_and_is_read(tmp_path: Path) -> None:
    """0.25 a request, 1000 * 0.25 / 150 for 1k tokens, 50 / 100, 1 of 4 from the cache, 300 of 400 used.

    The source then finds just the difference of the counter between the first and the last second asked for.
    """
    gateway, ours = Gateway(), our_figures(tmp_path)
    document = rules(kpis(), [Budget(NASTY, Decimal(5), scope={"team": NASTY})], LITELLM)[0]
    pages = {"/finops": (OPENMETRICS, lambda: ours), "/text": (PLAIN, lambda: ours), "/metrics": (PLAIN, gateway.page)}
    jobs = {"finopsctl": "/finops", "textfile": "/text", "litellm": "/metrics"}
    with (
        exposed(pages) as target,
        running(tmp_path, target, jobs, document.replace("interval: 1m", "interval: 1s")) as p,
    ):
        assert p.wait_for("aigateway:cost_per_request:1h") == pytest.approx(0.25)
        assert p.wait_for("aigateway:cost_per_1k_tokens:1h") == pytest.approx(1000 * 0.25 / 150)
        assert p.wait_for("aigateway:token_ratio:1h") == pytest.approx(0.5)
        assert p.wait_for("aigateway:cache_hit_rate:1h") == pytest.approx(0.25)
        assert p.wait_for("aigateway:budget_utilization:team") == 0.75
        for job in ("finopsctl", "textfile"):
            assert p.wait_for(f'finopsctl_spend_usd{{job="{job}",team="search"}}') == 1.5
            assert p.wait_for(f'count(finopsctl_spend_usd{{job="{job}"}})') == 2
        assert p.wait_for('finopsctl_as_of_timestamp_seconds{job="finopsctl"}') == 1_790_899_200
        unhealthy = [r for g in p.ask("rules")["groups"] for r in g["rules"] if r["health"] == "err"]
        assert unhealthy == []

        since = int(p.ask("query", query="time()")["result"][0]) - 4
        time.sleep(4)
        gateway.counting = False
        time.sleep(1.5)
        until = since + 8
        asked = p.ask("query_range", query="litellm_spend_metric_total", start=since, end=until, step=1)
        values = [Decimal(text) for _, text in asked["result"][0]["values"]]
        moments = [datetime.fromtimestamp(at, UTC).isoformat() for at in (since, until)]
        period = ("--since", moments[0], "--until", moments[1])
        done = finopsctl(
            "attribution",
            f"prometheus:{p.address}?step=1s",
            "--by",
            "team,model",
            *period,
            "-f",
            "json",
            folder=tmp_path,
        )

    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout, parse_float=Decimal)["rows"]
    spent = values[-1] - values[0]
    assert spent > 0
    assert (row["team"], row["model"], row["spend"]) == (NASTY, "gpt-4o", spent)
    assert (row["requests"], row["tokens"]) == (spent * 4, spent * 4 * 150)
