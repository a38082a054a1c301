"""Reconcile: two figures of one thing side by side, and the estimate that stands in for a missing report.

Level "cost": the day's usage at list against the reported usage charges, by project and model and in all.
Level "usage": what the request logs account for against the provider's meters, by model and meter.
Taxes, credits, purchases and adjustments are no usage and are left out here.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from llm_finops.core.meters import OTHER, family_of
from llm_finops.core.money import fits, nano_text
from llm_finops.core.records import (
    ALL,
    ANY,
    ESTIMATED,
    NONE,
    REPORTED,
    USAGE,
    CostLine,
    Coverage,
    Finding,
    PricedUsage,
    Reconciliation,
    key_bytes,
)

PRICED, REPORTED_COST, LOGGED, REPORTED_USAGE = "priced usage", "reported cost", "logged", "reported usage"
MATCHED, DIFFERS, LEFT_ONLY, RIGHT_ONLY = "matched", "differs", "left_only", "right_only"
NOT_COMPARABLE = "not_comparable"
COMMITTED = "priority"  # a tier that some sell by commitment: it is no difference that a report by tier lacks it


class Tolerance(NamedTuple):
    """What still counts as the same: a share of the right-hand amount, or so many nano-units."""

    share: Fraction = Fraction(1, 100)
    nano: int = 10_000_000


_Key = tuple[str, str]  # project, model
_Amounts = dict[str, int | None]  # by currency; None: not all of it is priced


def reconcile(
    day: str,
    account: str,
    usage: Sequence[PricedUsage],
    lines: Sequence[CostLine],
    coverage: Sequence[Coverage],
    *,
    final: bool,
    aliases: Mapping[str, str] | None = None,
    tolerance: Tolerance | None = None,
) -> tuple[list[Reconciliation], list[Finding]]:
    """The day's comparisons of an account, and, once the day is `final`, what differs.

    `aliases` are the settings' names of models, for the lines. Amounts are whole nano-units of `unit` at level
    "cost", whole units at level "usage"; a difference is right minus left. Unpriced usage is not comparable.
    """
    allowed = tolerance or Tolerance()
    rows = [*_costs(usage, _charges(lines, aliases or {}), allowed), *_quantities(coverage, allowed)]
    rows.sort(key=key_bytes)
    findings = [_differs(day, account, row) for row in rows if (row.level, row.state) == ("cost", DIFFERS)]
    if not any(line.basis == ESTIMATED for line in lines):
        findings += [_not_charged(day, account, row) for row in rows if _is_not_charged(row, allowed)]
    findings += _low_coverage(day, account, coverage, allowed)
    return rows, sorted(findings, key=key_bytes) if final else []


def report_covers(
    usage: Iterable[PricedUsage], lines: Iterable[CostLine], aliases: Mapping[str, str] | None = None
) -> bool:
    """Whether a cost report has a line wherever usage has quantity, by project and model.

    An empty report of yesterday is no $0. A line that names no model speaks only for usage of its meter:
    a charge for storage says nothing about tokens. Usage whose price is 0 is free, and asks for no line.
    """
    known = {(line.project, line.model, line.meter) for line in _charges(lines, aliases or {})}
    by_name = {(project, model) for project, model, meter in known if model != ANY and meter != OTHER}
    by_meter = {(project, meter) for project, model, meter in known if model == ANY and meter != OTHER}
    return all(
        any(
            (project, row.model) in by_name
            or any((project, meter) in by_meter for meter in (ANY, row.meter, family_of(row.meter)))
            for project in (ANY, row.project)
        )
        for row in usage
        if row.quantity > 0 and row.list_cost_nano != 0
    )


def estimate(account: str, day: str, priced: Sequence[PricedUsage]) -> tuple[list[CostLine], list[Finding]]:
    """Cost lines for a day without a report: one a usage row at its list cost, actors summed.

    What has no price gets no line but a finding: never $0. Raises MoneyError where a sum does not fit 64 bits.
    """
    sums: defaultdict[PricedUsage, tuple[int, int]] = defaultdict(lambda: (0, 0))
    unpriced: defaultdict[tuple[str, str, str, str], int] = defaultdict(int)
    for row in priced:
        if row.list_cost_nano is None:
            unpriced[row.model, row.service_tier, row.meter, row.unit] += row.quantity
            continue
        key = row._replace(actor=ANY, quantity=0, list_cost_nano=0)
        quantity, nano = sums[key]
        sums[key] = (quantity + row.quantity, nano + row.list_cost_nano)
    lines = [_line(account, day, key, quantity, nano) for key, (quantity, nano) in sums.items()]
    findings = [
        Finding(day, account, "unpriced, not estimated", f"{model} {tier} {meter}", unit, quantity, _NO_PRICE)
        for (model, tier, meter, unit), quantity in unpriced.items()
        if quantity
    ]
    return sorted(lines, key=key_bytes), sorted(findings, key=key_bytes)


_NO_PRICE = "no price is known for this on the day, so its cost is missing from the estimate"


def _line(account: str, day: str, key: PricedUsage, quantity: int, nano: int) -> CostLine:
    natural = (account, day, ESTIMATED, *key[1:10], key.currency)
    nano = fits(nano)
    return CostLine(
        line_id=hashlib.sha256(key_bytes(natural)).hexdigest()[:32],
        account=account,
        provider=key.provider,
        project=key.project,
        api_key=key.api_key,
        model=key.model,
        service_tier=key.service_tier,
        context_band=key.context_band,
        line_item="estimate",
        meter=key.meter,
        quantity=quantity,
        unit=key.unit,
        charge_category=USAGE,
        charge_class=NONE,
        basis=ESTIMATED,
        currency=key.currency,
        amount_nano=nano,
        billed_nano=nano,
        provider_list_nano=None,
        amount_text=nano_text(nano),
        tags="{}",
        period_from=day,
        period_until=(date.fromisoformat(day) + timedelta(days=1)).isoformat(),
        invoice_line_id=None,
    )


def _charges(lines: Iterable[CostLine], aliases: Mapping[str, str]) -> list[CostLine]:
    """The reported usage charges, models by the provider's name."""
    found = (line for line in lines if line.basis == REPORTED and line.charge_category == USAGE)
    return [line._replace(model=aliases.get(line.model, line.model)) for line in found]


def _costs(usage: Sequence[PricedUsage], lines: Sequence[CostLine], allowed: Tolerance) -> list[Reconciliation]:
    by_project = any(line.project != ANY for line in lines) or not lines
    by_model = any(line.model != ANY for line in lines) or not lines
    left: defaultdict[_Key, _Amounts] = defaultdict(dict)
    right: defaultdict[_Key, _Amounts] = defaultdict(dict)
    tiers = {line.service_tier for line in lines}
    for row in usage:
        if row.quantity and (row.service_tier != COMMITTED or not tiers or tiers & {ANY, COMMITTED}):
            for key in ((row.project if by_project else ANY, row.model if by_model else ANY), (ALL, ALL)):
                _add(left[key], row.currency, row.list_cost_nano)
    for line in lines:
        for key in ((line.project, line.model), (ALL, ALL)):
            _add(right[key], line.currency, line.amount_nano)
    keys = left.keys() | right.keys()
    return [row for key in keys for row in _compared(key, left.get(key, {}), right.get(key, {}), allowed)]


def _add(amounts: _Amounts, currency: str, nano: int | None) -> None:
    known = amounts.get(currency, 0)
    amounts[currency] = None if nano is None or known is None else known + nano


def _compared(key: _Key, left: _Amounts, right: _Amounts, allowed: Tolerance) -> list[Reconciliation]:
    """One row a currency. Unpriced usage, or usage priced in a currency that is not billed, compares with nothing."""
    unknown = None in left.values() or (bool(left) and bool(right) and left.keys() != right.keys())
    found = []
    for currency in sorted((left.keys() | right.keys()) - {NONE}) or [NONE]:
        mine, theirs = left.get(currency), right.get(currency)
        state = NOT_COMPARABLE if unknown else _state(mine, theirs, allowed.share, allowed.nano)
        mine = None if None in left.values() else mine
        difference = theirs - mine if mine is not None and theirs is not None else None
        kinds = (PRICED, mine, REPORTED_COST, theirs)
        found.append(Reconciliation("cost", *key, ALL, currency, *kinds, difference, state))
    return found


def _quantities(coverage: Sequence[Coverage], allowed: Tolerance) -> list[Reconciliation]:
    sums: defaultdict[tuple[str, str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for row in coverage:
        covered, quantity = sums[row.model, row.meter, row.unit]
        sums[row.model, row.meter, row.unit] = (covered + row.covered, quantity + row.quantity)
    found = []
    for (model, meter, unit), (covered, quantity) in sums.items():
        state = RIGHT_ONLY if quantity and not covered else _state(covered, quantity, allowed.share, 0)
        kinds = (LOGGED, covered, REPORTED_USAGE, quantity, quantity - covered)
        found.append(Reconciliation("usage", ALL, model, meter, unit, *kinds, state))
    return found


def _state(left: int | None, right: int | None, share: Fraction, least: int) -> str:
    if left is None or right is None:
        return RIGHT_ONLY if left is None else LEFT_ONLY
    difference = abs(right - left)
    return MATCHED if difference <= least or difference <= share * abs(right) else DIFFERS


def _differs(day: str, account: str, row: Reconciliation) -> Finding:
    """A model's usage without cost (free) and cost without usage (storage) are rows, and no news."""
    amounts = f"{nano_text(row.left_amount or 0)} at list, {nano_text(row.right_amount or 0)} reported"
    subject = "the whole day" if row.project == ALL else f"project {row.project}, model {row.model}"
    return Finding(day, account, "usage and cost differ", subject, row.unit, row.difference or 0, amounts)


def _is_not_charged(row: Reconciliation, allowed: Tolerance) -> bool:
    whole_day = (row.level, row.project, row.model, row.state) == ("cost", ALL, ALL, LEFT_ONLY)
    return whole_day and (row.left_amount or 0) > allowed.nano


def _not_charged(day: str, account: str, row: Reconciliation) -> Finding:
    detail = "used at list price, and the day's report charges nothing: free of charge, charged elsewhere, or missing"
    return Finding(day, account, "usage without cost", "the whole day", row.unit, row.left_amount or 0, detail)


def _low_coverage(day: str, account: str, coverage: Sequence[Coverage], allowed: Tolerance) -> list[Finding]:
    """One finding a unit, where logs exist and miss more than is tolerated; the rows say of which model and meter."""
    sums: defaultdict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for row in coverage:
        covered, quantity = sums[row.unit]
        sums[row.unit] = (covered + row.covered, quantity + row.quantity)
    return [
        Finding(
            *(day, account, "low coverage", "request logs", unit, quantity - covered),
            f"request logs give {covered} of {quantity} {unit} to a customer",
        )
        for unit, (covered, quantity) in sums.items()
        if covered and _state(covered, quantity, allowed.share, 0) == DIFFERS
    ]
