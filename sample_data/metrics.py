"""The gateway's counters as Prometheus kept them on the afternoon of the outage.

Names and labels are LiteLLM's (``litellm/types/integrations/prometheus.py``), the envelope is that of a range query.
The proxy was restarted at 15:20: its counters began anew, and what they had counted since the sample at 15:00 is lost.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway import Call

FIRST, LAST, STEP = datetime(2026, 10, 14, 12, tzinfo=UTC), datetime(2026, 10, 14, 18, tzinfo=UTC), timedelta(hours=1)
RESTART = datetime(2026, 10, 14, 15, 20, tzinfo=UTC)


def range_query(calls: Iterable[Call]) -> str:
    """Return the answer to a range query over every counter, a sample an hour."""
    known = [call for call in calls if call.at < LAST]
    moments = [FIRST + STEP * hour for hour in range((LAST - FIRST) // STEP + 1)]
    values: dict[str, list[tuple[int, str]]] = {}
    for moment in moments:
        begun = RESTART if moment >= RESTART else datetime(2026, 10, 1, tzinfo=UTC)
        for labels, amount in _counted(call for call in known if begun <= call.at < moment).items():
            values.setdefault(labels, []).append((int(moment.timestamp()), f"{amount.normalize():f}"))
    result = [{"metric": json.loads(labels), "values": own} for labels, own in sorted(values.items())]
    answer = {"status": "success", "data": {"resultType": "matrix", "result": result}}
    return json.dumps(answer, separators=(",", ":")) + "\n"


def _counted(calls: Iterable[Call]) -> dict[str, Decimal]:
    """Return every counter by its labels, as JSON with sorted names."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for call in calls:
        requests = call.batch[0] if call.batch else int(not call.failed)
        for name, amount in (
            ("spend", Decimal(call.spend)),
            ("requests", Decimal(requests)),
            ("input_tokens", Decimal(call.prompt)),
            ("output_tokens", Decimal(call.output)),
            ("input_cached_tokens", Decimal(call.read)),
            ("cache_hits", Decimal(int(call.hit))),
        ):
            if amount or name != "cache_hits":  # the proxy adds zeroes, too
                found[json.dumps(_labels(call, f"litellm_{name}_metric_total"), sort_keys=True)] += amount
    return found


def _labels(call: Call, name: str) -> dict[str, str]:
    return {
        "__name__": name,
        "api_key_alias": call.key.alias,
        "api_provider": call.provider,
        "end_user": "None",
        "hashed_api_key": call.key.token,
        "instance": "gateway:4000",
        "job": "litellm",
        "model": call.model,
        "team": call.key.team_id or "None",
        "team_alias": call.key.team or "None",
        "user": call.user,
    }
