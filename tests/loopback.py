"""Servers on this machine that do what the real ones do at their worst: a web server and a mail server, in a thread."""

from __future__ import annotations

import socketserver
import ssl
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SECRET = "T0SECRET0B0SECRET"
"""What the path of every address here holds."""


@dataclass(frozen=True, slots=True)
class Act:
    """What a web server does about one request: an answer, ``waits`` seconds later; or none and, after ``hangs``
    seconds, a closed connection."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    hangs: float = 0.0
    waits: float = 0.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Web:
    """A running web server: its address and what it was asked."""

    address: str
    asked: list[Asked] = field(default_factory=list)

    @property
    def bodies(self) -> list[bytes]:
        """What was posted, in order."""
        return [asked.body for asked in self.asked]


@contextmanager
def web(*acts: Act) -> Iterator[Web]:
    """Serve these answers in turn, the last one for ever."""
    script = acts or (Act(),)
    served = Web("")

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            served.asked.append(Asked(self.command, self.path, dict(self.headers), self.rfile.read(length)))
            act = script[min(len(served.asked), len(script)) - 1]
            if act.hangs:
                time.sleep(act.hangs)
                self.close_connection = True
                return
            time.sleep(act.waits)
            self.send_response(act.status)
            for name, value in act.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(act.body)))
            self.end_headers()
            self.wfile.write(act.body)

        do_POST = do_GET = do_PATCH = answer  # noqa: N815 - the names the library calls

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.address = f"http://127.0.0.1:{server.server_port}/services/{SECRET}?token={SECRET}"
    with _running(server):
        yield served


@dataclass(slots=True)
class Post:
    """A running mail server.

    Args:
        port: Where it listens.
        refuses: The code of the answer by the word a command begins with, e.g. ``{"RCPT": 550}``.
        passing: How many times it does so before it gives in; -1: for ever.
        context: Encrypts after STARTTLS; None: that is not offered.
        drops: Whether it hangs up instead of answering the message.
        mails: The messages it took, their envelopes and what it was told otherwise.
    """

    port: int = 0
    refuses: Mapping[str, int] = field(default_factory=dict)
    passing: int = -1
    context: ssl.SSLContext | None = None
    drops: bool = False
    mails: list[bytes] = field(default_factory=list)
    envelopes: list[list[str]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def refusal(self, verb: str) -> int | None:
        """Return the code a command is refused with, if it is."""
        if verb not in self.refuses or self.passing == 0:
            return None
        self.passing -= 1
        return self.refuses[verb]


@contextmanager
def post(served: Post) -> Iterator[Post]:
    """Run a mail server that speaks as much of SMTP (RFC 5321, 3207, 4954) as a sender needs."""
    server = _MailServer(("127.0.0.1", 0), _MailHandler)
    server.post = served
    served.port = server.server_address[1]
    with _running(server):
        yield served


class _MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    post: Post


class _MailHandler(socketserver.StreamRequestHandler):
    """One connection: it answers each command of the sender until that leaves."""

    def handle(self) -> None:
        self.post = cast("_MailServer", self.server).post
        self.envelope: list[str] = []
        self.say("220 loopback")
        while line := self.rfile.readline().decode().strip():
            self.post.told.append(line)
            verb = line.split()[0].upper()
            code = self.post.refusal(verb)
            if code is not None:
                self.say(f"{code} no")
            elif not self.obey(verb, line):
                return

    def obey(self, verb: str, line: str) -> bool:
        """Do what a command says; false ends the connection."""
        match verb:
            case "EHLO":
                offers = self.post.context is not None and not isinstance(self.connection, ssl.SSLSocket)
                self.say("250-loopback", *(["250-STARTTLS"] if offers else []), "250 AUTH PLAIN")
            case "STARTTLS":
                self.say("220 go on")
                return self.encrypt()
            case "AUTH":
                self.say("235 welcome")
            case "DATA":
                return self.take()
            case "QUIT":
                self.say("221 bye")
                return False
            case _:
                self.envelope.append(line)
                self.say("250 ok")
        return True

    def say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    def encrypt(self) -> bool:
        assert self.post.context is not None
        try:
            self.connection = self.post.context.wrap_socket(self.connection, server_side=True)
        except OSError:  # the sender does not trust the certificate
            return False
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
        return True

    def take(self) -> bool:
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        self.post.mails.append(b"".join(lines))
        self.post.envelopes.append(self.envelope)
        if not self.post.drops:
            self.say("250 taken")
        return not self.post.drops

    def finish(self) -> None:
        super().finish()
        self.connection.close()


@contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
