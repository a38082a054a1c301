"""Month to date, and what the month comes to at the pace of its days so far."""

import calendar
from datetime import date

from llm_finops.core.money import round_half_even
from llm_finops.dashboard.blocks import Tile
from llm_finops.dashboard.view import View
from llm_finops.ledger.queries import Asked, margin_total, unbooked_days


def pace(view: View) -> Tile:
    """Of the newest month in the ledger, whatever period is asked for: cost so far, and at that pace the whole month.

    Days that are not booked are not counted as days of no cost; those that are booked without anything of what is
    asked for (a customer, a currency) are.
    """
    newest = date.fromisoformat(view.address.span.last)
    asked = view.asked
    month = Asked(str(newest.replace(day=1)), str(newest), asked.currency, None, None, asked.customer, asked.feature)
    so_far = margin_total(view.reader, month)
    length = calendar.monthrange(newest.year, newest.month)[1]
    if not so_far.rows:
        return Tile("Month to date", view.money(None), f"nothing booked of {month.first[:7]} in {view.currency}")
    booked = newest.day - len(unbooked_days(view.reader, month.first, month.last))
    whole = round_half_even(so_far.cost_nano * length, booked)
    note = f"{booked} of {length} days of {month.first[:7]}; at this pace {view.money(whole)}"
    return Tile("Month to date", view.money(so_far.cost_nano), note, view.link("/", period="month"))
