"""How a price that was divided out of a bill is written; how prices and the findings about them lead to each other."""

from collections.abc import Mapping

from llm_finops.core.audit import PRICE_DIFFERS, PRICE_IMPLIED, subject
from llm_finops.core.money import round_half_even
from llm_finops.core.price import UNPRICED
from llm_finops.dashboard.blocks import Cell
from llm_finops.dashboard.view import View
from llm_finops.dashboard.words import UNKNOWN, exact_text
from llm_finops.ledger.queries import implied, meters

_DIGITS = 5


def readable(view: View, nano: int | None) -> str:
    """Five digits of it: more than a bill bears out. The file of a table has all."""
    if nano is None:
        return UNKNOWN
    unit = 10 ** max(0, len(str(abs(nano))) - _DIGITS)
    return exact_text(round_half_even(nano, unit) * unit, view.currency)


def implied_cell(view: View, nano: int | None) -> int | str | None:
    """The same, in a table: a number in its file."""
    return nano if view.exporting else readable(view, nano)


def model_cell(view: View, model: str) -> Cell:
    """A model, with the page of its prices."""
    return Cell(model, view.link("/prices", model=model))


def findings_link(view: View, kind: str) -> str:
    """The findings of a kind, on the page of reconciliation."""
    return f"{view.link('/reconciliation', kind=kind)}#findings"


def prices_links(view: View, kind: str) -> Mapping[str, str]:
    """{subject of a finding: the page of its model's prices}; of a kind that is not of prices, none."""
    if kind == UNPRICED:
        used = meters(view.reader, view.asked)
        models = {f"{row.provider} {row.model} {row.service_tier} {row.meter}": row.model for row in used}
    elif kind in {PRICE_DIFFERS, PRICE_IMPLIED}:
        models = {subject(row.price): row.price.model for row in implied(view.reader, view.asked)}
    else:
        models = {}
    return {of: view.link("/prices", model=model) for of, model in models.items()}
