"""Every setting, declared once, and ``load``, which brings the layers together.

Flags win over ``FINOPSCTL_*`` variables, those over the project's file, that over the user's, that over defaults.
Tables merge key by key, lists are replaced whole, and a period given in a higher layer hides the period of a lower
one, whichever of its keys either uses.
"""

# No ``from __future__ import annotations``: the reader of settings needs the field types as types.
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from math import isinf
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from finopsctl.allocation.pools import Pool
from finopsctl.allocation.rules import Rule
from finopsctl.config import budgets as budget_tables
from finopsctl.config.allocation import AllocationTable, ChargebackTable, cost_centres_of, pools_of
from finopsctl.config.anomalies import AnomaliesTable
from finopsctl.config.budgets import CURRENCY, BudgetTable
from finopsctl.config.declarations import Context, Problem, declared, dotted, is_table, key, normal
from finopsctl.config.delivery import VARIABLES as DELIVERY_VARIABLES
from finopsctl.config.delivery import DeliveryTable
from finopsctl.config.files import CONFIG_VARIABLE, applicable
from finopsctl.config.grading import KpiTable, SelfHostedTable, UnitEconomicsTable
from finopsctl.config.invoices import TOLERANCE, PrepaidTable, ReconcileTable
from finopsctl.config.origin import Layer, Origin
from finopsctl.config.recommendations import RecommendTable
from finopsctl.config.tables import Leaves, build, leaves
from finopsctl.errors import ConfigError, nearest
from finopsctl.ledger.period import zone
from finopsctl.metrics.budgets import Budget
from finopsctl.metrics.kpi import KpiSettings, UserTypes
from finopsctl.renderers import FORMATS

PREFIX = "FINOPSCTL_"
REDACT_KEY_VARIABLE = "FINOPSCTL_REDACT_KEY"
PROMETHEUS_TOKEN_VARIABLE = "FINOPSCTL_PROMETHEUS_TOKEN"  # noqa: S105 - the name of a variable
OTHER_VARIABLES = frozenset({CONFIG_VARIABLE, REDACT_KEY_VARIABLE, PROMETHEUS_TOKEN_VARIABLE}) | DELIVERY_VARIABLES

_PERIOD = "period"


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """``[[exchange-rate]]``: what one unit of a currency was worth from a day on."""

    source: str = field(metadata=key("Currency converted from.", name="from", pattern=CURRENCY))
    target: str = field(metadata=key("Currency converted to.", name="to", pattern=CURRENCY))
    day: date = field(metadata=key("Day the rate is of.", name="date"))
    rate: Decimal = field(metadata=key("Units of `to` for one unit of `from`."))

    def __post_init__(self) -> None:
        if self.rate <= 0:
            raise ConfigError(f"a rate of {self.rate} is not positive", "Write units of `to` for one unit of `from`.")


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings; ``origins`` says where each that was given came from.

    ``own_currency`` is that of amounts the configuration states without naming one: ``currency`` as files and the
    environment set it. A flag changes what a report is in, not what a limit of 40 means.
    """

    inputs: tuple[str, ...] = field(
        default=(),
        metadata=key(
            "Files, folders and globs read when none are named.", example='["logs/", "exports/*.csv.gz"]', is_input=True
        ),
    )
    source: str | None = field(
        default=None, metadata=key("Read inputs as this format instead of detecting it.", example='"litellm"')
    )
    map: Path | None = field(
        default=None, metadata=key("Column map for generic CSV, JSONL and Parquet inputs.", example='"columns.toml"')
    )
    since: str | None = field(
        default=None, metadata=key("First day or instant.", example="2026-10-01", group=_PERIOD, accepts_bare=True)
    )
    until: str | None = field(
        default=None,
        metadata=key("First day or instant left out.", example="2026-11-01", group=_PERIOD, accepts_bare=True),
    )
    month: str | None = field(
        default=None, metadata=key("One month, e.g. 2026-10.", example='"2026-10"', group=_PERIOD)
    )
    quarter: str | None = field(
        default=None, metadata=key("One quarter, e.g. 2026Q3.", example='"2026Q3"', group=_PERIOD)
    )
    last: str | None = field(
        default=None,
        metadata=key("30d, 12w, 3m, today, yesterday, wtd, mtd, qtd or ytd.", example='"mtd"', group=_PERIOD),
    )
    as_of: str | None = field(
        default=None, metadata=key("First instant not seen.", example="2026-11-01", accepts_bare=True)
    )
    tz: str = field(default="UTC", metadata=key("Time zone (IANA name) whose midnights bound days.", check=zone))
    fiscal_year_start: int = field(
        default=1, metadata=key("Month (1 to 12) that quarters and years begin with.", minimum=1, maximum=12)
    )
    by: tuple[str, ...] = field(default=(), metadata=key("Dimensions to group by.", example='["team", "model"]'))
    tags: Literal["first", "split"] = field(
        default="first",
        metadata=key("What counts where a tag has several values: the first, or all of them by an even split."),
    )
    where: tuple[str, ...] = field(
        default=(),
        metadata=key("Conditions records must meet, e.g. team=support.", example='["environment!=dev"]', separator=";"),
    )
    cost_basis: Literal["auto", "reported", "list", "effective"] = field(
        default="auto", metadata=key("Which cost counts: auto takes the reported one, else the effective one.")
    )
    price_date: str | None = field(
        default=None, metadata=key("Price all usage as of this day.", example="2026-11-01", accepts_bare=True)
    )
    prices: Path | None = field(
        default=None, metadata=key("Folder of price files laid over the built-in ones.", example='"prices/"')
    )
    contracts: Path | None = field(
        default=None, metadata=key("File of negotiated prices and discounts.", example='"contracts.toml"')
    )
    budgets: Path | None = field(
        default=None, metadata=key("File of [[budget]] tables, used instead of those here.", example='"budgets.toml"')
    )
    keys: Path | None = field(default=None, metadata=key("Virtual key map: CSV, TSV or TOML.", example='"keys.csv"'))
    cost_centres: Path | None = field(
        default=None, metadata=key("Cost centre of each owner (CSV), for chargeback.", example='"cost-centres.csv"')
    )
    litellm_config: Path | None = field(
        default=None, metadata=key("LiteLLM's config.yaml: model names and custom prices.", example='"config.yaml"')
    )
    outcomes: Path | None = field(
        default=None, metadata=key("File of outcomes, for cost per outcome.", example='"outcomes.csv"')
    )
    revenue: Path | None = field(
        default=None, metadata=key("File of what customers pay, for their margin.", example='"revenue.csv"')
    )
    currency: str = field(default="USD", metadata=key("Currency of reports (ISO 4217).", pattern=CURRENCY))
    invoice: tuple[str, ...] = field(
        default=(),
        metadata=key("Invoices to compare with the ledger.", example='["invoices/*.csv"]', is_input=True),
    )
    invoice_map: Path | None = field(
        default=None, metadata=key("Column map for invoices of one's own; by default `map`.", example='"invoice.toml"')
    )
    tolerance: str = field(
        default="1%",
        metadata=key("How far an invoice may be off: a share of it, or an amount (5.00).", pattern=TOLERANCE),
    )
    lookup_cost: Decimal = field(
        default=Decimal(0), metadata=key("Cost of one look-up in the gateway's response cache.", minimum=0)
    )
    lookup_on: Literal["hits", "all"] = field(
        default="hits", metadata=key("What look-ups are charged on: hits, or all requests.")
    )
    compare: str | None = field(
        default=None, metadata=key("previous, yoy, a period or a file to compare with.", example='"previous"')
    )
    top: int | None = field(
        default=None, metadata=key("Show so many rows; the others become one.", example="20", minimum=1)
    )
    fail_on: str | None = field(
        default=None,
        metadata=key("warning, critical, anomaly or a number: exit 3 then.", example='"critical"', accepts_bare=True),
    )
    strict: bool = field(default=False, metadata=key("Treat bad lines and unpriced usage as errors."))
    redact: tuple[str, ...] = field(
        default=(),
        metadata=key("Dimensions whose values are replaced by a keyed hash.", example='["user", "customer"]'),
    )
    format: str | None = field(default=None, metadata=key(f"Output format: {FORMATS}.", example='"table"'))
    color: Literal["auto", "always", "never"] = field(default="auto", metadata=key("Whether tables are coloured."))
    ascii: bool = field(default=False, metadata=key("Use plain ASCII characters only."))
    wide: bool = field(default=False, metadata=key("Do not fit tables to the screen."))
    budget: tuple[BudgetTable, ...] = field(default=(), metadata=key("Limits on spend."))
    kpi: KpiTable = field(default_factory=KpiTable, metadata=key("How KPIs are graded."))
    unit_economics: UnitEconomicsTable = field(
        default_factory=UnitEconomicsTable, metadata=key("Cost per user, customer and outcome.")
    )
    workloads: Mapping[str, Literal["chat", "code", "summarization", "translation"]] = field(
        default_factory=dict, metadata=key("Class of each feature (glob), for the bands of token_ratio.")
    )
    max_output_tokens: Mapping[str, int] = field(
        default_factory=dict,
        metadata=key("Output limit of each feature (glob) whose requests do not log theirs.", minimum=1),
    )
    strategic_targets: Mapping[str, tuple[float, float]] = field(
        default_factory=dict, metadata=key("Share of spend aimed at, by provider: [lowest, highest].")
    )
    self_hosted: SelfHostedTable = field(default_factory=SelfHostedTable, metadata=key("One's own models."))
    deployments: Mapping[str, str] = field(
        default_factory=dict,
        metadata=key("provider/model behind an Azure deployment or a Bedrock ARN.", pattern=r"[^/\s]+/\S.*"),
    )
    reconcile: ReconcileTable = field(
        default_factory=ReconcileTable, metadata=key("How invoices are compared with the ledger.")
    )
    prepaid: tuple[PrepaidTable, ...] = field(default=(), metadata=key("Credits bought in advance."))
    exchange_rate: tuple[ExchangeRate, ...] = field(default=(), metadata=key("Dated rates between currencies."))
    allocation: AllocationTable = field(default_factory=AllocationTable, metadata=key("Who owns what."))
    chargeback: ChargebackTable = field(default_factory=ChargebackTable, metadata=key("What finance books."))
    anomalies: AnomaliesTable = field(default_factory=AnomaliesTable, metadata=key("What is an anomaly."))
    recommend: RecommendTable = field(default_factory=RecommendTable, metadata=key("What is worth recommending."))
    delivery: DeliveryTable = field(default_factory=DeliveryTable, metadata=key("Where reports go."))
    origins: Mapping[str, Origin] = field(default_factory=dict, compare=False)
    own_currency: str = field(default="USD", compare=False)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The allocation rules, in order."""
        return tuple(table.rule() for table in self.allocation.rule)

    def pools(self, start: Path = Path()) -> tuple[Pool, ...]:
        """Return the shared-cost pools; ConfigError when one cannot be used."""
        return pools_of(self.allocation, start / self.contracts if self.contracts else None, self.own_currency)

    def all_cost_centres(self, start: Path = Path()) -> Mapping[str, str]:
        """Return cost centres by owner: of the ``cost-centres`` file, else of the configuration."""
        return cost_centres_of(start / self.cost_centres) if self.cost_centres else self.chargeback.cost_centres

    def origin(self, name: str) -> Origin:
        """Return where the value of a dotted key came from."""
        return self.origins.get(name, Origin())

    def all_budgets(self, start: Path = Path()) -> tuple[Budget, ...]:
        """Return the budgets of the ``budgets`` file, else those of the configuration.

        Args:
            start: The working folder the settings were loaded for.

        Raises:
            ConfigError: When the file cannot be used, or two budgets share a name.
        """
        if self.budgets is not None:
            found = budget_tables.load(start / self.budgets, self.tz, self.own_currency)
        else:
            place = self.origin("budget").place or "configuration"
            tables = (table.budget(self.tz, self.own_currency) for table in self.budget)
            found = budget_tables.with_own_names(tables, place)
        return tuple(replace(budget, fiscal_year_start=self.fiscal_year_start) for budget in found)

    def kpi_settings(self) -> KpiSettings:
        """Return what the configuration says about the grading of KPIs."""
        types = self.kpi.user_types
        targets = {"provider_distribution": self.strategic_targets} if self.strategic_targets else {}
        return KpiSettings(
            scales=self.kpi.scales,
            ranges={name: _open_ended(ranges) for name, ranges in (targets | dict(self.kpi.ranges)).items()},
            workload_classes=self.workloads,
            outcome_targets=self.kpi.outcome_targets,
            user_types=UserTypes(
                types.light_requests_per_day,
                types.moderate_requests_per_day,
                types.power_spend,
                {**UserTypes().ranges, **_open_ended(types.ranges)},
            ),
            bands=self.kpi.bands,
            overrun=self.kpi.overrun,
        )


def load(*, config: Path | None, environ: Mapping[str, str], start: Path, flags: Mapping[str, Any]) -> Settings:
    """Bring flags, variables and files together.

    Args:
        config: The file given by ``--config``.
        environ: The environment.
        start: The working folder: where the search for a file begins and what flags' paths are relative to.
        flags: Long flag names (dashes or underscores) to values; None means not given.

    Raises:
        ConfigError: For the first thing wrong, naming file or variable and key.
    """
    settings, problems = assemble(config=config, environ=environ, start=start, flags=flags)
    if problems:
        first, more = problems[0].error(), len(problems) - 1
        also = f" ({more} more; 'finopsctl config check' lists all)" if more else ""
        raise ConfigError(first.message, f"{first.hint}{also}".strip())
    return settings


def assemble(
    *, config: Path | None, environ: Mapping[str, str], start: Path, flags: Mapping[str, Any]
) -> tuple[Settings, list[Problem]]:
    """Do what ``load`` does, but return everything that is wrong beside the settings made from the rest."""
    problems: list[Problem] = []
    layers: dict[int, list[tuple[Leaves, Origin]]] = {}
    for layer, origin in _layers(config, environ, start, flags, problems):
        layers.setdefault(origin.layer, []).append((layer, origin))
    found: Leaves = {}
    origins: dict[str, Origin] = {}
    for places in layers.values():
        hidden = frozenset[str]().union(*(_hidden(layer) for layer, _ in places))
        found = {path: value for path, value in found.items() if path[0] not in hidden}
        origins = {name: given for name, given in origins.items() if name not in hidden}
        for layer, origin in places:
            found |= layer
            origins |= {dotted(path): origin for path in layer}
    settings = build(Settings, found)
    assert isinstance(settings, Settings)
    return replace(settings, origins=origins, own_currency=_own_currency(layers)), problems


def _own_currency(layers: Mapping[int, list[tuple[Leaves, Origin]]]) -> str:
    """Return the currency that files and the environment set, the highest of them."""
    name = ("currency",)
    below = (layer for at, places in layers.items() if at != Layer.FLAG for layer, _ in places)
    stated = [str(layer[name]) for layer in below if name in layer]
    return stated[-1] if stated else "USD"


def variable(name: str) -> str:
    """Return the variable that sets a key: ``FINOPSCTL_COST_BASIS`` for ``cost-basis``."""
    return PREFIX + name.replace("-", "_").upper()


def from_variables() -> tuple[str, ...]:
    """Return the keys that variables can set: all but tables."""
    return tuple(item.name for item in declared(Settings).values() if not _holds_tables(item.type))


def unknown_variables(environ: Mapping[str, str]) -> list[Problem]:
    """Return the ``FINOPSCTL_*`` variables nothing reads, each with the nearest one that is read."""
    known = {*OTHER_VARIABLES, *(variable(name) for name in from_variables())}
    given = sorted(name for name in environ if name.startswith(PREFIX) and name not in known)
    return [Problem("environment", name, "unknown variable", nearest(name, known)) for name in given]


def _layers(
    config: Path | None, environ: Mapping[str, str], start: Path, flags: Mapping[str, Any], problems: list[Problem]
) -> Iterator[tuple[Leaves, Origin]]:
    """Read what each place gives, lowest layer first; a variable or flag is a place of its own."""
    for file in applicable(config, environ, start):
        path = file.path if file.layer is Layer.USER else _seen_from(start, file.path)
        context = Context(str(path), path.parent, problems)
        yield leaves(Settings, file.table, context), Origin(file.layer, str(path))
    for name in from_variables():
        raw = environ.get(variable(name))
        if raw:
            context = Context(variable(name), Path(), problems, is_text=True)
            yield leaves(Settings, {name: raw}, context), Origin(Layer.ENVIRONMENT, variable(name))
    for name, raw in flags.items():
        if raw is not None and raw not in ((), []):
            flag = f"--{normal(name)}"
            yield leaves(Settings, {name: raw}, Context(flag, Path(), problems)), Origin(Layer.FLAG, flag)


def _hidden(layer: Leaves) -> frozenset[str]:
    """Return the keys of lower layers that a layer hides: those that say the same in other words."""
    keys = declared(Settings)
    groups = {keys[path[0]].key.group for path in layer} - {""}
    return frozenset(name for name, item in keys.items() if item.key.group in groups)


def _seen_from(start: Path, path: Path) -> Path:
    """Return ``path`` relative to the working folder, so that reports name files as the user would."""
    try:
        return Path(os.path.relpath(path, start))
    except ValueError:  # another drive
        return path


def _open_ended(ranges: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float | None, float | None]]:
    """Write infinite bounds as none."""
    return {name: (None if isinf(low) else low, None if isinf(high) else high) for name, (low, high) in ranges.items()}


def _holds_tables(wanted: object) -> bool:
    inner = get_args(wanted)
    return is_table(wanted) or get_origin(wanted) is Mapping or bool(inner and is_table(inner[0]))
