"""The books: from files to one priced, owned, de-duplicated ledger, and what is known about how it came about."""

from __future__ import annotations

from finopsctl.books.books import Books, InputSummary
from finopsctl.books.opening import open_books
from finopsctl.books.request import COST_BASES, PeriodWish, Request

__all__ = ["COST_BASES", "Books", "InputSummary", "PeriodWish", "Request", "open_books"]
