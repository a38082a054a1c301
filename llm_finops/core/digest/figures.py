"""What a day's message is made of: whole nano-units and counts, taken from the ledger.

None is unknown everywhere, and is told as such; 0 is a fact. No order in these tuples matters.
"""

from dataclasses import dataclass
from typing import Literal

from llm_finops.core.records import UNALLOCATED


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the day's cost by one name: a provider or a model."""

    name: str
    cost_nano: int


@dataclass(frozen=True, slots=True)
class Owner:
    """A customer or a feature: its allocated cogs and its revenue (None: not loaded)."""

    name: str
    cost_nano: int
    revenue_nano: int | None

    @property
    def margin_nano(self) -> int | None:
        """Revenue less cogs; None where the revenue is not loaded or nobody could have any."""
        if self.revenue_nano is None or self.name == UNALLOCATED:
            return None
        return self.revenue_nano - self.cost_nano


@dataclass(frozen=True, slots=True)
class CurrencyFigures:
    """The day in one currency. Currencies are never added.

    `cost_nano` is the whole cost, all classes; `cogs_nano`, `opex_nano` and `excluded_nano` split it.
    `customers` and `features` are all there are, the message takes the top ones and sums the rest.
    """

    currency: str
    cost_nano: int | None
    cogs_nano: int = 0
    opex_nano: int = 0
    excluded_nano: int = 0
    revenue_nano: int | None = None
    day_before_nano: int | None = None
    week_before_nano: int | None = None  # the same weekday last week
    month_to_date_nano: int | None = None
    month_days_unknown: int = 0  # days of the month whose cost is not in `month_to_date_nano`
    logged_cost_nano: int = 0  # cost found by request log
    requests: int = 0
    p95_nano: int | None = None  # of single requests' list cost
    reported_nano: int = 0
    estimated_nano: int = 0
    invoiced_nano: int = 0
    unallocated_nano: int = 0
    providers: tuple[Part, ...] = ()
    models: tuple[Part, ...] = ()
    customers: tuple[Owner, ...] = ()
    features: tuple[Owner, ...] = ()

    @property
    def margin_nano(self) -> int | None:
        """Gross margin: revenue less cogs; None where either is unknown."""
        if self.revenue_nano is None or self.cost_nano is None:
            return None
        return self.revenue_nano - self.cogs_nano

    @property
    def below_zero(self) -> tuple[Owner, ...]:
        """Customers with revenue who cost more than they pay."""
        return tuple(c for c in self.customers if c.revenue_nano and (c.margin_nano or 0) < 0)

    @property
    def without_revenue(self) -> tuple[Owner, ...]:
        """Customers who cost and pay nothing: trials, internal ones, churned ones."""
        return tuple(c for c in self.customers if c.revenue_nano == 0 and (c.margin_nano or 0) < 0)


@dataclass(frozen=True, slots=True)
class EarlierDay:
    """A day whose message could not be sent at its time: its cost by currency (None: unknown)."""

    day: str
    costs: tuple[tuple[str, int | None], ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything the message of a day says."""

    day: str  # ISO, UTC
    currencies: tuple[CurrencyFigures, ...]
    state: Literal["complete", "partial"] = "complete"
    missing: tuple[str, ...] = ()  # sources that the day still lacks, where partial
    late: tuple[str, ...] = ()  # sources later than they usually are
    covered: int | None = None  # tokens found in request logs, of
    quantity: int | None = None  # the tokens the providers report
    unpriced_rows: int = 0
    unpriced: tuple[tuple[str, int], ...] = ()  # (unit, quantity)
    findings: int = 0
    earlier: tuple[EarlierDay, ...] = ()
    main_currency: str = "USD"  # shown first
