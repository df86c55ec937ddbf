"""Delivery in the configuration: variables by name, never a secret, and no secret in what is said about one."""

from __future__ import annotations

from pathlib import Path

import pytest

from finopsctl.config.delivery import VARIABLES
from finopsctl.config.settings import Settings, assemble, load, unknown_variables
from finopsctl.errors import ConfigError

SECRET = "https://hooks.slack.com/services/T0SECRET/B0SECRET"


def read(folder: Path, text: str) -> Settings:
    (folder / "finopsctl.toml").write_text(text, "utf-8")
    return load(config=folder / "finopsctl.toml", environ={"HOME": str(folder)}, start=folder, flags={})


def test_every_key_is_read(tmp_path: Path) -> None:
    delivery = read(
        tmp_path,
        """
        [delivery]
        state = "s/deliveries.json"
        [delivery.slack]
        url-variable = "HOOK"
        [delivery.email]
        host = "smtp.example.org"
        port = 2525
        security = "ssl"
        from = "FinOps <f@example.org>"
        to = "a@example.org, B <b@example.org>"
        cc = ["c@example.org"]
        [delivery.file]
        folder = "reports"
        """,
    ).delivery

    assert (delivery.state, delivery.file.folder) == (Path("s/deliveries.json"), Path("reports"))
    assert delivery.slack.url_variable == "HOOK"
    assert (delivery.email.sender, delivery.email.port, delivery.email.security) == (
        "FinOps <f@example.org>",
        2525,
        "ssl",
    )
    assert (delivery.email.to, delivery.email.cc) == (("a@example.org", "B <b@example.org>"), ("c@example.org",))


@pytest.mark.parametrize(
    "text",
    [
        f'[delivery.slack]\nurl-variable = "{SECRET}"',
        f'[delivery.slack]\nurl = "{SECRET}"',
        f'[delivery.slack]\nwebhook-url = "{SECRET}"',
        f'[delivery.webhook]\nsecret-variable = "{SECRET}"',
        f'[delivery.webhook]\nsecret = "{SECRET}"',
        f'[delivery.email]\npassword = "{SECRET}"',
        f'[delivery.email]\npassword-variable = "{SECRET}"',
        f'[delivery.email]\nuser = "{SECRET}"',
    ],
)
def test_a_secret_is_refused_with_the_way_out_and_not_repeated(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)

    assert "secrets come from the environment only" in caught.value.hint.lower()
    assert "SECRET" not in f"{caught.value.message}{caught.value.hint}".replace("FINOPSCTL_WEBHOOK_SECRET", "")


@pytest.mark.parametrize(
    "text",
    [
        'host = "smtp://user:T0SECRET@example.org"',
        'host = "user:T0SECRET@example.org"',
        'from = "finops"',
        'from = "a@example.org\\r\\nBcc: b@example.org"',
        'to = ["a@example.org", "b"]',
        'to = ["a b@example.org"]',
        "port = 70000",
        'security = "tls"',
    ],
)
def test_a_mailbox_that_cannot_be_one_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, f"[delivery.email]\n{text}")

    assert "T0SECRET" not in caught.value.message
    assert "\n" not in caught.value.message


def test_nothing_is_set_up_by_default(tmp_path: Path) -> None:
    delivery = read(tmp_path, "").delivery

    assert (delivery.state, delivery.email.host, delivery.email.sender, delivery.file.folder) == (None,) * 4
    assert delivery.email.to == ()


def test_the_variables_that_hold_secrets_are_known_and_are_no_settings(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), **dict.fromkeys(VARIABLES, SECRET)}
    settings, problems = assemble(config=None, environ=environ, start=tmp_path, flags={})

    assert (unknown_variables(environ), problems) == ([], [])
    assert "T0SECRET" not in repr(settings)
