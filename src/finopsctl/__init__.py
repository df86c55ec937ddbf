"""FinOps for LLM spend: ``finopsctl.open_books("logs/*.jsonl")`` is the whole pipeline in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from finopsctl.books import Books

__all__ = ["open_books"]


def open_books(*inputs: str, **options: Any) -> Books:  # noqa: ANN401 - the fields of books.Request
    """Read files, folders or globs into a priced, owned, de-duplicated ledger.

    Args:
        inputs: Paths, folders, globs or ``-``.
        options: Fields of :class:`finopsctl.books.Request` (``where=("team=search",)``, ``cost_basis="list"``), and
            the period options ``since``, ``until``, ``month``, ``quarter``, ``last``, ``word``.

    Returns:
        Books, whose ``ledger`` is a lazy frame of ledger columns plus ``cost``.

    Raises:
        SourceError: When an input cannot be read.
        ConfigError: When an option is wrong.
    """
    from finopsctl import books

    spans = {name: options.pop(name) for name in books.PeriodWish.__slots__ if name in options}
    return books.open_books(books.Request(inputs, period=books.PeriodWish(**spans), **options))
