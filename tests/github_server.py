"""As much of GitHub on this machine as has the comments of pull requests."""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "ghp_0SECRET0"


@dataclass(slots=True)
class Hub:
    """A pull request's comments, and the requests made about them; ``login`` is the token's user, a job's has none."""

    api: str = ""
    login: str = ""
    comments: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@contextmanager
def hub(*bodies: str) -> Iterator[Hub]:
    """Run as much of GitHub as has comments, those given to begin with."""
    state = Hub(comments=[{"id": at + 1, "body": body} for at, body in enumerate(bodies)])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/user":
                self.reply(200 if state.login else 403, {"login": state.login})
                return
            page = int(re.findall(r"[?&]page=(\d+)", self.path)[0])
            self.reply(200, state.comments[(page - 1) * 100 : page * 100])

        def do_POST(self) -> None:
            state.comments.append({"id": len(state.comments) + 1, "body": self.sent()})
            self.reply(201, state.comments[-1])

        def do_PATCH(self) -> None:
            there = state.comments[int(self.path.rpartition("/")[2]) - 1]
            there["body"] = self.sent()
            self.reply(200, there)

        def sent(self) -> str:
            text: str = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]
            return text

        def reply(self, status: int, document: object) -> None:
            state.asked.append(f"{self.command} {self.path} {self.headers['Authorization']}")
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.api = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
