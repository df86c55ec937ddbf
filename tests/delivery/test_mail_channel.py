"""Mail: it arrives whole and once, encrypted, at all of its recipients or none."""

from __future__ import annotations

import ssl
import traceback
from dataclasses import replace
from email import message_from_bytes
from email.policy import SMTP
from typing import TYPE_CHECKING

import pytest
import trustme

from finopsctl.delivery.email import Mailbox, addressed, outlet
from finopsctl.errors import ConfigError, DeliveryError
from loopback import SECRET, Post, post
from parcels import no_pause, parcel

if TYPE_CHECKING:
    from finopsctl.delivery.parcel import Parcel

DOCUMENT = (
    b"Subject: Weekly report\r\nFrom: finopsctl <noreply@finopsctl.invalid>\r\n"
    b"Date: Mon, 02 Nov 2026 00:00:00 +0000\r\nMessage-ID: <abc@finopsctl.invalid>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    b"Spend: 12\r\n.\r\n..dots\r\n"
)
MAILBOX = Mailbox("127.0.0.1", 0, "none", "FinOps <finops@example.org>", ("cfo@example.org", "B <b@example.org>"))


def mail(server: Post, **changes: object) -> None:
    mailbox = replace(MAILBOX, port=server.port, timeout=2.0, **changes)  # type: ignore[arg-type]
    outlet(mailbox, no_pause).send(document(), "key")


def document() -> Parcel:
    return replace(parcel(DOCUMENT), media_type="message/rfc822", extension=".eml")


def authority() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the server's side and the sender's side of a certificate for 127.0.0.1."""
    ca = trustme.CA()
    served, trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    ca.issue_cert("127.0.0.1").configure_cert(served)
    ca.configure_trust(trusted)
    return served, trusted


def test_the_message_arrives_whole_and_once_with_a_dot_alone_on_a_line() -> None:
    with post(Post()) as server:
        mail(server, cc=("c@example.org",))

    (taken,) = server.mails
    message = message_from_bytes(taken, policy=SMTP)

    assert message["From"] == "FinOps <finops@example.org>"
    assert message["To"] == "cfo@example.org, B <b@example.org>"
    assert message["Cc"] == "c@example.org"
    assert message.get_content() == "Spend: 12\r\n.\r\n..dots\r\n"
    assert server.envelopes == [
        [
            "mail FROM:<finops@example.org>",
            "rcpt TO:<cfo@example.org>",
            "rcpt TO:<b@example.org>",
            "rcpt TO:<c@example.org>",
        ]
    ]


def test_the_id_is_that_of_the_document_under_the_senders_domain() -> None:
    once, twice = addressed(DOCUMENT, MAILBOX), addressed(DOCUMENT, MAILBOX)

    assert once == twice
    assert b"Message-ID: <abc@example.org>\r\n" in once
    assert b"Date: Mon, 02 Nov 2026 00:00:00 +0000\r\n" in once


def test_a_document_without_a_date_gets_one() -> None:
    undated = DOCUMENT.replace(b"Date: Mon, 02 Nov 2026 00:00:00 +0000\r\n", b"")

    assert message_from_bytes(addressed(undated, MAILBOX), policy=SMTP)["Date"].datetime.tzinfo is not None


def test_a_server_that_is_busy_is_asked_again() -> None:
    with post(Post(refuses={"RCPT": 451}, passing=1)) as server:
        mail(server)

    assert len(server.mails) == 1


def test_a_recipient_that_is_refused_stops_the_mail_for_all() -> None:
    with post(Post(refuses={"RCPT": 550})) as server, pytest.raises(DeliveryError) as caught:
        mail(server)

    assert server.mails == []
    assert "refused the recipient cfo@example.org (550)" in caught.value.message
    assert "Nothing was sent to anybody" in caught.value.hint


def test_three_attempts_are_all() -> None:
    with post(Post(refuses={"MAIL": 421})) as server, pytest.raises(DeliveryError, match=r"\(421\) \(3 attempts\)"):
        mail(server)

    assert len([line for line in server.told if line.startswith("mail")]) == 3


def test_a_message_whose_answer_is_lost_is_not_sent_again() -> None:
    with post(Post(drops=True)) as server, pytest.raises(DeliveryError) as caught:
        mail(server)

    assert len(server.mails) == 1
    assert "may have arrived" in caught.value.hint


def test_nobody_listening_is_a_failed_delivery() -> None:
    with pytest.raises(DeliveryError, match=r"no connection \(ConnectionRefusedError\) \(3 attempts\)"):
        mail(Post(port=9))


def test_mail_is_encrypted_before_anything_is_said() -> None:
    served, trusted = authority()
    with post(Post(context=served)) as server:
        mail(server, security="starttls", user="u", password=SECRET, context=trusted)

    assert len(server.mails) == 1
    assert [line.split()[0] for line in server.told[:4]] == ["ehlo", "STARTTLS", "ehlo", "AUTH"]


def test_a_server_that_cannot_encrypt_gets_nothing() -> None:
    with post(Post()) as server, pytest.raises(DeliveryError, match="offers no encryption"):
        mail(server, security="starttls", user="u", password=SECRET)

    assert server.mails == []
    assert not [line for line in server.told if line.startswith("AUTH")]


def test_a_certificate_nobody_vouches_for_is_refused() -> None:
    served, _ = authority()
    with post(Post(context=served)) as server, pytest.raises(DeliveryError, match="certificate is not trusted"):
        mail(server, security="starttls", user="u", password=SECRET)

    assert server.mails == []
    assert not [line for line in server.told if line.startswith("AUTH")]


def test_a_password_that_is_refused_is_in_no_message_and_no_traceback() -> None:
    with post(Post(refuses={"AUTH": 535})) as server, pytest.raises(DeliveryError, match="user and password") as caught:
        mail(server, user="u", password=SECRET)

    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None
    assert SECRET not in repr(replace(MAILBOX, user="u", password=SECRET))
    assert server.mails == []


@pytest.mark.parametrize("host", ["smtp.example.org", "10.0.0.5"])
def test_mail_in_the_clear_stays_on_this_machine(host: str) -> None:
    with pytest.raises(ConfigError, match="in the clear"):
        outlet(replace(MAILBOX, host=host))


@pytest.mark.parametrize(
    ("changes", "word"), [({"host": ""}, "host"), ({"sender": ""}, "from"), ({"to": ()}, "to"), ({"user": "u"}, "user")]
)
def test_what_is_missing_is_named(changes: dict[str, str], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        outlet(replace(MAILBOX, **changes))  # type: ignore[arg-type]


def test_a_preview_is_the_mail_without_user_and_password() -> None:
    text = outlet(replace(MAILBOX, user="u", password=SECRET)).preview(document())

    assert text.startswith("MAIL smtp://127.0.0.1/... (2 recipients)\n\nSubject: Weekly report")
    assert "To: cfo@example.org, B <b@example.org>" in text
    assert SECRET not in text
