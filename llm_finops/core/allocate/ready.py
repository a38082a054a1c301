"""A day before any money is given out: its lines refined, its usage covered."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from llm_finops.core.allocate.cover import Cover, cover
from llm_finops.core.allocate.log import read_logs
from llm_finops.core.allocate.notes import Notes
from llm_finops.core.allocate.plan import Plan
from llm_finops.core.records import CREDIT, TAX, CostLine, Name, PricedUsage, RequestTotal, key_bytes
from llm_finops.core.rules import Rulebook
from llm_finops.core.settings import Settings


class Ready(NamedTuple):
    """Lines and usage in the order of their key bytes; `apart` are the lines that no customer is charged with."""

    book: Rulebook
    notes: Notes
    lines: list[CostLine]
    apart: list[CostLine]
    usage: list[PricedUsage]
    plan: Plan
    covered: Cover


def ready(
    day: str,
    account: str,
    lines: Sequence[CostLine],
    usage: Sequence[PricedUsage],
    totals: Mapping[str, Sequence[RequestTotal]],
    settings: Settings,
    names: Mapping[str, Sequence[Name]],
) -> Ready:
    """Who used what of an account's day; as `allocate` has it."""
    book, notes = Rulebook(day, settings, names), Notes(day, account)
    usage = sorted(usage, key=key_bytes)
    lines = sorted((line._replace(model=settings.model(line.model)) for line in lines), key=key_bytes)
    uncharged = _apart(settings)
    plan = Plan([line for line in lines if line.charge_category not in uncharged], usage, book.reads_tags, notes)
    covered = cover(plan.wanted, read_logs(account, totals, book), book, notes)
    apart = [line for line in lines if line.charge_category in uncharged]
    return Ready(book, notes, lines, apart, usage, plan, covered)


def _apart(settings: Settings) -> set[str]:
    """The charge categories that no customer is charged with."""
    charged = {TAX: settings.allocate_tax, CREDIT: settings.allocate_credit}
    return {category for category, charge in charged.items() if not charge}
