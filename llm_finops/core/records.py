"""The facts, as rows: one NamedTuple a dataset, its fields the columns of the ledger (docs/schema.md).

Money columns end in `_nano`: whole nano-units of the currency beside them. Quantities are whole units.
Days are ISO dates (UTC). No key is ever NULL: `(none)` is "there was none, or we do not know it", and, on
a cost line only, `(any)` is "the report was not broken down by this": it meets whatever the usage says.
"""

import hashlib
import json
from typing import NamedTuple

NONE = "(none)"
ANY = "(any)"
ALL = "(all)"
UNALLOCATED = "(unallocated)"

STANDARD = "standard"
PRODUCTION = "production"

REQUEST_LOG, RULE, SPREAD = "request_log", "rule", "spread"
METHODS = (REQUEST_LOG, RULE, SPREAD, "unallocated")
ESTIMATED, REPORTED, INVOICED = BASES = ("estimated", "reported", "invoiced")
COGS, OPEX, EXCLUDED = COST_CLASSES = ("cogs", "opex", "excluded")
USAGE, TAX, CREDIT, ADJUSTMENT, PURCHASE = CHARGE_CATEGORIES = (
    "usage",
    "tax",
    "credit",
    "adjustment",
    "purchase",
)


class Finding(NamedTuple):
    """A difference or doubt about a day, as a value: shown and counted, never an exception."""

    day: str
    account: str
    kind: str  # unpriced, log above usage, report incomplete, ...
    subject: str  # what it is about, in words a person can search for
    unit: str  # of the amount: a currency (then nano), tokens, rows, ...
    amount: int
    detail: str


class Quarantined(NamedTuple):
    """A row of a file that is not counted, and why."""

    reason: str
    file: str
    detail: str  # which line, and no more of what it says than the source's columns map


class Pool(NamedTuple):
    """One combination a cost or a request belongs to; `(none)` where not known."""

    account: str
    provider: str
    project: str
    api_key: str
    model: str
    service_tier: str
    currency: str

    @property
    def pool_id(self) -> int:
        """63 bits of a hash of the combination: every writer and store computes the same."""
        text = json.dumps(list(self), separators=(",", ":"), ensure_ascii=True)
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 1


class Usage(NamedTuple):
    """Quantity a provider reports for a day."""

    account: str
    provider: str
    project: str
    api_key: str
    actor: str
    model: str
    service_tier: str
    context_band: str
    meter: str
    unit: str
    quantity: int


class PricedUsage(NamedTuple):
    """A usage row with its list cost (contract before list); NULL cost is *unpriced*, never 0."""

    account: str
    provider: str
    project: str
    api_key: str
    actor: str
    model: str
    service_tier: str
    context_band: str
    meter: str
    unit: str
    quantity: int
    list_cost_nano: int | None
    currency: str  # (none) where unpriced


class CostLine(NamedTuple):
    """Money for a day. `amount_nano` is what is allocated, `billed_nano` what the document shows."""

    line_id: str
    account: str
    provider: str
    project: str
    api_key: str
    model: str
    service_tier: str
    context_band: str
    line_item: str
    meter: str
    quantity: int | None
    unit: str | None
    charge_category: str
    charge_class: str
    basis: str
    currency: str
    amount_nano: int
    billed_nano: int
    provider_list_nano: int | None
    amount_text: str
    tags: str  # JSON, keys sorted
    period_from: str
    period_until: str
    invoice_line_id: str | None


class RequestTotal(NamedTuple):
    """The day's logged requests of one pool and owner: the booked weights of every split."""

    pool: Pool
    context_band: str
    customer: str
    feature: str
    environment: str
    actor: str
    status: str
    requests: int
    operations: int
    list_cost_nano: int | None  # NULL where a meter of it is unpriced
    meters: str  # JSON, keys sorted: {meter: [quantity, list_cost_nano or null]}
    tags: str | None = None  # JSON, keys sorted: those of the log that a rule reads; NULL where there are none


class RequestQuantile(NamedTuple):
    """Exact nearest-rank quantiles of the list cost of single requests."""

    grouping: str  # customer | feature | model | all
    key: str
    currency: str
    requests: int
    p50_nano: int
    p95_nano: int
    p99_nano: int
    max_nano: int


class Revenue(NamedTuple):
    """What a customer pays for a day."""

    row_id: str
    customer: str
    feature: str  # (all) where the source does not say
    currency: str
    amount_nano: int


class Allocation(NamedTuple):
    """A share of a day's cost in a pool, given to a customer, feature and environment."""

    pool: Pool
    customer: str
    feature: str
    environment: str
    cost_class: str
    currency: str
    basis: str
    method: str
    rule: str
    cost_nano: int


class Coverage(NamedTuple):
    """How much of a usage row the request logs account for."""

    account: str
    provider: str
    project: str
    api_key: str
    actor: str
    model: str
    service_tier: str
    context_band: str
    meter: str
    unit: str
    quantity: int
    covered: int


class Reconciliation(NamedTuple):
    """Two figures of one thing, side by side. Amounts are nano of `unit` where it is a currency."""

    level: str  # cost | usage | invoice
    project: str
    model: str
    meter: str
    unit: str
    left_kind: str
    left_amount: int | None
    right_kind: str
    right_amount: int | None
    difference: int | None
    state: str  # matched | differs | left_only | right_only | not_comparable


class Margin(NamedTuple):
    """Revenue and allocated cogs of a customer and feature. NULL revenue is "not loaded", never 0."""

    customer: str
    feature: str
    currency: str
    revenue_nano: int | None
    cost_nano: int
    logged_cost_nano: int
    requests: int
    operations: int


class Price(NamedTuple):
    """One dated price: nano-units of `currency` per million of the meter's unit."""

    provider: str
    model: str
    service_tier: str
    context_band: str  # (none): every length of context; else 0-200k, 200k-1M, 272k-, ...
    meter: str
    currency: str
    price_nano: int
    valid_from: str  # UTC, 2026-01-01T00:00:00Z; inclusive
    valid_until: str  # exclusive; 9999-12-31T00:00:00Z where open
    source: str  # contract:FILE, or list:genai-prices VERSION


class Name(NamedTuple):
    """What a project or key is called at the provider; once seen, kept."""

    kind: str  # project | api_key
    id: str
    name: str
    project: str
    former: int | None = None  # 1: the provider calls it otherwise now; NULL: this is its name


class Setting(NamedTuple):
    """One rule, mapping, account or source that decides a number, as canonical JSON."""

    kind: str
    position: int
    name: str
    value: str


class LogDay(NamedTuple):
    """What the files of a request log hold for a day: an order-free digest of its rows."""

    digest: str
    rows: int


FOREVER = "9999-12-31T00:00:00Z"
BEGINNING = "0001-01-01T00:00:00Z"


def key_bytes(values: tuple[object, ...]) -> bytes:
    """The bytes a row is sorted by wherever an order matters: no tie is left to position or collation."""
    return json.dumps(values, separators=(",", ":"), ensure_ascii=True).encode()
