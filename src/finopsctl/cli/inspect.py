"""``finopsctl inspect``: what files are, before anything is asked of them."""

from __future__ import annotations

from finopsctl.cli.options import Common
from finopsctl.errors import SourceError

EXAMPLES = """Examples:

  finopsctl inspect sample_data

  finopsctl inspect sample_data -f json
"""


def inspect(common: Common) -> None:
    """Say what each file is: format, records, period, spend, what its format lacks and which setting would bring it."""
    from finopsctl.books.inspection import inspect as look_into
    from finopsctl.cli.run import requested, settings_for, show

    settings = settings_for(common)
    request = requested(settings)
    found = look_into(request.inputs, request.source, request.column_map)
    show(found.report(), settings, common)
    if found.rows["source"].null_count() == found.rows.height:
        raise SourceError("nothing could be read", "Run `finopsctl sources` for what can be.")
