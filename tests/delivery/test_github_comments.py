"""Comments on pull requests: written once, then brought up to date, at a server on this machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from finopsctl.delivery.github import PullRequest, comment, preview, pull_request
from finopsctl.errors import ConfigError, DeliveryError
from github_server import TOKEN, hub
from loopback import Act, Web, web

if TYPE_CHECKING:
    from pathlib import Path

MARKER = "<!-- finopsctl-check -->"
BODY = f"{MARKER}\n### FinOps policy\n\nFailed.\n".encode()
JOB = {"GITHUB_REPOSITORY": "acme/llm", "GITHUB_REF": "refs/pull/7/merge", "GITHUB_TOKEN": TOKEN}


def target(api: str) -> PullRequest:
    """Return pull request 7 at a server of ours."""
    return pull_request({**JOB, "GITHUB_API_URL": api})


def at(served: Web) -> PullRequest:
    """Return pull request 7 at a scripted server."""
    return target(served.address.partition("/services")[0])


def no_pause(_: float) -> None:
    """Do not wait between attempts."""


def test_a_comment_is_written_once_and_brought_up_to_date_from_then_on() -> None:
    with hub("LGTM") as github:
        first = comment(BODY, target(github.api))
        second = comment(BODY.replace(b"Failed", b"Passed"), target(github.api))

    assert (first, second) == (False, True)
    assert [each["body"] for each in github.comments] == ["LGTM", BODY.decode().replace("Failed", "Passed")]
    assert [line.split()[0] for line in github.asked] == ["GET", "POST", "GET", "GET", "PATCH"]
    assert {line.rpartition(" ")[2] for line in github.asked} == {TOKEN}


def test_a_comment_that_only_quotes_the_marker_is_not_ours() -> None:
    with hub(f"> {MARKER}\nwhat is this?") as github:
        assert comment(BODY, target(github.api)) is False

    assert len(github.comments) == 2


@pytest.mark.parametrize(
    ("login", "ours"),
    [("", {"login": "github-actions[bot]", "type": "Bot"}), ("carla", {"login": "carla", "type": "User"})],
)
def test_a_comment_that_somebody_else_forged_is_left_alone(login: str, ours: dict[str, str]) -> None:
    with hub(f"{MARKER}\nPassed, trust me", f"{MARKER}\nold") as github:
        github.login = login
        github.comments[0]["user"] = {"login": "mallory", "type": "User"}
        github.comments[1]["user"] = ours

        assert comment(BODY, target(github.api)) is True

    assert [each["body"] for each in github.comments] == [f"{MARKER}\nPassed, trust me", BODY.decode()]
    assert [line.split()[1].rpartition("/")[2] for line in github.asked][1:] == ["user", "2"]


def test_ours_is_found_on_a_later_page() -> None:
    with hub(*["chatter"] * 150, f"{MARKER}\nold") as github:
        assert comment(BODY, target(github.api)) is True

    assert github.comments[150]["body"] == BODY.decode()


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again_after_as_long_as_it_says(status: int) -> None:
    pauses: list[float] = []
    busy, none, done = Act(status, {"Retry-After": "3"}), Act(body=b"[]"), Act(201, body=b"{}")

    with web(busy, none, busy, done) as served:
        comment(BODY, at(served), pauses.append)

    assert pauses == [3.0, 3.0]
    assert [asked.method for asked in served.asked] == ["GET", "GET", "POST", "POST"]


def test_a_comment_that_may_have_arrived_is_not_written_twice() -> None:
    with (
        web(Act(body=b"[]"), Act(504)) as served,
        pytest.raises(DeliveryError, match="answered 504") as raised,
    ):
        comment(BODY, at(served), no_pause)

    assert [asked.method for asked in served.asked] == ["GET", "POST"]
    assert "may have arrived" in raised.value.hint


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_says_what_it_may_be_and_never_the_token(status: int) -> None:
    with web(Act(status, body=b'{"message": "Bad credentials"}')) as served, pytest.raises(DeliveryError) as raised:
        comment(BODY, at(served), no_pause)

    assert f"answered {status}" in raised.value.message
    assert "pull-requests: write" in raised.value.hint
    assert TOKEN not in f"{raised.value!r}{raised.value.message}{raised.value.hint}{raised.value.__cause__}"


def test_a_redirect_is_not_followed_with_the_token() -> None:
    with web() as other, web(Act(302, {"Location": other.address})) as served:
        with pytest.raises(DeliveryError, match="redirects are not followed"):
            comment(BODY, at(served), no_pause)

        assert other.asked == []


@pytest.mark.parametrize("body", [b"<html>", b'{"a": 1}', b"[1]"])
def test_an_answer_that_is_no_list_of_comments_is_an_error(body: bytes) -> None:
    with web(Act(body=body)) as served, pytest.raises(DeliveryError, match="no list of comments"):
        comment(BODY, at(served), no_pause)


def test_without_a_token_nothing_is_sent() -> None:
    job = {name: value for name, value in JOB.items() if name != "GITHUB_TOKEN"}

    with pytest.raises(ConfigError, match="no token"):
        comment(BODY, pull_request(job))


def test_only_https_is_spoken_beyond_this_machine() -> None:
    with pytest.raises(DeliveryError, match="only https"):
        comment(BODY, target("http://github.example.com/api/v3"))


def test_what_would_be_sent_is_shown_without_the_token() -> None:
    shown = preview(BODY, target("https://github.example.com/api/v3"))

    where = "https://github.example.com/api/v3/repos/acme/llm/issues/7/comments"

    assert shown.splitlines()[:2] == [
        f"POST {where} (or PATCH of the comment that is there)",
        "Authorization: Bearer (redacted)",
    ]
    assert shown.endswith(BODY.decode())
    assert TOKEN not in shown
    assert TOKEN not in repr(pull_request(JOB))


@pytest.mark.parametrize(
    ("event", "number"),
    [
        ({"pull_request": {"number": 9}}, 9),
        ({"issue": {"number": 8, "pull_request": {}}}, 8),
        ({"issue": {"number": 8}}, None),
        ({"pull_request": {"number": "9"}}, None),
        ([], None),
    ],
)
def test_the_number_may_come_from_the_event(tmp_path: Path, event: object, number: int | None) -> None:
    path = tmp_path / "event.json"
    path.write_text(json.dumps(event))
    job = {**JOB, "GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_PATH": str(path)}

    if number is not None:
        assert pull_request(job).number == number
    else:
        with pytest.raises(ConfigError, match="which pull request"):
            pull_request(job)


def test_what_is_named_wins_over_what_the_job_says() -> None:
    named = pull_request(JOB, "other/repo", 12)

    assert named.comments == "https://api.github.com/repos/other/repo/issues/12/comments"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"GITHUB_REPOSITORY": ""}, "which repository"),
        ({"GITHUB_REPOSITORY": "acme/../x"}, "is no repository"),
        ({"GITHUB_REF": "refs/heads/main"}, "which pull request"),
        ({"GITHUB_REF": "", "GITHUB_EVENT_PATH": "nowhere.json"}, "GITHUB_EVENT_PATH: no such file"),
        ({"GITHUB_TOKEN": "a\nb"}, "is no token"),
        ({"GITHUB_API_URL": "https://me:pw@github.com"}, "no plain address"),
    ],
)
def test_a_job_that_says_too_little_or_nonsense_is_refused(change: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        pull_request({**JOB, **change})

    assert "pw" not in raised.value.message
