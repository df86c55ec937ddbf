"""Asking a Prometheus: range queries in pieces that it allows, put together into one answer like that of a file.

Address: ``prometheus:https://host:9090``, with a path where it lives below one, and ``?step=15m`` for other buckets
than an hour. Prometheus refuses more than 11,000 points a series (``web/api/v1/api.go``), so a long period is asked in
pieces that do not overlap.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from finopsctl.errors import ConfigError, DeliveryError
from finopsctl.sources._input import InputFile
from finopsctl.sources._prometheus_series import MEASURES
from finopsctl.transport.http import LIVE, get, redacted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

MOST_POINTS = 10_000
_HINT = "Is it a Prometheus? A token goes into FINOPSCTL_PROMETHEUS_TOKEN."
_HOUR = 3600
_STEP = re.compile(r"(\d{1,4})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": _HOUR, "d": 24 * _HOUR}
_NAMES = "|".join(sorted({*MEASURES, "litellm_tokens"} - {"litellm_total_tokens_metric"}))
PROMQL = f'{{__name__=~"({_NAMES})_total"}}'


class _Series(msgspec.Struct):
    metric: dict[str, str]
    values: list[msgspec.Raw] = []


class _Data(msgspec.Struct):
    kind: str = msgspec.field(default="", name="resultType")
    result: list[_Series] = []


class _Answer(msgspec.Struct):
    status: str = ""
    kind: str = msgspec.field(default="", name="errorType")
    error: str = ""
    data: _Data | None = None
    warnings: list[str] = []


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of whom.

    Args:
        address: The Prometheus, without a query.
        start: The first moment a sample is wanted of.
        end: The last one.
        step: Seconds between samples.
    """

    address: str
    start: datetime
    end: datetime
    step: int = _HOUR

    @classmethod
    def of(cls, text: str, start: datetime, end: datetime) -> Query:
        """Read an input such as ``prometheus:https://host:9090?step=15m``.

        Raises:
            ConfigError: For an address that is none, or an option there is not.
        """
        try:
            parts = urlsplit(text.removeprefix(LIVE))
            options = dict(parse_qsl(parts.query, keep_blank_values=True))
        except ValueError:
            parts, options = urlsplit(""), {}
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigError("this is no address of a Prometheus", f"Write it as {LIVE}https://host:9090")
        unknown = sorted(options.keys() - {"step"})
        if unknown:
            raise ConfigError(f"{redacted(parts.geturl())}: unknown option '{unknown[0]}'", "Use ?step=15m, or none.")
        address = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
        return cls(address, start, end, _step(options.get("step", "1h")))

    @property
    def shown(self) -> str:
        """What it is called in messages: the host, nothing that may be a secret."""
        return LIVE + redacted(self.address)

    def pieces(self) -> Iterator[tuple[int, int]]:
        """Yield the first and the last second of each piece."""
        at, last = int(self.start.timestamp()), int(self.end.timestamp())
        while at <= last:
            end = min(at + (MOST_POINTS - 1) * self.step, last)
            yield at, end
            at = end - (end - at) % self.step + self.step


def _step(text: str) -> int:
    found = _STEP.fullmatch(text)
    seconds = int(found[1]) * _SECONDS[found[2]] if found else 0
    if not seconds:
        raise ConfigError(f"'{text}' is no step", "Write ?step=15m, 1h or 1d.")
    return seconds


def fetched(query: Query, token: str | None, folder: Path) -> InputFile:
    """Ask for every counter that is known and put the answer into a file.

    Args:
        query: Of whom, and for when.
        token: Sent as a bearer token; None or empty: none.
        folder: Where the file is put.

    Raises:
        ConfigError: For a token that cannot be sent.
        DeliveryError: When there is no answer, or it is an error.
    """
    headers = _headers(token)
    series: dict[str, _Series] = {}
    warnings: dict[str, None] = {}
    for start, end in query.pieces():
        answer = _asked(query, start, end, headers)
        warnings |= dict.fromkeys(answer.warnings)
        for found in answer.data.result if answer.data else ():
            name = msgspec.json.encode(dict(sorted(found.metric.items()))).decode()
            if name in series:
                series[name].values += found.values
            else:
                series[name] = found
    results = [{"metric": one.metric, "values": one.values} for _, one in sorted(series.items())]
    data = {"resultType": "matrix", "result": results}
    document: dict[str, Any] = {"status": "success", "data": data, "warnings": list(warnings)}
    path = folder / f"prometheus-{len(list(folder.iterdir()))}.json"
    path.write_bytes(msgspec.json.encode(document))
    return InputFile(path, query.shown)


def _headers(token: str | None) -> dict[str, str]:
    plain = (token or "").strip()
    if not plain:
        return {}
    if not (plain.isascii() and plain.isprintable()):
        raise ConfigError("FINOPSCTL_PROMETHEUS_TOKEN holds what no token does", "Set it anew, without line breaks.")
    return {"Authorization": f"Bearer {plain}"}


def _asked(query: Query, start: int, end: int, headers: dict[str, str]) -> _Answer:
    asked = urlencode({"query": PROMQL, "start": start, "end": end, "step": query.step})
    try:
        body = get(f"{query.address}/api/v1/query_range?{asked}", headers=headers)
    except DeliveryError as problem:
        raise DeliveryError(problem.message, _HINT) from None
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise DeliveryError(f"{query.shown}: this is no answer of a Prometheus", "Check the address.") from None
    if answer.status != "success" or answer.data is None:
        said = ": ".join(text for text in (answer.kind, answer.error) if text)[:200] or answer.status or "nothing"
        raise DeliveryError(f"{query.shown} answered with an error: {said}", "Try a shorter period or a longer step.")
    return answer
