"""Slack and web services: what arrives there, how often, and what is said when it does not."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

import pytest

from finopsctl.delivery import slack, webhook
from finopsctl.errors import ConfigError, DeliveryError
from loopback import SECRET, Act, web
from parcels import no_pause, parcel

if TYPE_CHECKING:
    from finopsctl.delivery.parcel import Outlet


def test_slack_gets_the_message_as_json() -> None:
    with web() as server:
        slack.outlet(server.address, "X").send(parcel(), "key")

    (asked,) = server.asked

    assert asked.method == "POST"
    assert asked.path.startswith(f"/services/{SECRET}")
    assert asked.headers["Content-Type"] == "application/json; charset=utf-8"
    assert asked.body == parcel().content


@pytest.mark.parametrize("act", [Act(429, {"Retry-After": "0"}), Act(503)])
def test_slack_gets_it_again_where_it_did_not_take_it(act: Act) -> None:
    with web(act, Act(200)) as server:
        slack.outlet(server.address, "X", pause=no_pause).send(parcel(), "key")

    assert len(server.asked) == 2


def test_slack_gets_no_second_copy_when_its_answer_is_lost() -> None:
    with web(Act(hangs=2.0)) as server, pytest.raises(DeliveryError, match="no answer within"):
        slack.outlet(server.address, "X", timeout=0.6, pause=no_pause).send(parcel(), "key")

    assert len(server.asked) == 1


def test_a_service_gets_it_again_under_the_same_key_when_its_answer_is_lost() -> None:
    with web(Act(hangs=2.0), Act(200)) as server:
        webhook.outlet(server.address, "X", "", timeout=0.6, pause=no_pause).send(parcel(), "key 1")

    assert [asked.headers["Idempotency-Key"] for asked in server.asked] == ["key 1", "key 1"]


def test_a_service_can_check_who_sent_the_body() -> None:
    with web() as server:
        webhook.outlet(server.address, "X", "s3cret").send(parcel(b"body"), "key")

    (asked,) = server.asked

    assert asked.headers["Content-Type"] == "application/json"
    assert asked.headers["X-Finopsctl-Document"] == "weekly-2026-W44.json"
    assert (
        asked.headers["X-Finopsctl-Signature"] == f"sha256={hmac.new(b's3cret', b'body', hashlib.sha256).hexdigest()}"
    )


def test_without_a_secret_nothing_is_signed() -> None:
    with web() as server:
        webhook.outlet(server.address, "X", "").send(parcel(), "key")

    assert "X-Finopsctl-Signature" not in server.asked[0].headers


def test_a_preview_shows_neither_address_nor_secret() -> None:
    text = webhook.outlet(f"https://user:{SECRET}@example.org/{SECRET}", "X", SECRET).preview(parcel())

    assert text.startswith("POST https://example.org/...\nContent-Type: application/json\n")
    assert '{"text": "hello"}' in text
    assert SECRET not in text


def test_a_preview_of_bytes_counts_them() -> None:
    text = webhook.outlet("https://example.org", "X", "").preview(parcel(b"\xff\xfe" * 600))

    assert text.endswith("(1,200 bytes of application/json)")


@pytest.mark.parametrize("outlet", [slack.outlet("", "MY_HOOK"), webhook.outlet("", "MY_HOOK", "")])
def test_without_an_address_the_variable_is_named(outlet: Outlet) -> None:
    assert "$MY_HOOK, which is not set" in outlet.preview(parcel())
    for attempt in (outlet.check, lambda: outlet.send(parcel(), "key")):
        with pytest.raises(ConfigError, match="MY_HOOK is not set"):
            attempt()


def test_an_address_in_the_clear_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"MY_HOOK: http://example\.org/\.\.\.: only https") as caught:
        slack.outlet(f"http://example.org/{SECRET}", "MY_HOOK").check()

    assert caught.value.__context__ is None


@pytest.mark.parametrize("address", ["hooks.slack.com/services/x", "https://", "https://[", "*****"])
def test_what_is_no_address_is_refused_without_being_repeated(address: str) -> None:
    with pytest.raises(ConfigError) as caught:
        slack.outlet(address, "MY_HOOK").send(parcel(), "key")

    assert caught.value.message.startswith("MY_HOOK: ")
    assert address not in caught.value.message
