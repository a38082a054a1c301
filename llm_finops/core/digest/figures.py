"""What a day's message is made of: whole nano-units and counts, taken from the ledger.

None is unknown everywhere, and is told as such; 0 is a fact. No order in these tuples matters.
"""

from dataclasses import dataclass
from typing import Literal

from llm_finops.core.digest.invoices import InvoiceNews
from llm_finops.core.records import UNALLOCATED

CURRENCIES_MAX = 4  # that a message shows; the others are named


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the day's cost by one name: a provider or a model."""

    name: str
    cost_nano: int


@dataclass(frozen=True, slots=True)
class Owner:
    """A customer or a feature: its allocated cogs and its revenue, in one currency.

    Revenue is None where it is not loaded, or is all in the currencies of `elsewhere`: those that hold
    revenue or cost without which there is no margin, since no rate leads from one to the other.
    """

    name: str
    cost_nano: int
    revenue_nano: int | None
    elsewhere: tuple[str, ...] = ()

    @property
    def margin_nano(self) -> int | None:
        """Revenue less cogs; None where a part of either is not known, or nobody could have any revenue."""
        if self.revenue_nano is None or self.elsewhere or self.name == UNALLOCATED:
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
    has_cost: bool = True  # False: nothing is charged or priced in this currency, customers only pay in it
    cogs_nano: int = 0
    opex_nano: int = 0
    excluded_nano: int = 0
    revenue_nano: int | None = None  # what is paid in this currency; None: not loaded
    day_before_nano: int | None = None
    week_before_nano: int | None = None  # the same weekday last week
    month_to_date_nano: int | None = None
    month_since: str | None = None  # the first day booked, where that is later than the first of the month
    month_days_unknown: int = 0  # days since then whose cost is not in `month_to_date_nano`
    logged_cost_nano: int = 0  # cost found by request log
    requests: int = 0
    p95_nano: int | None = None  # of single requests' list cost
    reported_nano: int | None = None  # None: of no account, as for the next two
    estimated_nano: int | None = None
    invoiced_nano: int | None = None
    lost_nano: int = 0  # of `logged_cost_nano`: failed and retried requests
    unallocated_nano: int = 0  # cogs and opex; nobody could own what is excluded
    providers: tuple[Part, ...] = ()
    models: tuple[Part, ...] = ()
    customers: tuple[Owner, ...] = ()
    features: tuple[Owner, ...] = ()

    @property
    def apart(self) -> tuple[Owner, ...]:
        """Customers left out of the margin: what they pay or cost elsewhere needs a rate."""
        return tuple(customer for customer in self.customers if customer.elsewhere)

    @property
    def margin_revenue_nano(self) -> int | None:
        """The revenue of those the margin is of; None where nobody who pays is left."""
        paid = [customer.revenue_nano or 0 for customer in self.apart]
        if self.revenue_nano is None or (paid and not any(c.revenue_nano for c in self.customers if not c.elsewhere)):
            return None
        return self.revenue_nano - sum(paid)

    @property
    def margin_nano(self) -> int | None:
        """Gross margin: revenue less cogs, without the customers `apart`; None where either is unknown."""
        if self.margin_revenue_nano is None or self.cost_nano is None:
            return None
        return self.margin_revenue_nano - self.cogs_nano + sum(customer.cost_nano for customer in self.apart)

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
class Missing:
    """A source that a day still lacks, and the last day that it was read whole for (None: no day)."""

    name: str
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Usage of a model that no price is known for; `in_total` where the provider's own report says what it costs."""

    model: str
    unit: str
    quantity: int
    in_total: bool


@dataclass(frozen=True, slots=True)
class Uncosted:
    """Usage of an account whose cost report holds no charge at all, at list."""

    account: str
    currency: str
    list_cost_nano: int


@dataclass(frozen=True, slots=True)
class PriceDiffers:
    """A price that the bill parts from since this very day, a million units: billed, and by the book."""

    model: str
    meter: str
    currency: str
    billed_nano: int
    booked_nano: int
    reason: str


@dataclass(frozen=True, slots=True)
class HeldDay:
    """A final day whose new reading has lost more than half: not booked until a person accepts the load.

    `unit` is a currency, whose amounts are nano-units, or a meter.
    """

    account: str
    day: str
    unit: str
    booked: int
    said: int
    load_id: int


@dataclass(frozen=True, slots=True)
class Doubts:
    """The day's findings of one kind: how many, and by unit (a currency: nano) the largest amount, without sign."""

    kind: str
    count: int
    largest: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything the message of a day says."""

    day: str  # ISO, UTC
    currencies: tuple[CurrencyFigures, ...]
    state: Literal["complete", "partial"] = "complete"
    missing: tuple[Missing, ...] = ()  # sources that the day still lacks, where partial; (): it is not computed yet
    late: tuple[str, ...] = ()  # sources later than they usually are
    used: bool | None = None  # whether the providers report any usage
    requests: int = 0  # all that were logged, whosever they are
    logged: bool = True  # whether there is any request log
    covered: int | None = None  # tokens found in request logs, of
    quantity: int | None = None  # the tokens the providers report
    unpriced: tuple[Unpriced, ...] = ()
    uncosted: tuple[Uncosted, ...] = ()
    new_prices: tuple[PriceDiffers, ...] = ()
    quarantined: int = 0  # rows of files that are not counted
    findings: tuple[Doubts, ...] = ()
    held: tuple[HeldDay, ...] = ()  # of whatever day
    earlier: tuple[EarlierDay, ...] = ()
    invoices: tuple[InvoiceNews, ...] = ()
    lasts: tuple[str, ...] = ()  # later days that are not complete either, and have no message of their own
    main_currency: str = "USD"  # shown first
    rates_of: tuple[str, ...] = ()  # the dates of the rates by which all is in the main currency; () as it was
    no_rate: tuple[str, ...] = ()  # USD→EUR: for want of which nothing is converted
    dashboard: str = ""  # where people open this day; an address without any of | < >
    dagster: str = ""  # and its runs

    @property
    def uncosted_by_currency(self) -> tuple[tuple[str, int], ...]:
        """What is used and has no cost, at list, by currency."""
        codes = sorted({row.currency for row in self.uncosted})
        return tuple((code, sum(r.list_cost_nano for r in self.uncosted if r.currency == code)) for code in codes)
