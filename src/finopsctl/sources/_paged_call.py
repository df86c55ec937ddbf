"""The shell commands that fetch every page of a provider's report into one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def paged_call(url: str, headers: Sequence[str], parameters: Sequence[str], target: str) -> str:
    """Return a shell loop around curl that follows ``next_page`` and appends each page to ``target``.

    Args:
        url: The report's address, without parameters.
        headers: Request headers; keys are named as environment variables, e.g. ``$OPENAI_ADMIN_KEY``.
        parameters: ``name=value``, in order; repeat ``group_by[]`` for every dimension.
        target: The file that takes the pages, one after the other.
    """
    options = [*(f'-H "{header}"' for header in headers), *(f"--data-urlencode '{each}'" for each in parameters)]
    lines = "".join(f"    {option} \\\n" for option in options)
    return (
        f"page=; while :; do\n"
        f"  curl -sSfG {url} \\\n"
        f"{lines}"
        f'    ${{page:+--data-urlencode "page=$page"}} > page.json || break\n'
        f"  cat page.json >> {target}; echo >> {target}\n"
        f"""  page=$(python3 -c 'import json; print(json.load(open("page.json")).get("next_page") or "")')\n"""
        f'  [ -n "$page" ] || break\n'
        f"done; rm -f page.json"
    )
