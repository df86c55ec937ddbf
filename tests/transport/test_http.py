"""What is fetched, retried and refused, against a server on this machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from finopsctl.errors import DeliveryError
from finopsctl.transport.http import get, is_address, redacted

Answer = Callable[[BaseHTTPRequestHandler, int], None]


@contextmanager
def served(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """Serve ``answer(handler, number of this request)``; yields the address and the paths asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            answer(self, len(asked))

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/prices?token=SECRET", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def reply(handler: BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def no_pause(_: float) -> None:
    """Do not wait between attempts."""


def test_the_body_comes_back_as_it_was_sent() -> None:
    with served(lambda handler, _: reply(handler, 200, b'{"a": 1}')) as (url, asked):
        body = get(url)

    assert body == b'{"a": 1}'
    assert asked == ["/prices?token=SECRET"]


def test_too_many_requests_waits_as_long_as_the_server_asks_and_tries_again() -> None:
    pauses: list[float] = []

    def answer(handler: BaseHTTPRequestHandler, number: int) -> None:
        if number == 1:
            reply(handler, 429, Retry_After="7")
        else:
            reply(handler, 200, b"ok")

    with served(answer) as (url, asked):
        body = get(url, pause=pauses.append)

    assert (body, pauses, len(asked)) == (b"ok", [7.0], 2)


def test_a_retry_date_is_understood_and_capped_at_half_a_minute() -> None:
    pauses: list[float] = []
    far = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)

    def answer(handler: BaseHTTPRequestHandler, number: int) -> None:
        reply(handler, 503 if number == 1 else 200, b"ok", **({"Retry_After": far} if number == 1 else {}))

    with served(answer) as (url, _):
        get(url, pause=pauses.append)

    assert pauses == [30.0]


def test_a_server_that_stays_unavailable_fails_after_three_attempts() -> None:
    with (
        served(lambda handler, _: reply(handler, 503)) as (url, asked),
        pytest.raises(DeliveryError, match=r"answered 503 \(3 attempts\)"),
    ):
        get(url, pause=no_pause)

    assert len(asked) == 3


def test_a_missing_page_is_not_tried_again() -> None:
    with served(lambda handler, _: reply(handler, 404)) as (url, asked), pytest.raises(DeliveryError, match="404"):
        get(url, pause=no_pause)

    assert len(asked) == 1


def test_a_redirect_is_refused_and_not_followed() -> None:
    with (
        served(lambda handler, _: reply(handler, 302, Location="/elsewhere")) as (url, asked),
        pytest.raises(DeliveryError, match="redirects are not followed"),
    ):
        get(url, pause=no_pause)

    assert asked == ["/prices?token=SECRET"]


def test_an_answer_longer_than_allowed_is_refused() -> None:
    with (
        served(lambda handler, _: reply(handler, 200, b"x" * 2000)) as (url, _),
        pytest.raises(DeliveryError, match="longer than 1,000 bytes"),
    ):
        get(url, max_bytes=1000)


def test_a_server_that_does_not_answer_in_time_fails() -> None:
    def answer(handler: BaseHTTPRequestHandler, _: int) -> None:
        time.sleep(0.4)
        handler.close_connection = True

    with served(answer) as (url, _), pytest.raises(DeliveryError, match=r"no answer within 0\.1 s"):
        get(url, timeout=0.1, pause=no_pause)


def test_a_server_that_drips_for_ever_fails_too() -> None:
    """Every byte comes within the timeout, the whole never does."""

    def answer(handler: BaseHTTPRequestHandler, _: int) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(12):
            try:
                handler.wfile.write(b"x")
                handler.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)

    with served(answer) as (url, _), pytest.raises(DeliveryError, match="did not end in time"):
        get(url, timeout=0.2, pause=no_pause)


def test_nobody_listening_is_a_delivery_error() -> None:
    with pytest.raises(DeliveryError, match="no connection"):
        get("http://127.0.0.1:9/prices", pause=no_pause)


@pytest.mark.parametrize("url", ["http://example.org/prices", "ftp://example.org/x", "file:///etc/passwd"])
def test_only_https_leaves_this_machine(url: str) -> None:
    with pytest.raises(DeliveryError):
        get(url, pause=no_pause)


@pytest.mark.parametrize("url", ["https://", "https://[", "https://host:port/"])
def test_a_broken_address_is_an_error_and_no_traceback(url: str) -> None:
    with pytest.raises(DeliveryError):
        get(url, pause=no_pause)


def test_messages_name_the_host_and_nothing_else_of_the_address() -> None:
    with served(lambda handler, _: reply(handler, 404)) as (url, _), pytest.raises(DeliveryError) as caught:
        get(url)

    text = f"{caught.value} {caught.value.message} {caught.value.hint}"
    assert "127.0.0.1" in text
    assert "SECRET" not in text
    assert "prices" not in text
    assert redacted("https://user:pw@host.example/hook/T0/B0?x=1") == "https://host.example/..."


def test_httpx_logs_no_address(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"), served(lambda handler, _: reply(handler, 200, b"ok")) as (url, _):
        get(url)

    assert "SECRET" not in caplog.text


def test_a_file_name_is_no_address() -> None:
    assert is_address("https://example.org/x.toml")
    assert not is_address("prices/openai.toml")


def test_headers_are_sent_and_in_no_message() -> None:
    seen: list[str | None] = []

    def answer(handler: BaseHTTPRequestHandler, _: int) -> None:
        seen.append(handler.headers.get("Authorization"))
        reply(handler, 401)

    with served(answer) as (url, _), pytest.raises(DeliveryError) as raised:
        get(url, headers={"Authorization": "Bearer SECRET"})

    assert seen == ["Bearer SECRET"]
    assert "SECRET" not in f"{raised.value.message} {raised.value.hint}"
