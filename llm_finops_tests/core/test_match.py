"""The monthly match: nothing is lost between report, invoice and rows, and no order matters."""

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from llm_finops.core.documents import Invoice, InvoiceLine
from llm_finops.core.invoices import Document, take
from llm_finops.core.match import DIFFERS, MATCHED, NOT_EXPECTED, NOT_INVOICED, UNEXPLAINED, WITHOUT_COST, match
from llm_finops.core.money import Money
from llm_finops.core.records import CHARGE_CATEGORIES, CostLine

MONTH = "2026-09"
AMOUNT = st.integers(-(10**15), 10**15) | st.sampled_from([0, 5_000_000, -5_000_000, 5_000_001, 10**7])
CATEGORY = st.sampled_from(CHARGE_CATEGORIES)
CURRENCY = st.sampled_from(["USD", "JPY"])


def line(category: str, currency: str, nano: int, basis: str = "reported") -> CostLine:
    known = ("x", "a", "a", "(any)", "(any)", "(any)", "(any)", "(any)", "l", "(any)", None, None)
    return CostLine(*known, category, "(none)", basis, currency, 1, nano, None, "", "{}", "", "", None)


def document(currency: str, lines: list[tuple[str, int]], number: str = "1", total: int | None = None) -> Document:
    sums = [sum(nano for of, nano in lines if of == category) for category in CHARGE_CATEGORIES]
    usage, tax, credit, adjustment, purchase = sums
    whole = sum(sums) if total is None else total
    money = (usage, tax, credit, purchase, adjustment, whole - sum(sums), whole)
    invoice = Invoice(
        MONTH, "v", number, currency, "", "", *money, len(lines), f"{number} {currency} {sorted(lines)} {total}"
    )
    made = [InvoiceLine(f"{n}", MONTH, "v", number, of, "", currency, nano, "") for n, (of, nano) in enumerate(lines)]
    return Document(invoice, tuple(made))


LINES = st.lists(st.builds(line, CATEGORY, CURRENCY, AMOUNT, st.sampled_from(["reported", "estimated"])), max_size=5)
DOCUMENTS = st.lists(
    st.builds(document, CURRENCY, st.lists(st.tuples(CATEGORY, AMOUNT), max_size=4), total=st.none() | AMOUNT),
    max_size=3,
)
ANY_TWO = st.builds(document, CURRENCY, st.just([("usage", 1)]), st.sampled_from("12"), total=st.sampled_from([1, 2]))
DAYS = st.dictionaries(st.sampled_from([f"{MONTH}-{n:02d}" for n in range(1, 31)]), st.none() | LINES, max_size=5)


@given(days=DAYS, documents=DOCUMENTS, prepaid=st.booleans(), seed=st.integers(0, 99))
def test_both_sides_are_whole_and_the_invoices_add_up_in_any_order(
    days: dict[str, list[CostLine] | None], documents: list[Document], prepaid: bool, seed: int
) -> None:
    invoices, lines = [of.invoice for of in documents], [row for of in documents for row in of.lines]
    rows, findings = match(MONTH, "a", days, invoices, lines, prepaid=prepaid)

    invoiced, reported, totals, costs = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for row in rows:
        invoiced[row.currency] += row.invoiced_nano or 0
        reported[row.currency] += row.reported_nano or 0
    for of in invoices:  # law 9: what is unexplained is shown
        totals[of.currency] += of.total_nano
    for cost in (cost for found in days.values() for cost in found or () if cost.basis == "reported"):
        costs[cost.currency] += cost.billed_nano
    assert invoiced - totals == totals - invoiced == reported - costs == costs - reported == Counter()
    for row in rows:
        if row.reported_nano is None or row.invoiced_nano is None:
            assert row.difference_nano is None
            absent = NOT_EXPECTED if prepaid else NOT_INVOICED
            assert row.state == (absent if row.invoiced_nano is None else WITHOUT_COST)
        else:
            assert row.difference_nano == row.invoiced_nano - row.reported_nano
            near = 2 * abs(row.difference_nano) <= Money.of_minor(1, row.currency).nano
            assert row.state == (MATCHED if near else DIFFERS)
        assert (row.charge_category == UNEXPLAINED) <= (row.reported_nano is None)
    unreported = sum(found is None for found in days.values())
    assert [f.amount for f in findings if f.kind == "days without a report"] == ([unreported] if unreported else [])

    shuffle = random.Random(seed)
    mixed = {
        day: found and shuffle.sample(found, len(found)) for day, found in shuffle.sample(list(days.items()), len(days))
    }
    again = match(
        MONTH,
        "a",
        mixed,
        shuffle.sample(invoices, len(invoices)),
        shuffle.sample(lines, len(lines)),
        prepaid=prepaid,
    )
    assert again == (rows, findings)


@given(delivered=st.lists(ANY_TWO), later=st.lists(ANY_TWO), seed=st.integers(0, 99))
def test_a_number_is_taken_once_or_refused_whatever_comes_in_whatever_order(
    delivered: list[Document], later: list[Document], seed: int
) -> None:
    first = take({}, delivered)
    assert take({}, random.Random(seed).sample(delivered, len(delivered))) == first
    # Nothing lost: a delivery is taken, a duplicate or refused.
    refused = [of.document for of in first.refused]
    repeats = sum(of not in refused for of in delivered) - len(first.kept)
    assert repeats == sum(n for number, n in first.duplicates.items() if number in first.kept)
    for number, kept in first.kept.items():
        assert {of.invoice.document for of in delivered if of.number == number} == {kept.invoice.document}
    # What is booked stays, whatever comes then.
    then = take(first.kept, later)
    assert {number: then.kept[number] for number in first.kept} == first.kept
