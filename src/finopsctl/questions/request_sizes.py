"""What request sizes are asked: of which period, against which, with which limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from finopsctl.analyses.request_sizes import SizesQuestion, request_sizes
from finopsctl.questions.spans import comparison

if TYPE_CHECKING:
    from finopsctl.analyses.request_sizes import RequestSizes
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings


def request_sizes_of(books: Books, settings: Settings) -> RequestSizes:
    """Answer from opened books and settings.

    Args:
        books: The open books.
        settings: Output limits by use case, and what to compare with.
    """
    _, previous = comparison(books, settings.compare)
    question = SizesQuestion(settings.max_output_tokens, books.request.basis)
    return request_sizes(books.ledger, previous, question)
