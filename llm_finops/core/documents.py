"""Invoices as rows: a month of an account each, NamedTuples like the other facts (core/records.py)."""

from typing import NamedTuple


class Invoice(NamedTuple):
    """A document of a provider: its total is the sum of its categories and of what they leave unexplained."""

    month: str  # 2026-09
    issuer: str
    number: str
    currency: str
    period_from: str
    period_until: str  # exclusive
    usage_nano: int
    tax_nano: int
    credit_nano: int
    purchase_nano: int
    adjustment_nano: int
    unexplained_nano: int
    total_nano: int
    lines: int
    document: str  # a hash of what it says, whatever the order and the spelling


class InvoiceLine(NamedTuple):
    """A line of an invoice."""

    line_id: str
    month: str
    issuer: str
    number: str
    charge_category: str
    description: str
    currency: str
    billed_nano: int
    amount_text: str


class InvoiceMatch(NamedTuple):
    """What a month's reports say was billed beside what its invoices say. NULL is "nothing said", never 0."""

    month: str
    charge_category: str  # or `unexplained`: what an invoice's lines leave of its total
    currency: str
    reported_nano: int | None
    invoiced_nano: int | None
    difference_nano: int | None  # invoiced less reported, exact; NULL where either is
    state: str  # matched | differs | not invoiced yet | no invoice expected | invoice without cost
