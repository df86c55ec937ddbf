"""Starts a Prometheus of the machine on a free port, and a server that it scrapes."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PLAIN = "text/plain; version=0.0.4; charset=utf-8"
needs_prometheus = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="prometheus (Debian package prometheus) is not installed"
)


@contextmanager
def exposed(pages: Mapping[str, tuple[str, Callable[[], bytes]]]) -> Iterator[str]:
    """Serve pages (path -> content type, body) on this machine; yields host and port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = pages[self.path.partition("?")[0]]
            content = body()
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Prometheus:
    """A running Prometheus.

    Args:
        address: Its address on this machine.
    """

    def __init__(self, address: str) -> None:
        self.address = address

    def ask(self, path: str, **query: object) -> Any:
        """Return the ``data`` of an answer of the API."""
        with urlopen(f"{self.address}/api/v1/{path}?{urlencode(query)}", timeout=5) as answer:
            return json.load(answer)["data"]

    def value(self, query: str) -> float | None:
        """Return the one value that a query has now; None without any."""
        found = self.ask("query", query=query)["result"]
        assert len(found) <= 1, found
        return float(found[0]["value"][1]) if found else None

    def wait_for(self, query: str, seconds: float = 30) -> float:
        """Return the value of a query as soon as there is one."""
        until = time.monotonic() + seconds
        while (found := self.value(query)) is None:
            assert time.monotonic() < until, f"no {query} after {seconds} s: {self.ask('targets')}"
            time.sleep(0.3)
        return found


@contextmanager
def running(folder: Path, target: str, paths: Mapping[str, str], rules: str) -> Iterator[Prometheus]:
    """Start a Prometheus that scrapes ``target`` each second and evaluates ``rules``.

    Args:
        folder: Where its configuration and data are put.
        target: Host and port.
        paths: Name of a job -> its path there.
        rules: A rules file.
    """
    (folder / "rules.yml").write_text(rules, "utf-8")
    jobs = [{"job_name": name, "metrics_path": path, "static_configs": [{"targets": [target]}]}
            for name, path in paths.items()]  # fmt: skip
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "scrape_configs": jobs,
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), "utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        *("prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}"),
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    log = (folder / "log.txt").open("wb")
    process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait_until_ready(process, f"http://127.0.0.1:{port}", folder)
        yield Prometheus(f"http://127.0.0.1:{port}")
    finally:
        process.kill()
        process.wait(10)
        log.close()


def _wait_until_ready(process: subprocess.Popen[bytes], address: str, folder: Path) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            with urlopen(f"{address}/-/ready", timeout=2):
                return
        except (URLError, OSError):
            assert process.poll() is None, (folder / "log.txt").read_text()
            assert time.monotonic() < until, "Prometheus did not get ready in 30 s"
            time.sleep(0.2)
