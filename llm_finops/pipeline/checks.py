"""Asset checks by day, each one question to the ledger."""

from collections.abc import Callable

from llm_finops.core.money import nano_text
from llm_finops.ledger import sums, unconserved
from llm_finops.pipeline.events import Verdict
from llm_finops.pipeline.work import Work

Verdicts = dict[str, Verdict]


def conserved(work: Work, days: list[str]) -> Verdicts:
    """Σ allocations = Σ cost lines, for each account, currency and basis."""
    found = unconserved(work.ledger, (days[0], days[-1]))
    verdicts = {day: Verdict(passed=True, said="every cent is allocated", metadata={"difference": 0}) for day in days}
    for (day, account, currency, basis), difference in sorted(found.items()):
        if day in verdicts:
            said = f"{account}: allocations differ from {basis} lines by {nano_text(difference)} {currency}"
            verdicts[day] = Verdict(passed=False, said=said, metadata={"difference": difference})
    return verdicts


def covered(work: Work, days: list[str]) -> Verdicts:
    """The share of the providers' tokens that the request logs account for."""
    by_day = sums(
        work.ledger, "coverage", ("day",), ("quantity", "covered"), (days[0], days[-1]), where={"unit": "tokens"}
    )
    least = work.config.reporting.coverage_min
    verdicts = {}
    for day in days:
        quantity, logged = by_day.get((day,), (0, 0))
        if not quantity:
            continue
        percent = 100 * logged // quantity
        said = f"request logs account for {percent} % of the tokens"
        if not work.config.requests:
            said += "; no [requests.NAME] is configured"
        verdicts[day] = Verdict(passed=percent >= least, said=said, metadata={"percent": percent, "least": least})
    return verdicts


def priced(account: str) -> Callable[[Work, list[str]], Verdicts]:
    """Whether every row of an account's usage has a price."""

    def check(work: Work, days: list[str]) -> Verdicts:
        by = ("day", "model", "service_tier", "meter")
        where = {"list_cost_nano": None, "account": account}
        missing = sums(work.ledger, "priced_usage", by, ("quantity",), (days[0], days[-1]), where=where)
        verdicts = {day: Verdict(passed=True, said="every row has a price", metadata={"unpriced": 0}) for day in days}
        for day in days:
            rows = sorted(key for key, (quantity,) in missing.items() if key[0] == day and quantity)
            if rows:
                named = ", ".join(f"{model} {tier} {meter}" for _, model, tier, meter in rows[:5])
                said = f"no price for {named}: add it to the CSV of [prices]"
                verdicts[day] = Verdict(passed=False, said=said, metadata={"unpriced": len(rows)})
        return verdicts

    return check
