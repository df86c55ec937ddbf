"""Reports as one HTML page that needs nothing but a browser, e.g. for a board pack, a mail or a build's artefacts.

Everything is in the file: style sheet, charts as SVG, the report's JSON. The page asks no server for anything, and its
content security policy forbids it to: without ``--interactive`` nothing in it runs, with it one script of known hash.
Names come from logs; Jinja escapes every one of them, in text and in attributes.
"""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from finopsctl.renderers._chart_canvas import FONT
from finopsctl.renderers._grid import (
    notation_of,
)
from finopsctl.renderers._json_document import text_of
from finopsctl.renderers._machine_text import encode, schema_of
from finopsctl.renderers._page import Section, remarks_of, section_of, trusted
from finopsctl.renderers._page_facts import as_of_words, facts_of, period_words
from finopsctl.renderers._palette import COLOURS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import jinja2

    from finopsctl.renderers import Screen
    from finopsctl.results.report import Report

_ACRONYM = 3  # letters of a command at most that is one: kpi
_SECTIONS = 3  # from which on a page says what is on it
_IN_SCRIPT = str.maketrans({"<": r"\u003c", ">": r"\u003e", "&": r"\u0026"})  # only strings hold them


def render(report: Report, screen: Screen) -> bytes:
    """Return the report as a page; the screen says whether to stay within ASCII and whether charts answer a pointer."""
    notation = notation_of(report, ascii_only=screen.ascii)
    sections = [section_of(table, at, notation, screen) for at, table in enumerate(report.for_people, 1)]
    specs = [d for s in sections if s.chart for d in s.chart.drawings if d.spec]
    is_across = any(section.is_wide for section in sections)
    style = _environment().get_template("page.css.j2").render(colours=COLOURS, font=FONT, is_across=is_across)
    script = (_ascii(_script()) if screen.ascii else _script()) if specs else ""
    title = notation.text(report.title or _named_after(report))
    page = _environment().get_template("page.html.j2").render(
        title=title,
        policy=_policy(style, script),
        style=trusted(style),
        script=trusted(script),
        charts=trusted(_in_script(encode({d.name: d.spec for d in specs}), screen)) if specs else "",
        heading=[notation.text(text) for text in _heading(report)],
        headline=notation.text(report.headline),
        sections=sections,
        findings=list(remarks_of(report, notation)),
        arrow="->" if screen.ascii else "→",
        facts=facts_of(report.context.header, notation),
        notes=[notation.text(note) for note in report.context.notes],
        contents=list(_contents(sections, report)),
        schema=schema_of(report),
        document=trusted(_in_script(text_of(report), screen)),
    )  # fmt: skip
    return page.encode("ascii", "xmlcharrefreplace") if screen.ascii else page.encode()


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader("finopsctl.renderers", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )


def _policy(style: str, script: str) -> str:
    """Return the page's content security policy: nothing is loaded, and only what we wrote acts."""
    scripts = f" script-src '{_hash(script)}';" if script else ""
    return (
        f"default-src 'none'; style-src '{_hash(style)}';{scripts} img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _in_script(text: str, screen: Screen) -> str:
    r"""Return JSON that no HTML parser finds an end tag or a comment in; ``\u003c`` is ``<`` to a JSON parser."""
    safe = text.translate(_IN_SCRIPT)
    return _ascii(safe) if screen.ascii else safe


def _ascii(text: str) -> str:
    r"""Return JSON or JavaScript with everything beyond ASCII as ``\uXXXX``."""
    if text.isascii():
        return text
    return re.sub(r"[^\x00-\x7f]", lambda found: _escaped(found.group()), text)


def _escaped(letter: str) -> str:
    """Return one character as the escapes of its UTF-16 units."""
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _named_after(report: Report) -> str:
    """Return what to call a report without a title: its command in words."""
    words = report.command.replace("-", " ")
    return words.upper() if len(words) <= _ACRONYM else words.capitalize()


def _heading(report: Report) -> Iterator[str]:
    header = report.context.header
    yield "finopsctl"
    if period := period_words(header):
        yield period
    if as_of := as_of_words(header):
        yield f"as of {as_of}"
    if header.get("currency"):
        yield str(header["currency"])
    if header.get("cost_basis"):
        yield f"cost basis {header['cost_basis']}"


def _contents(sections: Sequence[Section], report: Report) -> Iterator[tuple[str, str]]:
    """Yield the links of a page that is more than a screen long."""
    if len(sections) < _SECTIONS:
        return
    yield from ((section.anchor, section.title) for section in sections if section.title)
    if report.findings:
        yield "findings", "What to know"
    if report.context.header or report.context.notes:
        yield "basis", "What the figures rest on"


@cache
def _script() -> str:
    """Return the one script of an interactive page: Vega, Vega-Lite and Vega-Embed, and what starts them."""
    import vl_convert

    bundle: str = vl_convert.javascript_bundle(_environment().get_template("interactive.js").render())
    # No HTML parser may find its end tag in it; to a script both are the same string.
    return bundle.replace("\r\n", "\n").replace("</script", r"<\/script")
