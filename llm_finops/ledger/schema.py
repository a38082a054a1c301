"""The tables of the ledger: versions and their marks, one table a kind of fact, journals, views.

Names and columns are public (docs/schema.md). A fact row belongs to a version and is never updated; what
is current is decided by the version's mark alone. No foreign key leads from facts to versions: rows are
written first, and a test counts orphans instead.
"""

from typing import Any, NamedTuple

import sqlalchemy as sa

from llm_finops.ledger.datasets import DATASETS, Dataset

METADATA = sa.MetaData()

# Key text sorts by its bytes on both stores; SQLite's BINARY does by itself.
Text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Number = sa.BigInteger()
# SQLite gives automatic numbers to INTEGER PRIMARY KEY only.
Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_NUMBERS = {"quantity", "amount", "requests", "operations", "rows", "position", "pool_id", "covered", "former", "lines"}
_NULLABLE = {
    "cost_lines": {"quantity", "unit", "provider_list_nano", "invoice_line_id"},
    "priced_usage": {"list_cost_nano"},
    "request_totals": {"list_cost_nano", "tags"},
    "implied_prices": {"expected_nano", "implied_price_nano", "list_price_nano", "contract_price_nano"},
    "reconciliations": {"left_amount", "right_amount", "difference"},
    "margins": {"revenue_nano"},
    "converted_margins": {"revenue_nano", "cost_nano", "logged_cost_nano"},
    "names": {"former"},
    "invoice_matches": {"reported_nano", "invoiced_nano", "difference_nano"},
}


def _column(table: str, name: str) -> sa.Column[Any]:
    number = name.endswith("_nano") or name in _NUMBERS or name in {"left_amount", "right_amount", "difference"}
    return sa.Column(name, Number if number else Text, nullable=name in _NULLABLE.get(table, set()))


def _table(name: str, *columns: sa.Column[Any]) -> sa.Table:
    return sa.Table(name, METADATA, *columns)


def _text(name: str, *, null: bool = False, key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, Text, nullable=null, primary_key=key)


def _text_or(default: str, name: str) -> sa.Column[Any]:
    return sa.Column(name, Text, nullable=False, server_default=sa.text(f"'{default}'"))


def _number(name: str, *, null: bool = False, key: bool = False) -> sa.Column[Any]:
    # A key of ours is given by us: no automatic numbers.
    return sa.Column(name, Number, nullable=null, primary_key=key, autoincrement=False)


VERSIONS = _table(
    "versions",
    _number("version_id", key=True),
    _text("dataset"),
    _text("scope"),
    _text("period"),
    _number("from_seq"),
    _number("until_seq", null=True),
    _text("content_hash"),
    _number("rows"),
)
_OPEN = VERSIONS.c.until_seq.is_(None)
# The database itself keeps one current version of a key.
sa.Index(
    "one_current_version",
    VERSIONS.c.dataset,
    VERSIONS.c.scope,
    VERSIONS.c.period,
    unique=True,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)
sa.Index("versions_by_key", VERSIONS.c.dataset, VERSIONS.c.scope, VERSIONS.c.period)

VERSION_INPUTS = _table(
    "version_inputs",
    _number("version_id", key=True),
    _text("dataset", key=True),
    _text("scope", key=True),
    _text("period", key=True),
    _number("input_id"),
)
COMMITS = _table("commits", _number("seq", key=True), _text("at_utc"), _text("reason"), _text("run_id"))
CLOCK = _table("ledger_clock", _number("one", key=True), _number("seq"), _number("next_version"))
POOLS = _table(
    "pools",
    _number("pool_id", key=True),
    *(_text(n) for n in ("account", "provider", "project", "api_key", "model", "service_tier", "currency")),
)
FINDINGS = _table(
    "findings",
    _number("version_id"),
    _text("day"),
    _text("account"),
    _text("kind"),
    _text("subject"),
    _text("unit"),
    _number("amount"),
    _text("detail"),
)
sa.Index("findings_by_version", FINDINGS.c.version_id)
sa.Index("findings_by_day", FINDINGS.c.day)

LOADS = _table(
    "loads",
    sa.Column("load_id", Serial, primary_key=True),
    _text("source"),
    _text("dataset"),
    _text("range_from"),
    _text("range_until"),
    _text("started_at"),
    _text("finished_at", null=True),
    _text("outcome"),
    _number("calls"),
    _text("detail"),
    _number("replay_of", null=True),  # the load whose pages were read again; its reading time is this one's
)


def root_of(loads: sa.FromClause) -> sa.ColumnElement[int]:
    """The load whose pages a load is about: the one that it read again, or itself."""
    return sa.func.coalesce(loads.c.replay_of, loads.c.load_id)


LOAD_PERIODS = _table(
    "load_periods",
    _number("load_id", key=True),
    _text("dataset", key=True),
    _text("scope", key=True),
    _text("period", key=True),
    _number("version_id"),
    _text("content_hash"),
    _number("rows"),
    _number("duplicates"),
    _number("quarantined"),
    _number("clipped", null=True),  # 1: the day was not over for the provider itself, whatever the hour
)
sa.Index("load_periods_by_key", LOAD_PERIODS.c.dataset, LOAD_PERIODS.c.scope, LOAD_PERIODS.c.period)
QUARANTINE = _table(
    "quarantine",
    _number("load_id"),
    _text("dataset"),
    _text("scope"),
    _text("period"),
    _text("reason"),
    _text("file"),
    _text("detail"),
)
sa.Index("quarantine_by_load", QUARANTINE.c.load_id)
LOAD_PAGES = _table(
    "load_pages",
    _number("load_id", key=True),
    _number("position", key=True),
    _text("request"),
    _text("fetched_at"),
    _number("status"),
    sa.Column("content", sa.LargeBinary(), nullable=False),
    _text("sha256"),
    _number("bytes"),
)
HELD = _table(
    "held",
    _number("load_id", key=True),
    _text("dataset", key=True),
    _text("scope", key=True),
    _text("period", key=True),
    _number("version_id"),
    _text("subject"),  # a currency (then nano), or a meter
    _number("before_amount"),
    _number("after_amount"),
)
DIGESTS = _table(
    "digests",
    _text("day", key=True),
    _number("revision", key=True),
    _text("state"),  # due | sending | unknown | sent | printed | folded | refused
    _text("figures_hash"),
    _number("attempt"),
    _text("next_at"),
    _text("channel", null=True),
    _text("ts", null=True),
    _text_or("summary", "kind"),  # summary | edit | answer | restated | chart: what the call to Slack is
    _number("seq", null=True),  # the commit as of which it speaks
    _number("before_seq", null=True),  # of an answer: the commit as of which the day was told before
    _text_or("", "partial"),  # of a PARTIAL: the last incomplete day it speaks of
    _text_or("", "done_at"),
    _text_or("", "detail"),  # why it was refused; of `restated` the days, each with the commit it was told as of
)
SOURCE_FILES = _table(
    "source_files",
    _text("source", key=True),
    _text("path", key=True),
    _number("size"),
    _text("sha256"),
    _text("reading", key=True),  # a hash of how the file was read: other columns, other days
    _text("days"),
)


# What is sought within a version: one customer's period is then a short range a day, not the whole of each.
_SOUGHT = {
    "margins": (("customer",), ("feature",)),
    "allocations": (("customer",),),
    "request_totals": (("customer",),),
    "request_costs": (("customer",),),
    "request_quantiles": (("grouping", "key"),),
}


def _fact_table(dataset: Dataset[Any]) -> sa.Table:
    day = [_text("day")] if dataset.daily else []
    columns = [_column(dataset.table, name) for name in dataset.columns]
    table = _table(dataset.table, _number("version_id"), *day, *columns)
    for sought in _SOUGHT.get(dataset.table, ((),)):
        name = "_".join((dataset.table, "by_version", *sought))
        sa.Index(name, table.c.version_id, *(table.c[column] for column in sought))
    if dataset.daily:
        sa.Index(f"{dataset.table}_by_day", table.c.day)
    return table


FACTS: dict[str, sa.Table] = {}
for _dataset in DATASETS.values():
    if _dataset.table not in FACTS:
        FACTS[_dataset.table] = _fact_table(_dataset)


class RollUp(NamedTuple):
    """A cache: what the rows of a version add up to, by fewer keys. A version never changes, so it is never stale."""

    name: str
    of: str  # the table of facts, and its dataset
    keys: tuple[str, ...]  # columns of the facts or of their pools
    measures: tuple[str, ...]

    @property
    def table(self) -> sa.Table:
        """Its table: a row of sums a version, day and keys."""
        return METADATA.tables[self.name]


_MARGINS = ("cost_nano", "revenue_nano", "revenue_unknown", "logged_cost_nano", "requests", "operations", "rows")
_BY_MODEL = ("account", "provider", "model", "service_tier", "feature", "environment", "currency")
_HOW = ("cost_class", "basis", "method", "rule")
_COST = ("cost_nano",)
_REQUESTS = ("requests", "operations", "list_cost_nano", "unpriced")
# Of one table the shorter first: the first that knows every column asked for answers.
ROLL_UPS = (
    RollUp("margins_by_feature", "margins", ("feature", "currency"), _MARGINS),
    RollUp("margins_by_customer", "margins", ("customer", "currency"), _MARGINS),
    RollUp("allocations_by_model", "allocations", (*_BY_MODEL, *_HOW), _COST),
    RollUp("allocations_by_pool", "allocations", ("pool_id", "feature", "environment", "currency", *_HOW), _COST),
    RollUp(
        "allocations_by_customer", "allocations", ("customer", "provider", "environment", "currency", _HOW[0]), _COST
    ),
    RollUp("request_totals_by_model", "request_totals", (*_BY_MODEL, "status"), _REQUESTS),
    RollUp("request_costs_by_feature", "request_costs", ("feature", "currency", "outcome"), ("requests", "cost_nano")),
)
for _roll_up in ROLL_UPS:
    _table(
        _roll_up.name,
        _number("version_id", key=True),
        _text("day"),
        *(_number(name, key=True) if name == "pool_id" else _text(name, key=True) for name in _roll_up.keys),
        *(_number(name, null=name == "list_cost_nano") for name in _roll_up.measures),
    ).dialect_options["sqlite"]["with_rowid"] = False  # a version's rows lie together
# The versions whose sums are all there, be they none.
ROLLED_UP = _table("rolled_up", _number("version_id", key=True))


def view_sql(table: str) -> str:
    """`create view current_X`: the rows of X whose version is open, pools spelled out."""
    facts = FACTS[table] if table in FACTS else METADATA.tables[table]
    own = [f"f.{column.name}" for column in facts.columns]
    pools, join = [], ""
    if "pool_id" in facts.columns:
        taken = set(facts.columns.keys())
        pools = [f"p.{column.name}" for column in POOLS.columns if column.name not in taken]
        join = " join pools p on p.pool_id = f.pool_id"
    columns = ", ".join(["v.scope", *own, *pools])
    return (
        f"create view current_{table} as select {columns} from {table} f "
        f"join versions v on v.version_id = f.version_id{join} where v.until_seq is null"
    )


VIEWS = (*FACTS, "findings")
