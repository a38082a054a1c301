"""Asset checks by day, each one question to the ledger."""

from collections import defaultdict
from collections.abc import Callable, Mapping

from llm_finops.core.audit import First, subject
from llm_finops.core.digest.words import amount_text
from llm_finops.core.money import nano_text
from llm_finops.core.reconcile import NOT_COMPARABLE
from llm_finops.core.records import ALL, Reconciliation
from llm_finops.ledger import datasets as d
from llm_finops.ledger import prices_that_differ, sums, unconserved
from llm_finops.pipeline.events import Verdict
from llm_finops.pipeline.work import Work

Verdicts = dict[str, Verdict]
_NAMED_MAX = 5


def conserved(work: Work, days: list[str]) -> Verdicts:
    """Σ allocations = Σ cost lines, for each account, currency and basis."""
    found = unconserved(work.ledger, (days[0], days[-1]))
    verdicts = {day: Verdict(passed=True, said="every cent is allocated", metadata={"difference": 0}) for day in days}
    for (day, account, currency, basis), difference in sorted(found.items()):
        if day in verdicts:
            said = (
                f"{account}: allocations differ from {basis} lines by {nano_text(difference)} {currency}; trust "
                f"nothing of the day, and run it again: `llm-finops backfill --from {day} --to {day}`"
            )
            verdicts[day] = Verdict(passed=False, said=said, metadata={"difference": difference})
    return verdicts


def covered(work: Work, days: list[str]) -> Verdicts:
    """The share of the providers' tokens that the request logs account for."""
    by_day = sums(
        work.ledger, "coverage", ("day",), ("quantity", "covered"), (days[0], days[-1]), where={"unit": "tokens"}
    )
    least = work.config.checks.coverage_min
    if not work.config.requests:
        said = "no request log is configured: costs go by rules and shares ([[owners]], [[spread]])"
        return {day: Verdict(passed=True, said=said, metadata={"least": f"{least} %"}) for day in days}
    verdicts = {}
    for day in days:
        quantity, logged = by_day.get((day,), (0, 0))
        if not quantity:
            continue
        percent = 100 * logged // quantity
        said = f"request logs account for {percent} % of the tokens"
        if percent < least:
            said += f", less than {least} %: `llm-finops doctor` names the key that would add most"
        verdicts[day] = Verdict(
            passed=percent >= least, said=said, metadata={"percent": percent, "least": f"{least} %"}
        )
    return verdicts


def priced(account: str) -> Callable[[Work, list[str]], Verdicts]:
    """Whether every row of an account's usage has a price, or all but so many percent of a unit."""

    def check(work: Work, days: list[str]) -> Verdicts:
        ends, where = (days[0], days[-1]), {"account": account}
        used = sums(work.ledger, "priced_usage", ("day", "unit"), ("quantity",), ends, where=where)
        by = ("day", "unit", "model", "service_tier", "meter")
        missing = sums(work.ledger, "priced_usage", by, ("quantity",), ends, where={**where, "list_cost_nano": None})
        verdicts = {}
        for day in days:
            rows = {key: quantity for key, (quantity,) in missing.items() if key[0] == day and quantity}
            verdicts[day] = _priced(work.config.checks.unpriced_max, rows, used)
        return verdicts

    return check


def _priced(most: int, rows: Mapping[tuple[str, ...], int], used: Mapping[tuple[str, ...], tuple[int, ...]]) -> Verdict:
    """`rows` are of one day: (day, unit, model, tier, meter) -> quantity without a price."""
    metadata = {"unpriced": len(rows), "unpriced_max": f"{most} %"}
    if not rows:
        return Verdict(passed=True, said="every row has a price", metadata=metadata)
    by_unit: defaultdict[tuple[str, ...], int] = defaultdict(int)
    for (day, unit, *_), quantity in rows.items():
        by_unit[day, unit] += quantity
    passed = all(100 * quantity <= most * used[at][0] for at, quantity in by_unit.items())
    named = ", ".join(f"{model} {tier} {meter}" for _, _, model, tier, meter in sorted(rows)[:_NAMED_MAX])
    said = f"no price for {named}: add it to the CSV of [prices]"
    return Verdict(passed=passed, said=said, metadata=metadata)


def reconciled(work: Work, days: list[str]) -> Verdicts:
    """Whether each account's usage at list is what it reports as cost, but for so many percent."""
    most = work.config.checks.variance_max
    apart: dict[str, list[str]] = {day: [] for day in days}
    for (account, day), rows in work.ledger.read_days(d.RECONCILIATIONS, days[0], days[-1]).items():
        if day in apart:
            apart[day] += [f"{account}: {said}" for row in rows if (said := _varies(row, most))]
    mend = "see the findings of reconciliations for the model; a contract price belongs into the CSV of [prices]"
    return {
        day: Verdict(
            passed=not found,
            said=f"{'; '.join(found)}: {mend}" if found else "usage at list price and reported cost agree",
            metadata={"accounts": len(found), "variance_max": f"{most} %"},
        )
        for day, found in apart.items()
    }


def _varies(row: Reconciliation, most: int) -> str:
    """What a whole day's comparison in one currency says beyond the threshold; nothing if it is within."""
    whole = (row.level, row.project, row.model) == ("cost", ALL, ALL)
    if (
        not whole
        or row.state == NOT_COMPARABLE
        or row.left_amount is None
        or row.right_amount is None
        or row.difference is None
    ):
        return ""
    if 100 * abs(row.difference) <= most * abs(row.right_amount):
        return ""
    left, right = amount_text(row.left_amount, row.unit), amount_text(row.right_amount, row.unit)
    return f"{left} at list, {right} reported"


def billed_as_priced(work: Work, days: list[str]) -> Verdicts:
    """Whether the bill charges what the price book says; else what differs, since when, and why it may."""
    verdicts = {}
    seq = work.ledger.seq()
    for day in days:
        found = prices_that_differ(work.ledger, day, seq)
        said = "; ".join(map(_price_said, found[:5])) or "the bill charges what the price book says"
        verdicts[day] = Verdict(passed=not found, said=said, metadata={"prices": len(found)})
    return verdicts


def _price_said(found: First) -> str:
    price = found.price
    amounts = f"{_units(price.billed_nano)} {price.currency} billed, {_units(price.expected_nano)} by the book"
    return f"{subject(price)}: {amounts}, since {found.day} ({price.reason}); correct it in a file of [prices]"


def _units(nano: int | None) -> str:
    return "more than can be told" if nano is None else nano_text(nano)
