"""``finopsctl pricing``: the price catalogue, and how records were priced."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finopsctl.cli.options import Common, Display, examples, shares
from finopsctl.errors import ConfigError, PricingError, SourceError

if TYPE_CHECKING:
    from finopsctl.analyses.price_audit import PriceAudit
    from finopsctl.books import Books
    from finopsctl.config.settings import Settings
    from finopsctl.pricing.book import PriceBook

app = typer.Typer(
    help="The dated price catalogue: look prices up, check them, bring them up to date.", no_args_is_help=True
)

SHIPPED = "shipped"


Prices = Annotated[
    Path | None,
    typer.Option(
        "--prices", metavar="DIR", help="Folder of price files, laid over the shipped ones.", show_default=False
    ),
]


@shares
def list_(display: Display, prices: Prices = None) -> None:
    """List every model that has a price."""
    from finopsctl.cli.run import show_reference
    from finopsctl.pricing.reports import listing_report

    show_reference(listing_report(_book(prices)), display)


@shares
def show(
    display: Display,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="An id, an alias, or provider/id.")],
    prices: Prices = None,
) -> None:
    """Show the dated price lines of one model, in USD per 1M tokens."""
    from finopsctl.cli.run import show_reference
    from finopsctl.pricing.reports import model_report

    show_reference(model_report(_book(prices), model), display)


@shares
def explain(
    common: Common, record: Annotated[str, typer.Argument(metavar="RECORD", help="Record id, as in the ledger.")]
) -> None:
    """Show why one record costs what it does: the price line used, and tokens times rate for every class."""
    from finopsctl.books.prices import Pricer
    from finopsctl.cli.run import books_for, requested, settings_for
    from finopsctl.cli.run import show as put
    from finopsctl.pricing.reports import explanation_report

    settings = settings_for(common)
    books = books_for(settings, common)
    import polars as pl

    found = books.ledger.filter(pl.col("record_id") == record).drop("cost").collect(engine="streaming")
    if found.is_empty():
        raise SourceError(
            f"no record '{record}' in the inputs", "`finopsctl normalize INPUT -f jsonl` shows record ids."
        )
    put(explanation_report(Pricer.of(requested(settings)).explain(found)), settings, common)


@shares
def diff(
    display: Display,
    before: Annotated[str, typer.Argument(metavar="A", help=f"A folder of price files, or '{SHIPPED}'.")],
    after: Annotated[str, typer.Argument(metavar="B", help=f"A folder of price files, or '{SHIPPED}'.")],
) -> None:
    """Show the rates that differ between two price catalogues."""
    from finopsctl.cli.run import show_reference
    from finopsctl.pricing.reports import difference_report

    show_reference(difference_report(_named_book(before), _named_book(after)), display)


@shares
def lint(display: Display, prices: Prices = None) -> None:
    """Check price files: order, overlaps, unit slips, missing sources. Exit 2 when something is wrong."""
    from finopsctl.cli.run import show_reference
    from finopsctl.pricing.reports import lint_report

    book = _book(prices)
    show_reference(lint_report(book), display)
    wrong = [finding for finding in book.lint() if finding.severity != "info"]
    if wrong:
        raise PricingError(f"{len(wrong)} price lines need attention", "See the list above.")


@shares
def update(  # noqa: PLR0917 - options are given by name
    display: Display,
    source: Annotated[
        str,
        typer.Option(
            "--from", metavar="LIST", help="genai-prices, litellm (installed), openrouter, a file, or an https URL."
        ),
    ],
    prices: Annotated[
        Path | None,
        typer.Option(
            "--prices", metavar="DIR", help="Write to this folder, laid over the shipped prices.", show_default=False
        ),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="GLOB", help="Only these models.", show_default=False)
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="DATE", help="Compare on this day. Default: today.", show_default=False),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", metavar="", help="Show the changes and write nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", metavar="", help="Take over what looks wrong, too.")] = False,
) -> None:
    """Append what another price list has and ours has not: dated lines and new models, never an edit."""
    from datetime import UTC, date, datetime

    from finopsctl.cli.run import show_reference
    from finopsctl.pricing import catalog
    from finopsctl.pricing.reports import update_report
    from finopsctl.pricing.update import plan
    from finopsctl.pricing.writing import edited, write

    try:
        day = date.fromisoformat(as_of) if as_of else datetime.now(UTC).date()
    except ValueError as problem:
        raise ConfigError(f"'{as_of}' is no date", "Write it as 2026-11-22.") from problem
    book = _book(prices)
    found = plan(book, source, day, only=only or (), force=force)
    if not dry_run:
        folder = prices or catalog.catalogue_folder()
        folder.mkdir(parents=True, exist_ok=True)
        write(edited(found, book, folder))
    show_reference(update_report(found, written=not dry_run), display)


@shares
def audit(common: Common) -> None:
    """Compare what the source reported with our list price, by model and cause."""
    from finopsctl.cli.run import answer

    def analyse(books: Books, _: Settings) -> PriceAudit:
        from finopsctl.analyses.price_audit import audit as audited

        return audited(books.ledger, books.request.basis)

    answer(common, analyse)


def _book(prices: Path | None) -> PriceBook:
    from finopsctl.pricing import catalog

    return catalog.load([prices] if prices and prices.exists() else [])


def _named_book(name: str) -> PriceBook:
    from finopsctl.pricing import catalog

    if name == SHIPPED:
        return catalog.load()
    folder = Path(name)
    if not folder.is_dir():
        raise ConfigError(f"{name} is no folder of price files", f"Name a folder, or '{SHIPPED}'.")
    return catalog.load(base=folder)


app.command("list", epilog=examples("pricing list", "pricing list -f csv -o models.csv"))(list_)
app.command("show", epilog=examples("pricing show gpt-4o", "pricing show anthropic/claude-sonnet-4-6 -f json"))(show)
app.command(
    "explain",
    epilog=examples(
        "pricing explain chatcmpl-c7372d2532b65db2bce9 sample_data",
        "pricing explain chatcmpl-c7372d2532b65db2bce9 sample_data -f json",
    ),
)(explain)
app.command("diff", epilog=examples("pricing diff shipped my-prices", "pricing diff shipped my-prices -f json"))(diff)
app.command("lint", epilog=examples("pricing lint", "pricing lint --prices my-prices"))(lint)
app.command(
    "update",
    epilog=examples(
        "pricing update --from genai-prices --dry-run", "pricing update --from list.json --prices my-prices"
    ),
)(update)
app.command("audit", epilog=examples("pricing audit sample_data", "pricing audit sample_data --month 2026-10 -f json"))(
    audit
)
