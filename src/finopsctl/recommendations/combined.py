"""All changes together as a file of scenarios: what ``whatif --scenarios`` needs to show the combined figure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from finopsctl.recommendations.advice import Advice

NAME = "everything recommended"
_LISTS = ("swap", "service-tier", "trim-input", "cap-output", "prompt-cache", "cache-hit-rate", "retries")
_SINGLE = ("cache-cost", "cache-lookups")


def scenario_text(changes: Sequence[Advice]) -> str:
    """Return TOML with one ``[[scenario]]`` of every lever of some advice; its comments name the advice. Empty: none.

    Args:
        changes: Advice whose command is ``whatif`` with the levers of its change.
    """
    if not changes:
        return ""
    given = [(option, value, each.title) for each in changes for option, value in _options(each.command[1:])]
    lines = ["[[scenario]]", f"name = {_quoted(NAME)}"]
    for name in _LISTS:
        levers = {value: title for option, value, title in given if option == name}
        if levers:
            lines += [f"{name} = [", *(f"  {_quoted(v)},  # {_comment(title)}" for v, title in levers.items()), "]"]
    lines += [f"{o} = {_quoted(v)}" for o, v in {o: v for o, v, _ in given if o in _SINGLE}.items()]
    lines += [_machine(value) for option, value, _ in given if option == "self-host"][:1]
    return "\n".join(lines) + "\n"


def _options(words: Sequence[str]) -> Iterable[tuple[str, str]]:
    return ((name.removeprefix("--"), value) for name, value in zip(words[::2], words[1::2], strict=True))


def _machine(figures: str) -> str:
    pairs = (item.partition("=") for item in figures.split(","))
    return f"self-host = {{ {', '.join(f'{name.strip()} = {_quoted(value)}' for name, _, value in pairs)} }}"


def _quoted(text: str) -> str:
    """Return a TOML string; JSON's are the same but for one control character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
