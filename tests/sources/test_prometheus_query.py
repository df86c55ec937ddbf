"""Asking a Prometheus over the network: pieces, tokens, errors; against a server on this machine."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from commands import finopsctl
from finopsctl.errors import ConfigError, DeliveryError
from finopsctl.sources import Query, fetched
from source_rows import read_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIRST, SECOND = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 2, tzinfo=UTC)
TOKEN = "s3cr3t-t0k3n"


class Server:
    """A Prometheus with one counter that rises by one a second since 1970; it refuses what a real one refuses."""

    def __init__(self, body: bytes | None = None, status: int = 200) -> None:
        self.body, self.status = body, status
        self.asked: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.tokens: list[str | None] = []

    def answer(self, path: str, token: str | None) -> bytes:
        parts = urlsplit(path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.asked.append(asked)
        self.paths.append(parts.path)
        self.tokens.append(token)
        if self.body is not None:
            return self.body
        start, end, step = (int(asked[name]) for name in ("start", "end", "step"))
        assert (end - start) // step < 11_000, "exceeded maximum resolution of 11,000 points per timeseries"
        values = [[at, str(at - 1_790_000_000)] for at in range(start, end + 1, step)]
        metric = {"__name__": "litellm_spend_metric_total", "model": "gpt-4o"}
        answer = {"resultType": "matrix", "result": [{"metric": metric, "values": values}]}
        return json.dumps({"status": "success", "data": answer}).encode()


@contextmanager
def served(server: Server) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = server.answer(self.path, self.headers.get("Authorization"))
            self.send_response(server.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"prometheus:http://127.0.0.1:{http.server_port}"
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


def total(path: Path) -> tuple[int, Any]:
    frame, _ = read_file(path)
    return frame.height, frame["reported_cost"].sum()


def test_a_day_is_24_buckets_of_an_hour(tmp_path: Path) -> None:
    """One a second: 86,400."""
    server = Server()
    with served(server) as address:
        file = fetched(Query.of(address, FIRST, SECOND), None, tmp_path)

    assert total(file.path) == (24, 86_400)
    assert server.paths == ["/api/v1/query_range"]
    assert "litellm_spend_metric" in server.asked[0]["query"]
    assert server.tokens == [None]


def test_a_long_period_is_asked_in_pieces_and_loses_nothing_between_them(tmp_path: Path) -> None:
    """A day of steps of 5 s is 17,281 points: 10,000 and 7,281; their sum is that of one question."""
    server = Server()
    with served(server) as address:
        file = fetched(Query.of(f"{address}/?step=5s", FIRST, SECOND), None, tmp_path)

    assert [int(asked["end"]) - int(asked["start"]) for asked in server.asked] == [9_999 * 5, 7_280 * 5]
    assert total(file.path) == (17_280, 86_400)


def test_a_path_before_the_api_is_kept(tmp_path: Path) -> None:
    server = Server()
    with served(server) as address:
        fetched(Query.of(f"{address}/prom/", FIRST, SECOND), None, tmp_path)

    assert server.paths == ["/prom/api/v1/query_range"]


def test_the_token_is_sent_as_bearer_and_in_no_message(tmp_path: Path) -> None:
    server = Server(b"no", 403)
    with served(server) as address, pytest.raises(DeliveryError) as raised:
        fetched(Query.of(address, FIRST, SECOND), TOKEN, tmp_path)

    assert server.tokens == [f"Bearer {TOKEN}"]
    assert "403" in raised.value.message
    assert TOKEN not in f"{raised.value.message} {raised.value.hint}"


def test_a_token_that_no_header_holds_is_refused_without_showing_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="FINOPSCTL_PROMETHEUS_TOKEN") as raised:
        fetched(Query.of("prometheus:http://127.0.0.1:9", FIRST, SECOND), "geh\neim", tmp_path)

    assert "eim" not in raised.value.message


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"status":"error","errorType":"execution","error":"too many samples"}', "execution: too many samples"),
        (b"<html>log in</html>", "this is no answer of a Prometheus"),
        (b'{"status":"success","data":{"resultType":"matrix","result":5}}', "this is no answer of a Prometheus"),
        (b'{"status":"success"}', "answered with an error"),
    ],
)
def test_an_error_of_the_api_is_one_line_and_exit_5(body: bytes, said: str, tmp_path: Path) -> None:
    with served(Server(body)) as address:
        done = finopsctl("kpi", address, "--month", "2026-10", folder=tmp_path)

    assert (done.returncode, done.stdout) == (5, "")
    assert said in done.stderr.splitlines()[0]
    assert len(done.stderr.splitlines()) == 2


def test_a_question_about_a_live_prometheus_is_answered_with_the_token_of_the_environment(tmp_path: Path) -> None:
    """Two hours of one USD a second: 7,200; what is shown names the host and nothing else."""
    server = Server()
    with served(server) as address:
        done = finopsctl(
            *("attribution", f"{address}/secret-path?step=30m", "--by", "model", "-f", "json"),
            *("--since", "2026-10-01", "--until", "2026-10-01T02:00Z"),
            folder=tmp_path,
            FINOPSCTL_PROMETHEUS_TOKEN=TOKEN,
        )

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [(row["model"], row["spend"], row["requests"]) for row in found["rows"]] == [("gpt-4o", 7200, None)]
    assert found["inputs"][0]["path"] == "prometheus:http://127.0.0.1/..."
    assert server.tokens == [f"Bearer {TOKEN}"]
    assert not {TOKEN, "secret-path"} & set(done.stdout.replace("/", " ").split())


def test_an_address_in_the_configuration_is_an_address(tmp_path: Path) -> None:
    with served(Server()) as address:
        (tmp_path / "finopsctl.toml").write_text(f'inputs = ["{address}"]\nmonth = "2026-10"\n', "utf-8")
        done = finopsctl("attribution", "--by", "model", "-f", "json", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["totals"]["spend"] == 31 * 86_400


@pytest.mark.parametrize("period", [(), ("--since", "2026-10-01"), ("--until", "2026-10-01"), ("--last", "7d")])
def test_a_period_without_both_ends_asks_for_them_before_anything_is_sent(
    period: tuple[str, ...], tmp_path: Path
) -> None:
    server = Server()
    with served(server) as address:
        done = finopsctl("kpi", address, *period, folder=tmp_path)

    assert done.returncode == 2
    assert "--month 2026-10" in done.stderr
    assert server.asked == []


def test_inspect_asks_nobody(tmp_path: Path) -> None:
    server = Server()
    with served(server) as address:
        done = finopsctl("inspect", address, folder=tmp_path)

    assert (done.returncode, server.asked) == (4, [])
    assert "finopsctl sources prometheus" in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prometheus:", "no address of a Prometheus"),
        ("prometheus:ftp://host", "no address of a Prometheus"),
        ("prometheus:https://[", "no address of a Prometheus"),
        ("prometheus:https://host?stepp=1h", "unknown option 'stepp'"),
        ("prometheus:https://host?step=0s", "'0s' is no step"),
        ("prometheus:https://host?step=1y", "'1y' is no step"),
    ],
)
def test_a_wrong_address_says_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Query.of(text, FIRST, SECOND)

    assert said in raised.value.message


def test_plain_http_leaves_this_machine_never(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="only https"):
        fetched(Query.of("prometheus:http://prometheus.example:9090", FIRST, SECOND), TOKEN, tmp_path)
