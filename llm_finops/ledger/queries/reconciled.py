"""What providers report beside what was priced and what was invoiced; and every doubt about it.

Of the filters, the provider applies alone: it chooses the accounts that have costs of it.
"""

from collections import defaultdict
from typing import Any, NamedTuple

import sqlalchemy as sa

from llm_finops.core.documents import InvoiceMatch
from llm_finops.core.records import ESTIMATED, INVOICED, NONE, REPORTED, Finding
from llm_finops.ledger.queries.asked import Asked
from llm_finops.ledger.queries.facts import COST_LINES, PRICED_USAGE, is_of_period
from llm_finops.ledger.queries.reader import Reader, known, whole
from llm_finops.ledger.schema import FACTS, FINDINGS, POOLS, VERSIONS
from llm_finops.ledger.versions import is_current, is_within


class LineSum(NamedTuple):
    """Cost lines of one basis and charge category: what is allocated, and what the documents show (nano-units)."""

    basis: str
    charge_category: str
    amount_nano: int
    billed_nano: int


class LadderRow(NamedTuple):
    """A whole month of an account in one currency, from the usage at list price to the invoice (nano-units)."""

    month: str
    account: str
    list_cost_nano: int | None  # the usage at its list price, contract before list; None: there is none with a price
    unpriced_rows: int  # usage rows without a known price, in whatever currency: they are not in the list cost
    lines: tuple[LineSum, ...]
    matches: tuple[InvoiceMatch, ...]  # by charge category: reported, invoiced, difference, state

    @property
    def estimated_nano(self) -> int | None:
        """The cost of days that no report covers; None where there are none."""
        return self._of(ESTIMATED)

    @property
    def reported_nano(self) -> int | None:
        """What reports say, taxes and credits with it, as the documents show it; None where there is no report."""
        return self._of(REPORTED)

    @property
    def trued_up_nano(self) -> int | None:
        """What true-ups add; None where there are none."""
        return self._of(INVOICED)

    def _of(self, basis: str) -> int | None:
        found = [line.billed_nano for line in self.lines if line.basis == basis]
        return sum(found) if found else None


class FindingCount(NamedTuple):
    """How many findings of a kind an account has, and on how many days."""

    kind: str
    account: str
    findings: int
    days: int
    newest: str


def ladder(reader: Reader, asked: Asked) -> tuple[LadderRow, ...]:
    """By month and account, sorted. Months are whole, also where the period begins or ends within one."""
    months = Asked(f"{asked.first[:7]}-01", f"{asked.last[:7]}-31", asked.currency, asked.provider)
    priced = _priced(reader, months)
    lines: defaultdict[tuple[str, str], list[LineSum]] = defaultdict(list)
    for month, account, *row in _lines(reader, months):
        lines[month, account].append(LineSum(row[0], row[1], whole(row[2]), whole(row[3])))
    matches: defaultdict[tuple[str, str], list[InvoiceMatch]] = defaultdict(list)
    for account, match in _matches(reader, months):
        matches[match.month, account].append(match)
    return tuple(
        LadderRow(*key, *priced.get(key, (None, 0)), tuple(sorted(lines[key])), tuple(matches[key]))
        for key in sorted({*priced, *lines, *matches})
    )


def _priced(reader: Reader, months: Asked) -> dict[tuple[str, str], tuple[int | None, int]]:
    table = PRICED_USAGE.table.c
    unpriced = sa.func.count() - sa.func.count(table.list_cost_nano)
    query = PRICED_USAGE.select(
        reader, ("month", "account"), [sa.func.sum(table.list_cost_nano), unpriced], months, "provider"
    )
    rows = reader.rows(query.where(table.currency.in_([months.currency, NONE])))
    return {(row[0], row[1]): (known(row[2]), whole(row[3])) for row in rows}


def _lines(reader: Reader, months: Asked) -> Any:
    table = COST_LINES.table.c
    added = [sa.func.sum(table.amount_nano), sa.func.sum(table.billed_nano)]
    query = COST_LINES.select(reader, ("month", "account", "basis", "charge_category"), added, months, "provider")
    return reader.rows(query.where(table.currency == months.currency))


def _matches(reader: Reader, months: Asked) -> list[tuple[str, InvoiceMatch]]:
    table = FACTS["invoice_matches"]
    query = sa.select(VERSIONS.c.scope, *(table.c[name] for name in InvoiceMatch._fields))
    query = query.join(VERSIONS, VERSIONS.c.version_id == table.c.version_id)
    query = query.where(is_current(None), is_within(table.c.month, months.first[:7], months.last[:7]))
    query = query.where(table.c.currency == months.currency, *_is_account_of(VERSIONS.c.scope, months.provider))
    return sorted(((row[0], InvoiceMatch(*row[1:])) for row in reader.rows(query)), key=lambda at: (at[0], at[1][:3]))


def findings_by(reader: Reader, asked: Asked) -> tuple[FindingCount, ...]:
    """Findings of the period and its months, of whatever currency, by kind and account, sorted."""
    table = FINDINGS.c
    counted = [sa.func.count(), sa.func.count(sa.distinct(table.day)), sa.func.max(table.day)]
    query = sa.select(table.kind, table.account, *counted).where(*_is_current_finding(asked))
    query = query.join_from(FINDINGS, VERSIONS, VERSIONS.c.version_id == table.version_id)
    return tuple(sorted(FindingCount(*row) for row in reader.rows(query.group_by(table.kind, table.account))))


def findings_rows(
    reader: Reader, asked: Asked, kind: str | None = None, limit: int | None = None, offset: int = 0
) -> tuple[Finding, ...]:
    """The findings themselves, the newest day first; of one kind, or of all."""
    columns = [FINDINGS.c[name] for name in Finding._fields]
    query = sa.select(*columns).join_from(FINDINGS, VERSIONS, VERSIONS.c.version_id == FINDINGS.c.version_id)
    query = query.where(*_is_current_finding(asked))
    if kind is not None:
        query = query.where(FINDINGS.c.kind == kind)
    query = query.order_by(columns[0].desc(), *columns[1:]).limit(limit).offset(offset)
    return tuple(Finding(*row) for row in reader.rows(query))


def _is_current_finding(asked: Asked) -> list[sa.ColumnElement[bool]]:
    # Findings of invoices are on a day that is their month.
    within = is_of_period(FINDINGS.c.day, asked.first, asked.last)
    return [is_current(None), within, *_is_account_of(FINDINGS.c.account, asked.provider)]


def _is_account_of(column: sa.ColumnElement[str], provider: str | None) -> list[sa.ColumnElement[bool]]:
    if provider is None:
        return []
    return [column.in_(sa.select(POOLS.c.account).where(POOLS.c.provider == provider))]


def accounts_of(reader: Reader, provider: str) -> set[str]:
    """The accounts that have costs or requests of a provider."""
    return {row[0] for row in reader.rows(sa.select(POOLS.c.account).distinct().where(POOLS.c.provider == provider))}
