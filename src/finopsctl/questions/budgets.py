"""What is asked of budgets: which of them, as of when, where they stand or where their periods end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from finopsctl.analyses import budget
from finopsctl.books import PeriodWish
from finopsctl.config.origin import Layer
from finopsctl.errors import ConfigError
from finopsctl.ledger.period import zone
from finopsctl.metrics.budget_choice import chosen
from finopsctl.questions.limits import budget_question, budgets_of, seen_until

if TYPE_CHECKING:
    from finopsctl.analyses.budget import BudgetQuestion, BudgetStanding
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings
    from finopsctl.results.finding import Finding


def standing_of(books: Books, settings: Settings, *, everything: bool = False, is_projection: bool) -> BudgetStanding:
    """Answer from opened books and settings.

    Args:
        books: The open books, of :func:`until`.
        settings: Budgets and filters.
        everything: Whether the gateway's budgets of configured scopes are wanted, too.
        is_projection: Whether to say where the periods end.

    Raises:
        ConfigError: When there is no budget, or none for the team asked for.
    """
    question, found = _question(books, settings, everything=everything)
    stand = budget.project if is_projection else budget.status
    # A team without spend is an answer; a filter that nothing passes is a mistake.
    unfiltered = None if question.partial else books.rows
    result = stand(books.within(None), question, unfiltered=unfiltered)
    return replace(result, findings=(*result.findings, *found))


def until(books: Books, settings: Settings) -> Books:
    """Return the books as of the end of the period asked for: budgets have periods of their own.

    Raises:
        ConfigError: When the command line names a first day: nothing begins with it.
    """
    if settings.since and settings.origin("since").layer is Layer.FLAG:
        raise ConfigError(
            "budgets have periods of their own, so --since cannot choose one",
            "Say when to look at them with --as-of, or with --month, --until: they are seen as of its end.",
        )
    if books.period is None:
        return books
    request = replace(books.request, period=PeriodWish(), as_of=seen_until(books).isoformat())
    return replace(books, request=request)


def _question(books: Books, settings: Settings, *, everything: bool) -> tuple[BudgetQuestion, tuple[Finding, ...]]:
    """Return what to ask of which budgets, and what choosing them has shown.

    Raises:
        ConfigError: When there is no budget, or none for the team asked for.
    """
    budgets, found = budgets_of(books, settings, everything=everything)
    if not budgets:
        raise no_budgets(found)
    wanted, partial = chosen(budgets, settings.where)
    last_day = books.seen[1].astimezone(zone(settings.tz)).date()
    return replace(budget_question(books, settings, wanted), partial=partial, data_end=last_day), found


def no_budgets(reasons: tuple[Finding, ...] = ()) -> ConfigError:
    """Return the error for a question about budgets where there are none, or none that can be followed."""
    why = f": {reasons[0].message.rstrip('.')}" if reasons else ""
    return ConfigError(
        f"there are no budgets{why}",
        "Name a file with --budgets FILE, write [[budget]] tables into the configuration, or add LiteLLM's team table "
        "to the inputs.",
    )
