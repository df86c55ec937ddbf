"""Text from logs, made harmless: control characters and invisible tricks become visible escapes.

Names of teams, models and users are whatever a client sent. Printed raw, an escape sequence could recolour, overwrite
or retitle the reader's terminal, and a bidirectional override could make one name look like another.
"""

from __future__ import annotations

import re
from unicodedata import east_asian_width

CONTROL_CODES: frozenset[int] = frozenset(
    (
        *range(0x20),  # C0: escape, bell, backspace, newline ...
        *range(0x7F, 0xA0),  # delete and C1, which some terminals obey like escape sequences
        0x061C,
        *(0x200B, 0x200E, 0x200F),  # zero width space, direction marks
        *(0x2028, 0x2029),  # line and paragraph separators
        *range(0x202A, 0x202F),  # bidirectional embeddings and overrides
        *range(0x2060, 0x2070),  # invisible operators, bidirectional isolates
        0xFEFF,
        *range(0xFFF9, 0xFFFC),  # interlinear annotations
        *range(0xE0000, 0xE0080),  # invisible copies of ASCII
    )
)
"""Code points that are never printed as they are."""

_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
_SURROGATES = "\ud800-\udfff"  # bytes of a file name that are no text
_HIDDEN = re.compile(f"[{''.join(re.escape(chr(code)) for code in sorted(CONTROL_CODES))}{_SURROGATES}]")
_TYPOGRAPHY = str.maketrans(
    {
        "\N{EN DASH}": "-",
        "\N{EM DASH}": "-",
        "\N{MINUS SIGN}": "-",
        "…": "...",
        "\N{MULTIPLICATION SIGN}": "x",
        "·": "-",
        "•": "*",
        "→": "->",
        "←": "<-",
        "≥": ">=",
        "≤": "<=",
        "±": "+-",
        "≈": "~",
        "“": '"',
        "”": '"',
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "µ": "u",
        "€": "EUR ",
        "£": "GBP ",
        "¥": "JPY ",
        "₹": "INR ",
        "\N{NO-BREAK SPACE}": " ",
    }
)


def visible(text: str, *, ascii_only: bool = False) -> str:
    r"""Return ``text`` on one line with every control character spelled out, e.g. ``\x1b[2J``.

    ``ascii_only`` also spells typography the ASCII way and any other character as an escape.
    """
    if text.isascii() and text.isprintable():
        return text
    shown = _HIDDEN.sub(_spell, text)
    if not ascii_only:
        return shown
    return shown.translate(_TYPOGRAPHY).encode("ascii", "backslashreplace").decode("ascii")


def commandless(line: str) -> str:
    """Return a line that the runner of a pipeline reads as no command.

    What a job prints is read for commands: GitHub's at the start of a line (``::error::``) or anywhere in it
    (``##[error]``), as github.com/actions/runner parses them (``ActionCommand``). One blank makes them none; a line
    without them is returned as it is.
    """
    quiet = line.replace("##[", "# #[")
    return quiet.replace("::", ": :", 1) if quiet.lstrip().startswith("::") else quiet


def _spell(found: re.Match[str]) -> str:
    character = found.group()
    code = ord(character)
    if code <= 0xFF:
        return _SHORT.get(character, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def fixed_width(text: str) -> int:
    """Return how many places text takes in letters of one width, where nothing but its alignment depends on it."""
    return len(text) if text.isascii() else sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
