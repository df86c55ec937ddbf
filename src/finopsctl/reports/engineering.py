"""The engineering report: what requests cost, how large they are, how caches, routing and retries do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finopsctl.reports import _periods, _requests, _spend, _watch
from finopsctl.reports._parts import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from finopsctl.books import Books
    from finopsctl.config.settings import Settings
    from finopsctl.reports._parts import Part
    from finopsctl.reports._scene import Scene

_KPIS = (
    *("cost_per_request", "cost_per_request_p50", "cost_per_request_p95", "cost_per_request_p99", "success_rate"),
    *("cost_per_1k_tokens", "token_ratio", "cache_hit_rate", "prompt_cache_read_share", "retry_rate", "fallback_rate"),
)


def narrowed(books: Books, _settings: Settings) -> Books:
    """Return the books of the period named, else of the month so far (at its end: of the whole month)."""
    return _periods.month_so_far(books)


def parts(scene: Scene) -> Iterator[Part]:
    """Yield the parts of the report."""
    yield _spend.spend(scene, kpis=_KPIS, requests=True)
    yield told("cost per request by use case", lambda: _requests.costs(scene))
    yield told("token sizes of requests", lambda: _requests.sizes(scene))
    yield told("caches", lambda: _requests.caches(scene))
    yield told("the routing of models", lambda: _requests.routing(scene))
    yield told("reliability", lambda: _requests.reliability(scene))
    yield told("anomalies", lambda: _watch.anomalies(scene, by="feature", last_day=True))
