"""JUnit XML: suites, cases and their counts, against a schema; and names that XML cannot hold."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import xmlschema

from finopsctl.renderers import Screen, renderer_named
from renderers.checks import NASTY, report

COUNTED = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}


@cache
def form() -> xmlschema.XMLSchema:
    """Return the form that CI systems read."""
    return xmlschema.XMLSchema(Path(__file__).with_name("junit.xsd"))


def conforms(document: bytes) -> ET.Element:
    """Return the root of a document that is of the right form, and whose counts are those of its cases."""
    form().validate(document.decode())
    root = ET.fromstring(document)
    wrong = [
        (element.get("name"), name)
        for element in root.iter()
        for name, tag in COUNTED.items()
        if element.tag.startswith("testsuite") and int(element.get(name, "")) != sum(1 for _ in element.iter(tag))
    ]

    assert wrong == []

    return root


def parsed(*subjects: str, **more: str) -> ET.Element:
    """Return the document's root, which is of the right form."""
    return conforms(renderer_named("junit").render(report(*subjects, **more), Screen()))


@pytest.mark.parametrize(
    ("result", "severity", "child"),
    [("fail", "critical", "failure"), ("fail", "warning", "system-out"), ("no_data", "critical", "skipped"),
     ("waived", "critical", "skipped"), ("pass", "critical", None)],
)  # fmt: skip
def test_only_what_closes_the_gate_is_a_failure(result: str, severity: str, child: str | None) -> None:
    (case,) = parsed("a", result=result, severity=severity).iter("testcase")

    assert [each.tag for each in case] == ([child] if child else [])


def test_a_case_is_called_after_its_group_and_says_file_and_line() -> None:
    root = parsed("a")
    (case,) = root.iter("testcase")

    assert (case.get("classname"), case.get("name"), case.get("line")) == ("cost, per: request", "a", "7")
    assert next(root.iter("failure")).text == "policy.toml:7: Cost of a: 100%."


def test_every_name_is_whole_or_spelled_out_and_parses() -> None:
    names = Counter(str(case.get("name")) for case in parsed(*NASTY).iter("testcase"))

    assert names["<script>alert(1)</script>"] == names["]]>"] == 1
    assert names[r"new\nline\r"] == names[r"esc\x1b[31m\x07\x9b2J"] == 1
    assert len(names) == len(NASTY)


def test_the_raw_document_holds_no_tag_of_a_name_and_no_control_character() -> None:
    document = renderer_named("junit").render(report(*NASTY), Screen()).decode()

    assert "<script" not in document
    assert "]]>" not in document
    assert not any(ord(letter) < 0x20 and letter != "\n" for letter in document)


def test_no_rows_are_no_tests() -> None:
    assert parsed().get("tests") == "0"


@pytest.mark.parametrize(
    "damage",
    [(' name="a"', ""), ('tests="1"', 'tests="one"'), ("failure", "failed"), ("<failure ", '<failure by="x" ')],
)
def test_the_form_refuses_what_is_of_no_such_form(damage: tuple[str, str]) -> None:
    document = renderer_named("junit").render(report("a"), Screen()).decode()

    assert form().is_valid(document)
    assert not form().is_valid(document.replace(*damage))
