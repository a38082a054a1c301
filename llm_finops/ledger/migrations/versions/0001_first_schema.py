# ruff: noqa: INP001 - alembic loads files, not a package
"""The first schema.

Frozen: what a released migration says is never edited, so it repeats the tables rather than importing them.
A column is text unless marked `:n` (64-bit integer); `!` is part of the primary key, `?` may be NULL.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TABLES = {
    "versions": """
        version_id:n! dataset scope period from_seq:n until_seq:n? content_hash rows:n
    """,
    "version_inputs": """
        version_id:n! dataset! scope! period! input_id:n
    """,
    "commits": """
        seq:n! at_utc reason run_id
    """,
    "ledger_clock": """
        one:n! seq:n next_version:n
    """,
    "pools": """
        pool_id:n! account provider project api_key model service_tier currency
    """,
    "findings": """
        version_id:n day account kind subject unit amount:n detail
    """,
    "loads": """
        load_id:n! source dataset range_from range_until started_at finished_at? outcome calls:n detail
    """,
    "load_periods": """
        load_id:n! dataset! scope! period! version_id:n content_hash rows:n duplicates:n quarantined:n
    """,
    "quarantine": """
        load_id:n dataset scope period reason file detail
    """,
    "digests": """
        day! revision:n! state figures_hash attempt:n next_at channel? ts?
    """,
    "source_files": """
        source! path! size:n sha256 reading! days
    """,
    "prices": """
        version_id:n provider model service_tier context_band meter currency price_nano:n valid_from
        valid_until source
    """,
    "settings": """
        version_id:n kind position:n name value
    """,
    "names": """
        version_id:n kind id name project
    """,
    "usage": """
        version_id:n day account provider project api_key actor model service_tier context_band meter unit
        quantity:n
    """,
    "priced_usage": """
        version_id:n day account provider project api_key actor model service_tier context_band meter unit
        quantity:n list_cost_nano:n? currency
    """,
    "cost_lines": """
        version_id:n day line_id account provider project api_key model service_tier context_band line_item
        meter quantity:n? unit? charge_category charge_class basis currency amount_nano:n billed_nano:n
        provider_list_nano:n? amount_text tags period_from period_until invoice_line_id?
    """,
    "log_days": """
        version_id:n day digest rows:n
    """,
    "request_totals": """
        version_id:n day pool_id:n context_band customer feature environment actor status requests:n
        operations:n list_cost_nano:n? meters
    """,
    "request_quantiles": """
        version_id:n day grouping key currency requests:n p50_nano:n p95_nano:n p99_nano:n max_nano:n
    """,
    "revenue": """
        version_id:n day row_id customer feature currency amount_nano:n
    """,
    "reconciliations": """
        version_id:n day level project model meter unit left_kind left_amount:n? right_kind right_amount:n?
        difference:n? state
    """,
    "allocations": """
        version_id:n day pool_id:n customer feature environment cost_class currency basis method rule
        cost_nano:n
    """,
    "coverage": """
        version_id:n day account provider project api_key actor model service_tier context_band meter unit
        quantity:n covered:n
    """,
    "margins": """
        version_id:n day customer feature currency revenue_nano:n? cost_nano:n logged_cost_nano:n requests:n
        operations:n
    """,
}
_INDEXES = {
    "versions_by_key": ("versions", ["dataset", "scope", "period"]),
    "findings_by_day": ("findings", ["day"]),
    "findings_by_version": ("findings", ["version_id"]),
    "load_periods_by_key": ("load_periods", ["dataset", "scope", "period"]),
    "quarantine_by_load": ("quarantine", ["load_id"]),
    "prices_by_version": ("prices", ["version_id"]),
    "settings_by_version": ("settings", ["version_id"]),
    "names_by_version": ("names", ["version_id"]),
    "usage_by_day": ("usage", ["day"]),
    "usage_by_version": ("usage", ["version_id"]),
    "priced_usage_by_day": ("priced_usage", ["day"]),
    "priced_usage_by_version": ("priced_usage", ["version_id"]),
    "cost_lines_by_day": ("cost_lines", ["day"]),
    "cost_lines_by_version": ("cost_lines", ["version_id"]),
    "log_days_by_day": ("log_days", ["day"]),
    "log_days_by_version": ("log_days", ["version_id"]),
    "request_totals_by_day": ("request_totals", ["day"]),
    "request_totals_by_version": ("request_totals", ["version_id"]),
    "request_quantiles_by_day": ("request_quantiles", ["day"]),
    "request_quantiles_by_version": ("request_quantiles", ["version_id"]),
    "revenue_by_day": ("revenue", ["day"]),
    "revenue_by_version": ("revenue", ["version_id"]),
    "reconciliations_by_day": ("reconciliations", ["day"]),
    "reconciliations_by_version": ("reconciliations", ["version_id"]),
    "allocations_by_day": ("allocations", ["day"]),
    "allocations_by_version": ("allocations", ["version_id"]),
    "coverage_by_day": ("coverage", ["day"]),
    "coverage_by_version": ("coverage", ["version_id"]),
    "margins_by_day": ("margins", ["day"]),
    "margins_by_version": ("margins", ["version_id"]),
}
_VIEWS = (
    """
    create view current_prices as select v.scope, f.version_id, f.provider, f.model, f.service_tier,
    f.context_band, f.meter, f.currency, f.price_nano, f.valid_from, f.valid_until, f.source from
    prices f join versions v on v.version_id = f.version_id where v.until_seq is null
    """,
    """
    create view current_settings as select v.scope, f.version_id, f.kind, f.position, f.name,
    f.value from settings f join versions v on v.version_id = f.version_id where v.until_seq is null
    """,
    """
    create view current_names as select v.scope, f.version_id, f.kind, f.id, f.name, f.project from
    names f join versions v on v.version_id = f.version_id where v.until_seq is null
    """,
    """
    create view current_usage as select v.scope, f.version_id, f.day, f.account, f.provider,
    f.project, f.api_key, f.actor, f.model, f.service_tier, f.context_band, f.meter, f.unit,
    f.quantity from usage f join versions v on v.version_id = f.version_id where v.until_seq is null
    """,
    """
    create view current_priced_usage as select v.scope, f.version_id, f.day, f.account, f.provider,
    f.project, f.api_key, f.actor, f.model, f.service_tier, f.context_band, f.meter, f.unit,
    f.quantity, f.list_cost_nano, f.currency from priced_usage f join versions v on v.version_id =
    f.version_id where v.until_seq is null
    """,
    """
    create view current_cost_lines as select v.scope, f.version_id, f.day, f.line_id, f.account,
    f.provider, f.project, f.api_key, f.model, f.service_tier, f.context_band, f.line_item, f.meter,
    f.quantity, f.unit, f.charge_category, f.charge_class, f.basis, f.currency, f.amount_nano,
    f.billed_nano, f.provider_list_nano, f.amount_text, f.tags, f.period_from, f.period_until,
    f.invoice_line_id from cost_lines f join versions v on v.version_id = f.version_id where
    v.until_seq is null
    """,
    """
    create view current_log_days as select v.scope, f.version_id, f.day, f.digest, f.rows from
    log_days f join versions v on v.version_id = f.version_id where v.until_seq is null
    """,
    """
    create view current_request_totals as select v.scope, f.version_id, f.day, f.pool_id,
    f.context_band, f.customer, f.feature, f.environment, f.actor, f.status, f.requests,
    f.operations, f.list_cost_nano, f.meters, p.account, p.provider, p.project, p.api_key, p.model,
    p.service_tier, p.currency from request_totals f join versions v on v.version_id = f.version_id
    join pools p on p.pool_id = f.pool_id where v.until_seq is null
    """,
    """
    create view current_request_quantiles as select v.scope, f.version_id, f.day, f.grouping, f.key,
    f.currency, f.requests, f.p50_nano, f.p95_nano, f.p99_nano, f.max_nano from request_quantiles f
    join versions v on v.version_id = f.version_id where v.until_seq is null
    """,
    """
    create view current_revenue as select v.scope, f.version_id, f.day, f.row_id, f.customer,
    f.feature, f.currency, f.amount_nano from revenue f join versions v on v.version_id =
    f.version_id where v.until_seq is null
    """,
    """
    create view current_reconciliations as select v.scope, f.version_id, f.day, f.level, f.project,
    f.model, f.meter, f.unit, f.left_kind, f.left_amount, f.right_kind, f.right_amount,
    f.difference, f.state from reconciliations f join versions v on v.version_id = f.version_id
    where v.until_seq is null
    """,
    """
    create view current_allocations as select v.scope, f.version_id, f.day, f.pool_id, f.customer,
    f.feature, f.environment, f.cost_class, f.currency, f.basis, f.method, f.rule, f.cost_nano,
    p.account, p.provider, p.project, p.api_key, p.model, p.service_tier from allocations f join
    versions v on v.version_id = f.version_id join pools p on p.pool_id = f.pool_id where
    v.until_seq is null
    """,
    """
    create view current_coverage as select v.scope, f.version_id, f.day, f.account, f.provider,
    f.project, f.api_key, f.actor, f.model, f.service_tier, f.context_band, f.meter, f.unit,
    f.quantity, f.covered from coverage f join versions v on v.version_id = f.version_id where
    v.until_seq is null
    """,
    """
    create view current_margins as select v.scope, f.version_id, f.day, f.customer, f.feature,
    f.currency, f.revenue_nano, f.cost_nano, f.logged_cost_nano, f.requests, f.operations from
    margins f join versions v on v.version_id = f.version_id where v.until_seq is null
    """,
    """
    create view current_findings as select v.scope, f.version_id, f.day, f.account, f.kind,
    f.subject, f.unit, f.amount, f.detail from findings f join versions v on v.version_id =
    f.version_id where v.until_seq is null
    """,
)


def _column(spec: str) -> sa.Column[Any]:
    name = spec.split(":", maxsplit=1)[0].rstrip("!?")
    number, key = ":n" in spec, "!" in spec
    text = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    kind = sa.BigInteger() if number else text
    return sa.Column(name, kind, primary_key=key, nullable="?" in spec, autoincrement=False)


def upgrade() -> None:
    """Create tables, indexes, views, and the clock at 0."""
    for name, columns in _TABLES.items():
        if name == "loads":
            serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
            number = sa.Column("load_id", serial, primary_key=True)
            op.create_table(name, number, *map(_column, columns.split()[1:]))
        else:
            op.create_table(name, *map(_column, columns.split()))
    for name, (table, indexed) in _INDEXES.items():
        op.create_index(name, table, indexed)
    still_open = sa.text("until_seq is null")
    keys = ["dataset", "scope", "period"]
    op.create_index(
        "one_current_version", "versions", keys, unique=True, sqlite_where=still_open, postgresql_where=still_open
    )
    for view in _VIEWS:
        op.execute(view)
    op.execute("insert into ledger_clock (one, seq, next_version) values (1, 0, 1)")
