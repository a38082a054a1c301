"""The datasets in their one declared order: an input must come earlier than what is made of it.

One pass over stale periods in this order therefore settles everything.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from llm_finops.core import currencies, derived
from llm_finops.core import documents as i
from llm_finops.core import records as r

Row = TypeVar("Row")

# Equal content hashes mean equal facts: how a provider wrote a number is not one.
_SPELLING = frozenset({"amount_text"})


@dataclass(frozen=True, slots=True)
class Dataset(Generic[Row]):
    """One kind of fact: its name, its rows, the table that holds them."""

    name: str
    record: type[Row]
    table: str
    daily: bool = True  # period is a day, repeated in a column; else '*', or a month
    unhashed: frozenset[str] = frozenset()
    fact: bool = True  # part of the fingerprint
    laid_by: tuple[str, ...] = ()  # the fields by which a version's rows lie in the table; no figure depends on it

    @property
    def pooled(self) -> bool:
        """Whether the rows name their pool by number."""
        return self.fields[0] == "pool"

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of the record."""
        fields: tuple[str, ...] = self.record._fields  # type: ignore[attr-defined]
        return fields

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the table, beside version_id and day."""
        return ("pool_id", *self.fields[1:]) if self.pooled else self.fields


def _declare() -> Iterator[Dataset[Any]]:
    yield PRICES
    yield SETTINGS
    yield FX_RATES
    yield NAMES
    yield USAGE
    yield PRICED_USAGE
    yield COST_LINES
    yield LOG_DAYS
    yield REQUEST_TOTALS
    yield REQUEST_QUANTILES
    yield REVENUE
    yield INVOICES
    yield INVOICE_LINES
    yield INVOICE_MATCHES
    yield ESTIMATES
    yield TRUE_UPS
    yield IMPLIED_PRICES
    yield RECONCILIATIONS
    yield ALLOCATIONS
    yield COVERAGE
    yield MARGINS
    yield REQUEST_COSTS
    yield CONVERTED_MARGINS


PRICES = Dataset("prices", r.Price, "prices", daily=False)
SETTINGS = Dataset("settings", r.Setting, "settings", daily=False)
# By month: a new rate makes the days of its month be looked at again, not all of them (decision 011).
FX_RATES = Dataset("fx_rates", currencies.FxRate, "fx_rates", daily=False)
NAMES = Dataset("names", r.Name, "names", daily=False)
USAGE = Dataset("usage", r.Usage, "usage")
PRICED_USAGE = Dataset("priced_usage", r.PricedUsage, "priced_usage")
COST_LINES = Dataset("cost_lines", r.CostLine, "cost_lines", unhashed=_SPELLING)
LOG_DAYS = Dataset("log_days", r.LogDay, "log_days", fact=False)
REQUEST_TOTALS = Dataset("request_totals", r.RequestTotal, "request_totals")
REQUEST_QUANTILES = Dataset("request_quantiles", r.RequestQuantile, "request_quantiles")
REVENUE = Dataset("revenue", r.Revenue, "revenue")
ESTIMATES = Dataset("estimates", r.CostLine, "cost_lines", unhashed=_SPELLING)
TRUE_UPS = Dataset("true_ups", r.CostLine, "cost_lines", unhashed=_SPELLING)
IMPLIED_PRICES = Dataset("implied_prices", derived.ImpliedPrice, "implied_prices")
RECONCILIATIONS = Dataset("reconciliations", r.Reconciliation, "reconciliations")
ALLOCATIONS = Dataset("allocations", r.Allocation, "allocations")
COVERAGE = Dataset("coverage", r.Coverage, "coverage")
# A feature's customers lie together; the few rows of a customer are found one by one (decision 019).
MARGINS = Dataset("margins", r.Margin, "margins", laid_by=("feature", "customer"))
REQUEST_COSTS = Dataset("request_costs", derived.RequestCost, "request_costs")
CONVERTED_MARGINS = Dataset("converted_margins", currencies.ConvertedMargin, "converted_margins")
# Their period is a month, which their rows say themselves.
INVOICES = Dataset("invoices", i.Invoice, "invoices", daily=False)
INVOICE_LINES = Dataset("invoice_lines", i.InvoiceLine, "invoice_lines", daily=False, unhashed=_SPELLING)
INVOICE_MATCHES = Dataset("invoice_matches", i.InvoiceMatch, "invoice_matches", daily=False)

DATASETS: dict[str, Dataset[Any]] = {dataset.name: dataset for dataset in _declare()}
_ORDER = {name: position for position, name in enumerate(DATASETS)}


def comes_before(earlier: str, later: str) -> bool:
    """Whether a version of `later` may be made of a version of `earlier`."""
    return _ORDER[earlier] < _ORDER[later]
