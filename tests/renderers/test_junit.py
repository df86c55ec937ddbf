"""JUnit XML: suites, cases and their counts, against a schema; and names that XML cannot hold."""

from __future__ import annotations

from collections import Counter
from xml.etree import ElementTree as ET

import pytest

from finopsctl.renderers import Screen, renderer_named
from renderers.checks import NASTY, report

COUNTS = {"tests", "failures", "errors", "skipped"}
FORM: dict[str, tuple[set[str], set[str], tuple[str, ...]]] = {
    "testsuites": ({"name", *COUNTS, "time"}, set(), ("testsuite",)),
    "testsuite": ({"name", *COUNTS, "time"}, set(), ("testcase",)),
    "testcase": ({"name", "classname", "time"}, {"file", "line"}, ("failure", "skipped", "system-out")),
    "failure": ({"message", "type"}, set(), ()),
    "skipped": ({"message"}, set(), ()),
    "system-out": (set(), set(), ()),
}
"""By element: the attributes it must have, those it may have, and the elements it may hold."""


def conforms(element: ET.Element) -> None:
    """Assert that an element is of the form CI systems read, and that its counts are those of its cases."""
    must, may, children = FORM[element.tag]

    assert must <= set(element.attrib) <= must | may
    assert {child.tag for child in element} <= set(children)

    if element.tag == "testcase":
        assert len(element) <= 1
        assert element.get("name")
    for name in COUNTS & set(element.attrib):
        tag = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}[name]

        assert int(element.get(name, "")) == sum(1 for _ in element.iter(tag))
    for child in element:
        conforms(child)


def parsed(*subjects: str, **more: str) -> ET.Element:
    """Return the document's root, which is of the right form."""
    root = ET.fromstring(renderer_named("junit").render(report(*subjects, **more), Screen()))
    conforms(root)
    return root


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
