"""What was delivered when: a small JSON file, read and written by one process at a time.

It holds report, period, channel, the moment, and hashes of target and content: no address and nothing of a report.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from finopsctl.errors import DeliveryError, FinopsError, reason_of
from finopsctl.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCHEMA = "finopsctl/deliveries/1"
_PATIENCE = 300.0  # seconds: longer than another process needs for three attempts and the pauses between them


@dataclass(frozen=True, slots=True)
class Delivered:
    """One delivery; ``target`` and ``content`` are hashes."""

    report: str
    period: str
    channel: str
    target: str
    at: datetime
    content: str

    def is_same(self, other: Delivered) -> bool:
        """Say whether both are of one report and period to one target."""
        return (self.report, self.period, self.channel, self.target) == (
            other.report,
            other.period,
            other.channel,
            other.target,
        )


@dataclass(slots=True)
class Book:
    """The deliveries of a file while it is held."""

    path: Path
    entries: list[Delivered]

    def last(self, asked: Delivered) -> Delivered | None:
        """Return the last delivery of the same report and period to the same target."""
        return next((entry for entry in reversed(self.entries) if entry.is_same(asked)), None)

    def add(self, done: Delivered) -> None:
        """Remember a delivery, in the file too; it replaces an earlier one of the same.

        Raises:
            DeliveryError: When the file cannot be written: the next run will deliver once more.
        """
        self.entries = [*(entry for entry in self.entries if not entry.is_same(done)), done]
        try:
            write_whole(self.path, _written(self.entries))
        except FinopsError as problem:
            raise DeliveryError(
                f"delivered to {done.channel}, but that could not be remembered: {problem.message}",
                f"The next run would send it again. Make {self.path.parent} writable.",
            ) from None


@dataclass(frozen=True, slots=True)
class Memory:
    """The file of deliveries.

    Args:
        path: Where it is, whether or not it exists.
        patience: Seconds to wait for another process that holds it.
    """

    path: Path
    patience: float = field(default=_PATIENCE)

    @contextmanager
    def held(self) -> Iterator[Book]:
        """Hold the file: no other process reads or writes it until the end.

        Raises:
            DeliveryError: When it cannot be read or written, or another process keeps holding it.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(self.path.with_name(f"{self.path.name}.lock"), timeout=self.patience)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise DeliveryError(
                f"another finopsctl has been delivering for {self.patience:,.0f} s", "Try again when it has ended."
            ) from None
        except (OSError, NotImplementedError) as problem:
            reason = reason_of(problem) if isinstance(problem, OSError) else "files cannot be locked there"
            raise DeliveryError(
                f"{self.path.parent}: {reason}: what was delivered could not be remembered",
                "Name a file that can be written: state = ... in [delivery].",
            ) from None
        try:
            yield Book(self.path, self.entries())
        finally:
            lock.release()

    def entries(self) -> list[Delivered]:
        """Return all deliveries, oldest first; none where the file does not exist.

        Raises:
            DeliveryError: When it is not such a file.
        """
        try:
            text = self.path.read_text("utf-8")
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as problem:
            reason = reason_of(problem) if isinstance(problem, OSError) else "not text"
            raise DeliveryError(f"{self.path}: {reason}", _WAY_OUT) from None
        return _read(text, self.path)


_WAY_OUT = "Mend it, or move it away: then nothing counts as delivered."


def sealed(secret: str | bytes) -> str:
    """Return the hash that stands for a target or a content."""
    raw = secret if isinstance(secret, bytes) else secret.encode()
    return f"sha256:{hashlib.sha256(raw).hexdigest()[:32]}"


def _read(text: str, path: Path) -> list[Delivered]:
    try:
        held = json.loads(text)
        if held["schema"] != SCHEMA:
            raise DeliveryError(f"{path}: written by another version of finopsctl", _WAY_OUT)
        return [Delivered(**{**entry, "at": datetime.fromisoformat(entry["at"])}) for entry in held["deliveries"]]
    except (ValueError, KeyError, TypeError):
        raise DeliveryError(f"{path}: not a file of deliveries", _WAY_OUT) from None


def _written(entries: list[Delivered]) -> bytes:
    rows = [
        {
            "report": entry.report,
            "period": entry.period,
            "channel": entry.channel,
            "target": entry.target,
            "at": entry.at.isoformat(),
            "content": entry.content,
        }
        for entry in entries
    ]
    return (json.dumps({"schema": SCHEMA, "deliveries": rows}, indent=1) + "\n").encode()
