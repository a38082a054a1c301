"""The named queries of the dashboard: what each figure of a page is asked of the ledger by. They only read.

    with snapshot(ledger) as reader:
        asked = Asked("2026-11-01", "2026-11-30", "USD")
        total, by_model = margin_total(reader, asked), cost_by(reader, asked, "model")

All figures of one reader are of one moment, whatever is booked meanwhile. Amounts are whole nano-units (1e-9) of the
one currency that was asked for; days are UTC and periods inclusive. What is not known is None, never 0.
"""

from llm_finops.ledger.queries.account_days import AccountDay, account_days
from llm_finops.ledger.queries.asked import Asked
from llm_finops.ledger.queries.booked import Booked, booked_days, unbooked_days
from llm_finops.ledger.queries.converted import converted_days
from llm_finops.ledger.queries.cost import COST_DIMS, Cost, CostDim, cost_by, rows_read
from llm_finops.ledger.queries.health import (
    BasisDay,
    CoverageDay,
    Restated,
    SourceRead,
    basis_days,
    coverage_days,
    held,
    quarantined,
    quarantined_count,
    restated,
    sources,
)
from llm_finops.ledger.queries.journal import RestatedCount, Run, last_runs, restated_by
from llm_finops.ledger.queries.money import Ends, Margins, Ranked, margin_by, margin_days, margin_ends, margin_total
from llm_finops.ledger.queries.naming import lowered
from llm_finops.ledger.queries.price_runs import Differs, differing
from llm_finops.ledger.queries.prices import (
    Implied,
    PriceChange,
    PriceSpan,
    implied,
    price_changes,
    price_spans,
)
from llm_finops.ledger.queries.reader import Reader, snapshot
from llm_finops.ledger.queries.reconciled import (
    FindingCount,
    LadderRow,
    LineSum,
    findings_by,
    findings_rows,
    ladder,
)
from llm_finops.ledger.queries.requests import (
    OUTCOME_DIMS,
    REQUEST_DIMS,
    Outcomes,
    Quantiles,
    RequestDim,
    Requests,
    outcomes,
    quantiles,
    requests_by,
)
from llm_finops.ledger.queries.scale import Scaled, is_whole, margins_of, scaled
from llm_finops.ledger.queries.settled import outdated_days, provisional_days
from llm_finops.ledger.queries.span import Choices, CurrencyCost, Span, choices, currencies, customers_like, span
from llm_finops.ledger.queries.trace import (
    KeptPage,
    Line,
    LineTrace,
    LoadTrace,
    customer_day,
    line,
    line_shares,
    lines_of,
    load,
    load_pages,
)
from llm_finops.ledger.queries.usage import CacheSaving, Metered, cache_savings, meters

__all__ = [
    "COST_DIMS",
    "OUTCOME_DIMS",
    "REQUEST_DIMS",
    "AccountDay",
    "Asked",
    "BasisDay",
    "Booked",
    "CacheSaving",
    "Choices",
    "Cost",
    "CostDim",
    "CoverageDay",
    "CurrencyCost",
    "Differs",
    "Ends",
    "FindingCount",
    "Implied",
    "KeptPage",
    "LadderRow",
    "Line",
    "LineSum",
    "LineTrace",
    "LoadTrace",
    "Margins",
    "Metered",
    "Outcomes",
    "PriceChange",
    "PriceSpan",
    "Quantiles",
    "Ranked",
    "Reader",
    "RequestDim",
    "Requests",
    "Restated",
    "RestatedCount",
    "Run",
    "Scaled",
    "SourceRead",
    "Span",
    "account_days",
    "basis_days",
    "booked_days",
    "cache_savings",
    "choices",
    "converted_days",
    "cost_by",
    "coverage_days",
    "currencies",
    "customer_day",
    "customers_like",
    "differing",
    "findings_by",
    "findings_rows",
    "held",
    "implied",
    "is_whole",
    "ladder",
    "last_runs",
    "line",
    "line_shares",
    "lines_of",
    "load",
    "load_pages",
    "lowered",
    "margin_by",
    "margin_days",
    "margin_ends",
    "margin_total",
    "margins_of",
    "meters",
    "outcomes",
    "outdated_days",
    "price_changes",
    "price_spans",
    "provisional_days",
    "quantiles",
    "quarantined",
    "quarantined_count",
    "requests_by",
    "restated",
    "restated_by",
    "rows_read",
    "scaled",
    "snapshot",
    "sources",
    "span",
    "unbooked_days",
]
