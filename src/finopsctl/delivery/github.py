"""A comment on a pull request at GitHub: written once, and brought up to date from then on.

The comment is told by the HTML comment it begins with (``<!-- finopsctl-check -->``) and by its author, so that nobody
who may comment can put a forged one in its place: that of the token's user; the token of a job or an app has none to
tell (docs.github.com/en/rest/users/users), and then it is a bot's. Where the addresses come from:
docs.github.com/en/rest/issues/comments; what a job knows of itself:
docs.github.com/en/actions/reference/workflows-and-actions/variables.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from finopsctl.errors import ConfigError, DeliveryError, reason_of
from finopsctl.transport.http import Request, check_address, redacted, send

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

API = "https://api.github.com"
_A_PAGE, _PAGES = 100, 30
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_PULL_REQUEST = re.compile(r"refs/pull/([1-9]\d*)/(?:merge|head)")
_MARKER = re.compile(r"<!-- [a-z0-9-]+ -->")
_REFUSED = re.compile(r"answered 40[134]")
_TOKEN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class PullRequest:
    """Which pull request, and how to get at it; the token is in no representation of it.

    Args:
        repository: ``owner/name``.
        number: Its number.
        token: What may write comments; empty: nothing can be sent.
        api: Where GitHub's API is.
    """

    repository: str
    number: int
    token: str = field(default="", repr=False)
    api: str = API

    @property
    def comments(self) -> str:
        """The address of its comments."""
        return f"{self.api}/repos/{self.repository}/issues/{self.number}/comments"

    def comment(self, number: int) -> str:
        """Return the address of one comment."""
        return f"{self.api}/repos/{self.repository}/issues/comments/{number}"


def pull_request(environ: Mapping[str, str], repository: str | None = None, number: int | None = None) -> PullRequest:
    """Return the pull request a job runs for.

    Args:
        environ: GITHUB_REPOSITORY, GITHUB_REF, GITHUB_EVENT_PATH, GITHUB_TOKEN, GITHUB_API_URL.
        repository: Named instead.
        number: Named instead.

    Raises:
        ConfigError: When it is not known, or is none.
    """
    name = repository or environ.get("GITHUB_REPOSITORY", "")
    if not _REPOSITORY.fullmatch(name):
        said = f"'{name}' is no repository" if name else "it is not known which repository to comment in"
        raise ConfigError(said, "Name it with --repo owner/name; in a job GITHUB_REPOSITORY says it.")
    found = number or _number_of(environ)
    if found is None:
        hint = "Name it with --pr N; in a job for pull requests GITHUB_REF or GITHUB_EVENT_PATH says it."
        raise ConfigError("it is not known which pull request to comment on", hint)
    token = environ.get("GITHUB_TOKEN", "").strip()
    if token and not _TOKEN.fullmatch(token):
        raise ConfigError("GITHUB_TOKEN is no token: it holds blanks or control characters", "Set it anew.")
    api = (environ.get("GITHUB_API_URL") or API).rstrip("/")
    if urlsplit(api).query or urlsplit(api).username:
        raise ConfigError("GITHUB_API_URL is no plain address", f"By default it is {API}.")
    return PullRequest(name, found, token, api)


def preview(document: bytes, target: PullRequest) -> str:
    """Return the request that would be sent, without the token; whether there is a comment to update is not known."""
    where = f"{redacted(target.api)[:-4]}{urlsplit(target.comments).path}"
    return f"POST {where} (or PATCH of the comment that is there)\nAuthorization: Bearer (redacted)\n\n" + _text(
        document
    )


def comment(document: bytes, target: PullRequest, pause: Callable[[float], None] = time.sleep) -> bool:
    """Write a comment, or replace the text of the one that begins with the same marker.

    Args:
        document: Markdown that begins with a marker of its own: ``<!-- name -->``.
        target: Where.
        pause: Waits that many seconds between attempts.

    Returns:
        Whether there was a comment already.

    Raises:
        ConfigError: Without a token.
        DeliveryError: When GitHub refuses, cannot be reached, or answers with something else.
    """
    if not target.token:
        raise ConfigError("there is no token to comment with", "Set GITHUB_TOKEN, in the environment only.")
    check_address(target.api)
    text = _text(document)
    marker = _MARKER.match(text)
    assert marker is not None
    there = _comment_there(marker.group(), target, pause)
    body = json.dumps({"body": text}).encode()
    if there is None:
        _sent(Request("POST", target.comments, body, _headers(target)), pause)
    else:
        _sent(Request("PATCH", target.comment(there), body, _headers(target), repeatable=True), pause)
    return there is not None


def _comment_there(marker: str, target: PullRequest, pause: Callable[[float], None]) -> int | None:
    """Return the number of the first comment of ours that begins with the marker."""
    login: str | None = None
    for page in range(1, _PAGES + 1):
        url = f"{target.comments}?per_page={_A_PAGE}&page={page}"
        found = _comments(_sent(Request("GET", url, headers=_headers(target), repeatable=True), pause), target)
        for each in found:
            if not str(each.get("body") or "").startswith(marker) or not isinstance(each.get("id"), int):
                continue
            login = _login(target, pause) if login is None else login
            if _is_of(each.get("user"), login):
                return int(each["id"])
        if len(found) < _A_PAGE:
            return None
    return None


def _login(target: PullRequest, pause: Callable[[float], None]) -> str:
    """Return the name of the token's user; empty: it is no user's, and GitHub refuses to say whose."""
    request = Request("GET", f"{target.api}/user", headers=_headers(target), repeatable=True)
    try:
        found = json.loads(send(request, pause).body)
    except DeliveryError as problem:
        if not _REFUSED.search(problem.message):
            raise
        return ""
    except ValueError:
        return ""
    return str(found.get("login") or "") if isinstance(found, dict) else ""


def _is_of(author: object, login: str) -> bool:
    """Tell whether a comment is of a user, or without one of a bot; yes where it does not say whose it is."""
    if not isinstance(author, dict):
        return True
    return bool(author.get("login") == login if login else author.get("type") == "Bot")


def _sent(request: Request, pause: Callable[[float], None]) -> bytes:
    """Send a request and return the answer's body; where GitHub refuses, say what it may be."""
    try:
        return send(request, pause).body
    except DeliveryError as problem:
        if not _REFUSED.search(problem.message):
            raise
        hint = "Is the repository right, and may GITHUB_TOKEN write there (permissions: pull-requests: write)?"
        raise DeliveryError(problem.message, hint) from None


def _comments(body: bytes, target: PullRequest) -> list[dict[str, Any]]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        message = f"{redacted(target.api)}: the answer is no list of comments"
        raise DeliveryError(message, "Check GITHUB_API_URL.")
    return found


def _headers(target: PullRequest) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {target.token}",
        "Accept": "application/vnd.github+json",
        "Content-Type": "application/json",
        "X-GitHub-Api-Version": "2022-11-28",
    }


def _number_of(environ: Mapping[str, str]) -> int | None:
    """Return the number of the pull request that a job's ref or event is of."""
    ref = _PULL_REQUEST.fullmatch(environ.get("GITHUB_REF", ""))
    if ref is not None:
        return int(ref[1])
    path = environ.get("GITHUB_EVENT_PATH", "")
    if not path:
        return None
    try:
        event = json.loads(Path(path).read_text("utf-8"))
    except OSError as problem:
        raise ConfigError(f"GITHUB_EVENT_PATH: {reason_of(problem)}", "Name the pull request with --pr N.") from problem
    except ValueError:
        raise ConfigError("GITHUB_EVENT_PATH: no JSON", "Name the pull request with --pr N.") from None
    return _number_in(event)


def _number_in(event: object) -> int | None:
    """Return the number in an event of a pull request, or of a comment on one."""
    if not isinstance(event, dict):
        return None
    for part in (event.get("pull_request"), _issue_of_pull_request(event)):
        number = part.get("number") if isinstance(part, dict) else None
        if isinstance(number, int) and number > 0:
            return number
    return None


def _issue_of_pull_request(event: Mapping[str, Any]) -> object:
    issue = event.get("issue")
    return issue if isinstance(issue, dict) and "pull_request" in issue else None


def _text(document: bytes) -> str:
    return document.decode("utf-8")
