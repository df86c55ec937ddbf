"""Finding the renderer, and importing no more than it needs."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import get_args, get_type_hints

import pytest

from finopsctl.cli.options import Display
from finopsctl.config.settings import Settings
from finopsctl.errors import ConfigError
from finopsctl.renderers import RENDERERS, renderer_for_extension, renderer_named


def test_each_name_and_ending_leads_to_one_renderer() -> None:
    endings = [extension for renderer in RENDERERS for extension in renderer.extensions]

    assert len(set(endings)) == len(endings)
    assert [renderer_named(renderer.name) for renderer in RENDERERS] == list(RENDERERS)
    assert all(extension.startswith(".") for extension in endings)


def test_an_ending_is_read_in_any_case_and_an_unknown_one_is_nobodys() -> None:
    json_renderer = renderer_named("json")

    assert renderer_for_extension(".JSON") is json_renderer
    assert renderer_for_extension(".docx") is None


def test_every_format_is_in_the_help_of_the_option_and_of_the_setting() -> None:
    option = get_args(get_type_hints(Display, include_extras=True)["format"])[1].help
    helps = (option, str(Settings.__dataclass_fields__["format"]))

    assert [r.name for r in RENDERERS for text in helps if not re.search(rf"\b{r.name}\b(?!-)", text)] == []


def test_an_unknown_format_names_the_nearest() -> None:
    with pytest.raises(ConfigError) as raised:
        renderer_named("jsno")

    assert "json" in raised.value.hint


def loaded_after(statement: str) -> set[str]:
    program = f"{statement}\nimport sys\nprint(*sys.modules)"
    return set(
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    )


def test_the_registry_imports_no_library() -> None:
    assert not {"polars", "rich", "pyarrow"} & loaded_after("import finopsctl.renderers")


def test_json_imports_neither_rich_nor_pyarrow() -> None:
    assert not {"rich", "pyarrow", "jinja2"} & loaded_after("import finopsctl.renderers.json")
