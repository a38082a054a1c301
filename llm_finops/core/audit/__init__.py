"""Audit the price book by the bill: what each reported charge implies a million costs, beside list and contract.

A charge is compared where it can be matched with the usage it is for. The estimate is priced by the book itself, and
is never looked at.
"""

from collections.abc import Iterable, Mapping, Sequence

from llm_finops.core.audit.compare import Compared, Comparer, merged
from llm_finops.core.audit.matching import charges, grain
from llm_finops.core.audit.reasons import Reason, constant
from llm_finops.core.audit.runs import First, first_seen
from llm_finops.core.audit.told import PRICE_DIFFERS, PRICE_IMPLIED, findings, row, subject
from llm_finops.core.derived import DIFFERS, MATCHED, ImpliedPrice
from llm_finops.core.price import PriceBook
from llm_finops.core.records import CostLine, Finding, PricedUsage, key_bytes

__all__ = ["PRICE_DIFFERS", "PRICE_IMPLIED", "First", "audit", "first_seen", "subject"]


def audit(
    day: str,
    account: str,
    usage: Sequence[PricedUsage],
    lines: Iterable[CostLine],
    book: PriceBook,
    aliases: Mapping[str, str] | None = None,
) -> tuple[list[ImpliedPrice], list[Finding]]:
    """The day's implied prices of an account, and where they part from the book; both sorted.

    `lines` are the account's reported ones, `usage` is named as the book names models; `aliases` do so for lines.
    A price differs where the amounts part by more than half a per cent, more than a unit of the last digit of each
    line's amount, and more than a minor unit of the currency (a cent).
    """
    known = [line._replace(model=(aliases or {}).get(line.model, line.model)) for line in lines]
    comparer = Comparer(book, day, grain(known))
    found = {key: comparer.compare(key, charge) for key, charge in charges(usage, known).items()}
    compared = _explained(merged(part for parts in found.values() for part in parts))
    return sorted((row(part) for part in compared), key=key_bytes), findings(day, account, compared)


def _explained(found: list[Compared]) -> list[Compared]:
    """One reason for all where one rate explains all, and no other reason does."""
    off = [part for part in found if part.state == DIFFERS]
    told = [part for part in found if part.state in {DIFFERS, MATCHED}]
    if len({part.reason.code for part in off}) == 1 and off[0].reason.code != "unknown":
        return found
    rate: Reason | None = constant([(part.seen, part.expected) for part in told if part.expected is not None])
    if rate is None or len(off) < len(told):
        return found
    return [part._replace(reason=rate) if part.state == DIFFERS else part for part in found]
