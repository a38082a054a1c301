"""Month to date, and what the month comes to at the pace of its days so far."""

import calendar
from datetime import date

from llm_finops.core.money import round_half_even
from llm_finops.dashboard.blocks import Tile
from llm_finops.dashboard.view import View
from llm_finops.ledger.queries import Asked, margin_days


def pace(view: View) -> Tile:
    """Of the newest month in the ledger, whatever period is asked for: cost so far, and at that pace the whole month.

    Days without margins are not counted as days of no cost: the pace is of the days that are there.
    """
    newest = date.fromisoformat(view.address.span.last)
    asked = view.asked
    month = Asked(str(newest.replace(day=1)), str(newest), asked.currency, None, None, asked.customer, asked.feature)
    days = margin_days(view.reader, month)
    so_far = sum(day.cost_nano for day in days)
    length = calendar.monthrange(newest.year, newest.month)[1]
    if not days:
        return Tile("Month to date", view.money(None), f"{month.first[:7]}: no day yet")
    whole = round_half_even(so_far * length, len(days))
    note = f"{len(days)} of {length} days of {month.first[:7]}; at this pace {view.money(whole)}"
    return Tile("Month to date", view.money(so_far), note, view.link("/", period="month"))
