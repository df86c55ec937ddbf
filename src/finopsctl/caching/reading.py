"""Traces from files: prefix-block hashes, or gateway logs that carry their prompts.

A line of a hash trace has ``timestamp`` (milliseconds), ``input_length``, ``output_length`` and ``hash_ids``, one id
per begun block of 512 tokens (Mooncake's format: https://github.com/kvcache-ai/Mooncake). A line of a log is LiteLLM's
(:mod:`finopsctl.caching.prompts`). JSON Lines or one JSON array.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from finopsctl.caching.prompts import LeftOut, is_log, prompt_of_log
from finopsctl.caching.trace import BLOCK, Prompt, Trace, blocks_of
from finopsctl.errors import NoChargesError
from finopsctl.results.finding import Finding, Severity
from finopsctl.results.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_BOM = b"\xef\xbb\xbf"
_SHOWN = 3
_FORMAT = (
    "A trace is JSON Lines with timestamp (ms), input_length, output_length and hash_ids, or LiteLLM spend logs or "
    "standard logging with messages."
)
_STORE = (
    "LiteLLM keeps prompts with general_settings.store_prompts_in_spend_logs: true (or, in standard logging, without "
    "turn_off_message_logging)."
)


class _BadLineError(ValueError):
    """A line that cannot be used; its text says why."""


@dataclass(slots=True)
class _Reading:
    """What has been read so far."""

    name: str
    prompts: list[Prompt] = field(default_factory=list)
    bad: list[tuple[int, str]] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    is_log: bool | None = None

    def take(self, number: int, line: bytes | Mapping[str, Any], block: int) -> None:
        """Read one line; one that cannot be used is remembered with its reason."""
        try:
            record = _record(line)
            log = is_log(record)
            if self.is_log is not None and log is not self.is_log:
                raise _BadLineError("another kind of record than the lines before it")
            self.prompts.append(prompt_of_log(record) if log else _prompt_of_hashes(record, block))
            self.is_log = log
        except LeftOut as reason:
            self.is_log = True
            self.left_out[reason.args[0]] = self.left_out.get(reason.args[0], 0) + 1
        except ValueError as problem:
            self.bad.append((number, str(problem)))


def read_trace(lines: Iterable[bytes], name: str, block: int = BLOCK) -> Trace:
    """Read a trace.

    Args:
        lines: The lines of the file.
        name: How it is called in messages.
        block: Tokens per hash id.

    Raises:
        NoChargesError: When it holds no request that can be used; the message says why.
    """
    reading = _Reading(name)
    for number, line in _numbered(lines):
        reading.take(number, line, block)
    if not reading.prompts:
        raise _nothing(reading)
    ordered = tuple(sorted(reading.prompts, key=lambda prompt: prompt.at))
    return Trace(
        name=name,
        prompts=ordered,
        block=None if reading.is_log else block,
        bad_lines=len(reading.bad),
        left_out=sum(reading.left_out.values()),
        findings=tuple(_findings(reading, was_sorted=list(ordered) == reading.prompts)),
    )


def _numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes | Mapping[str, Any]]]:
    """Yield every line with its number; of a JSON array, its items, counted from 1."""
    stream = iter(lines)
    first = next(stream, b"").removeprefix(_BOM)
    if not first.lstrip().startswith(b"["):
        yield from _told(1, first)
        for number, line in enumerate(stream, 2):
            yield from _told(number, line)
        return
    try:
        items = json.loads(first + b"".join(stream))
    except ValueError as problem:
        raise NoChargesError(f"the JSON array cannot be read: {problem}", _FORMAT) from problem
    yield from enumerate((item if isinstance(item, dict) else {} for item in items), 1)


def _told(number: int, line: bytes) -> Iterator[tuple[int, bytes]]:
    if line.strip():
        yield number, line


def _record(line: bytes | Mapping[str, Any]) -> Mapping[str, Any]:
    if not isinstance(line, bytes):
        return line
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as problem:
        raise _BadLineError("no JSON, or cut short") from problem
    if not isinstance(record, dict):
        raise _BadLineError("no JSON object")
    return record


def _prompt_of_hashes(record: Mapping[str, Any], block: int) -> Prompt:
    """Return the request of one line of a hash trace."""
    missing = [key for key in ("timestamp", "input_length", "hash_ids") if key not in record]
    if missing:
        raise _BadLineError(f"no {' and no '.join(missing)}")
    at, ids = record["timestamp"], record["hash_ids"]
    if not isinstance(at, int | float) or isinstance(at, bool) or not abs(at) < float("inf"):
        raise _BadLineError("timestamp is no number of milliseconds")
    length, answer = _tokens(record, "input_length"), _tokens(record, "output_length")
    if not isinstance(ids, list) or not all(isinstance(each, int | str) for each in ids):
        raise _BadLineError("hash_ids is no list of numbers or texts")
    ends = blocks_of(length, block)
    if len(ids) != len(ends):
        raise _BadLineError(
            f"{counted(len(ids), 'hash id')} for {length:,} tokens; in blocks of {block} there must be {len(ends)}"
        )
    return Prompt(at, length, answer, tuple(ids), ends, length // block)


def _tokens(record: Mapping[str, Any], key: str) -> int:
    count = record.get(key, 0)
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise _BadLineError(f"{key} is no number of tokens")
    return count


def _nothing(reading: _Reading) -> NoChargesError:
    if reading.bad:
        line, reason = reading.bad[0]
        return NoChargesError(f"{reading.name}:{line}: not a line of a trace: {reason}", _FORMAT)
    if reading.left_out:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(reading.left_out.items()))
        return NoChargesError(f"{reading.name}: no request carries a prompt ({reasons})", _STORE)
    return NoChargesError(f"{reading.name}: the file is empty", _FORMAT)


def _findings(reading: _Reading, *, was_sorted: bool) -> Iterator[Finding]:
    for line, reason in reading.bad[:_SHOWN]:
        yield Finding(Severity.WARNING, "bad_line", f"{reading.name}:{line}: {reason}.", evidence={"line": line})
    if len(reading.bad) > _SHOWN:
        rest = counted(len(reading.bad) - _SHOWN, "more line")
        yield Finding(Severity.WARNING, "bad_lines", f"{reading.name}: {rest} could not be used.")
    for reason, count in sorted(reading.left_out.items()):
        yield Finding(Severity.INFO, "left_out", f"{counted(count, 'request')} left out: {reason}.")
    if not was_sorted:
        message = f"{reading.name} is not in order of time; its requests were sorted."
        yield Finding(Severity.INFO, "trace_sorted", message)
    if reading.is_log:
        message = (
            "Approximate: each request's input tokens are divided among its messages by their length, and prefixes "
            "can agree only up to the end of a message. Texts were hashed and nothing of them is kept."
        )
        yield Finding(Severity.INFO, "approximate_trace", message)
