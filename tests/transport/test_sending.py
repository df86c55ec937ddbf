"""Requests that change something: when they are tried again, and that no secret of theirs is ever seen."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING

import pytest

from finopsctl.errors import DeliveryError
from finopsctl.transport.http import Reply, Request, send
from loopback import SECRET, Act, web

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADERS = {"Authorization": f"Bearer {SECRET}"}


def chained(problem: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and all that hang on to it, whether a traceback shows them or not."""
    while problem is not None:
        yield problem
        yield from chained(problem.__cause__)
        problem = problem.__context__


def sent(address: str, *, repeatable: bool = False, timeout: float = 5.0) -> tuple[Reply, list[float]]:
    pauses: list[float] = []
    return send(Request("POST", address, b"body", HEADERS, timeout, repeatable=repeatable), pauses.append), pauses


def test_body_and_headers_arrive_as_they_are_and_the_answer_comes_back() -> None:
    with web(Act(201, body=b'{"id": 7}')) as server:
        reply, _ = sent(server.address)

    (asked,) = server.asked

    assert reply == Reply(201, b'{"id": 7}')
    assert (asked.method, asked.body, asked.headers["Authorization"]) == ("POST", b"body", f"Bearer {SECRET}")


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_request_that_was_not_taken_is_sent_again(status: int) -> None:
    with web(Act(status), Act(200)) as server:
        _, pauses = sent(server.address)

    assert (len(server.asked), pauses) == (2, [1.0])


def test_a_wait_that_a_server_asks_for_is_waited() -> None:
    with web(Act(429, {"Retry-After": "31"}), Act(200)) as server:
        _, pauses = sent(server.address)

    assert (len(server.asked), pauses) == (2, [31.0])


def test_a_server_that_asks_to_wait_an_hour_is_not_asked_before() -> None:
    with (
        web(Act(429, {"Retry-After": "3600"})) as server,
        pytest.raises(DeliveryError, match=r"answered 429 and asks to wait 3,600 s$"),
    ):
        sent(server.address)

    assert len(server.asked) == 1


def test_three_attempts_are_all() -> None:
    with web(Act(503)) as server, pytest.raises(DeliveryError, match=r"answered 503 \(3 attempts\)"):
        sent(server.address)

    assert len(server.asked) == 3


@pytest.mark.parametrize("act", [Act(hangs=2.0), Act(504), Act(408)])
def test_a_request_that_may_have_arrived_is_not_sent_again(act: Act) -> None:
    with web(act, Act(200)) as server, pytest.raises(DeliveryError) as caught:
        sent(server.address, timeout=0.6)

    assert len(server.asked) == 1
    assert "may have arrived" in caught.value.hint


@pytest.mark.parametrize("act", [Act(hangs=2.0), Act(504), Act(408)])
def test_one_whose_copies_are_recognized_is(act: Act) -> None:
    with web(act, Act(200)) as server:
        sent(server.address, repeatable=True, timeout=0.6)

    assert len(server.asked) == 2


def test_what_only_reads_is_asked_again() -> None:
    with web(Act(hangs=2.0), Act(504), Act(200, body=b"[]")) as server:
        reply = send(Request("GET", server.address, headers=HEADERS, timeout=0.6), lambda _: None)

    assert reply == Reply(200, b"[]")
    assert len(server.asked) == 3


def test_without_a_connection_nothing_was_sent_so_it_is_tried_again() -> None:
    pauses: list[float] = []
    with pytest.raises(DeliveryError, match=r"no connection \(ConnectError\) \(3 attempts\)") as caught:
        send(Request("POST", f"http://127.0.0.1:9/{SECRET}", b"", HEADERS), pauses.append)

    assert len(pauses) == 2
    assert "may have arrived" not in caught.value.hint


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_refused_and_not_followed(status: int) -> None:
    with (
        web(Act(status, {"Location": f"/{SECRET}"})) as server,
        pytest.raises(DeliveryError, match="redirects are not followed"),
    ):
        sent(server.address)

    assert len(server.asked) == 1


def test_the_word_a_server_refuses_with_is_told() -> None:
    with web(Act(400, body=b"invalid_blocks")) as server, pytest.raises(DeliveryError, match=r"400 \(invalid_blocks\)"):
        sent(server.address)

    assert len(server.asked) == 1


def test_a_longer_answer_is_not_for_it_may_repeat_what_was_sent() -> None:
    with web(Act(403, body=f"no: {SECRET}".encode())) as server, pytest.raises(DeliveryError, match=r"answered 403$"):
        sent(server.address)


@pytest.mark.parametrize(
    "act", [Act(200), Act(404), Act(503), Act(hangs=2.0), Act(302, {"Location": f"https://x.example/{SECRET}"})]
)
def test_no_secret_is_in_a_message_a_chain_a_traceback_a_representation_or_a_log(
    act: Act, caplog: pytest.LogCaptureFixture
) -> None:
    problem: DeliveryError | None = None
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, "httpx"), web(act) as server:
        for logger in ("httpcore", "httpcore.connection", "httpcore.http11"):
            caplog.set_level(logging.DEBUG, logger)
        request = Request("POST", server.address, SECRET.encode(), HEADERS, timeout=0.6)
        try:
            send(request, lambda _: None)
        except DeliveryError as caught:
            problem = caught
    said = "".join(f"{each!r}{vars(each)}{each.args}" for each in chained(problem))
    shown = "".join(traceback.format_exception(problem)) if problem else ""

    assert list(chained(problem)) == ([problem] if problem else [])
    assert (problem is None) == (act == Act(200))
    assert SECRET not in f"{said}{shown}{request!r}{caplog.text}"


def test_what_others_log_is_left_as_it_was() -> None:
    logger = logging.getLogger("httpx")
    before = logger.level
    logger.setLevel(logging.DEBUG)
    try:
        with web() as server:
            sent(server.address)

        assert logger.level == logging.DEBUG
    finally:
        logger.setLevel(before)


@pytest.mark.parametrize("url", ["http://example.org/x", "ftp://127.0.0.1/x", "https://", "https://[", "x"])
def test_nothing_leaves_this_machine_in_the_clear(url: str) -> None:
    with pytest.raises(DeliveryError):
        send(Request("POST", url), lambda _: None)
