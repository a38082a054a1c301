"""Where a customer's margin is zero: at which usage, and, as it grows now, in how many days. Exact arithmetic alone."""

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal

from llm_finops.core.days import each_day
from llm_finops.ledger.queries import Asked, Margins, Scaled

CLOSE = Fraction(1, 4)  # of today's usage
Stands = Literal["below", "close", "further", "never", "unknown"]


def until_zero(cost_nano: int, revenue_nano: int, flat_nano: int) -> Fraction | None:
    """By which part of today's usage it would have to change for the margin to be zero: 1/4 is a quarter more.

    All of the cost grows with usage; of the revenue all but `flat_nano`. At u times today's usage the margin is

        flat + u * (revenue - flat) - u * cost

    which is zero at u = flat / (cost - (revenue - flat)), and u - 1 = margin / (cost - (revenue - flat)) is the
    answer. None where no usage above zero makes it so: what is paid by usage grows as fast as the cost or faster and
    pays for it, or there is no flat fee, and more usage only makes the margin larger, whichever sign it has.
    """
    growing = cost_nano - (revenue_nano - flat_nano)
    if flat_nano * growing <= 0:
        return None
    return Fraction(revenue_nano - cost_nano, growing)


def until_of(row: Scaled) -> Fraction | None:
    """The same of a customer; None as well where a part of the revenue is not known."""
    return None if row.revenue_unknown else until_zero(row.cost_nano, row.revenue_nano, row.flat_nano)


def stands(row: Scaled) -> Stands:
    """On which side of the line a customer is, and how far: each customer is in one place."""
    margin, until = row.margin_nano, until_of(row)
    if margin is None:
        return "unknown"
    if margin < 0:
        return "below"
    if until is None:
        return "never"
    return "close" if until <= CLOSE else "further"


def days_until_zero(days: int, before: Margins, cost_nano: int, margin_nano: int) -> int | None:
    """In how many days the margin of a period as long as this one (`days`) is zero, if it falls as it did.

    It fell from that of the period before: by so much again in every `days`. Rounded up to a whole day. None where
    the margin is not above zero any more, does not fall, or falls although the cost does not grow.
    """
    if before.margin_nano is None:
        return None
    fell = before.margin_nano - margin_nano
    if margin_nano < 0 or fell <= 0 or cost_nano <= before.cost_nano:
        return None
    return -(-days * margin_nano // fell)


def cost_in(rows: Sequence[Scaled]) -> int:
    """What customers cost together."""
    return sum(row.cost_nano for row in rows)


def revenue_in(rows: Sequence[Scaled]) -> int | None:
    """What they pay together; None where a part of it is not known."""
    return None if any(row.revenue_unknown for row in rows) else sum(row.revenue_nano for row in rows)


def days_of(asked: Asked) -> int:
    """How many days a period has."""
    return len(each_day(asked.first, asked.last))


def preceding(asked: Asked) -> Asked:
    """As many days just before, without filters: growth is told of two periods of one length."""
    first = date.fromisoformat(asked.first)
    return Asked(str(first - timedelta(days=days_of(asked))), str(first - timedelta(days=1)), asked.currency)
