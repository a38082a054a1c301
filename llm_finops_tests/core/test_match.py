"""The monthly match: nothing is lost between report, invoice and rows, and no order matters."""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.core.documents import Invoice, InvoiceLine
from llm_finops.core.invoices import Document, Taken, take
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


def by(of: Document, issuer: str) -> Document:
    return of._replace(
        invoice=of.invoice._replace(issuer=issuer), lines=tuple(row._replace(issuer=issuer) for row in of.lines)
    )


LINES = st.lists(st.builds(line, CATEGORY, CURRENCY, AMOUNT, st.sampled_from(["reported", "estimated"])), max_size=5)
DOCUMENTS = st.lists(
    st.builds(document, CURRENCY, st.lists(st.tuples(CATEGORY, AMOUNT), max_size=4), total=st.none() | AMOUNT),
    max_size=3,
)
ANY_TWO = st.builds(document, CURRENCY, st.just([("usage", 1)]), st.sampled_from("12"), total=st.sampled_from([1, 2]))
ANY_SENT = st.builds(by, ANY_TWO, st.sampled_from(["(none)", "A", "B", "C"]))
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
        assert (row.charge_category == UNEXPLAINED) <= (row.reported_nano is None and row.invoiced_nano != 0)
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


def test_what_two_invoices_leave_unexplained_over_and_short_is_no_row() -> None:
    over, short = (document("USD", [("usage", 50)], number, total) for number, total in (("1", 55), ("2", 45)))
    lines = [*over.lines, *short.lines]
    rows, findings = match(
        MONTH, "a", {f"{MONTH}-01": [line("usage", "USD", 100)]}, [over.invoice, short.invoice], lines
    )
    assert [(row.charge_category, row.state) for row in rows] == [("usage", MATCHED)]
    assert findings == []


@given(
    delivered=st.lists(ANY_SENT, max_size=5),
    later=st.lists(ANY_SENT, max_size=5),
    seed=st.integers(0, 99),
    accept=st.booleans(),
)
def test_a_number_is_taken_once_or_refused_whatever_comes_in_whatever_order(
    delivered: list[Document], later: list[Document], seed: int, accept: bool
) -> None:
    accepted = {"1", "2"} if accept else set()
    for booked, came in (({}, delivered), (take({}, delivered).kept, later)):
        taken = take(booked, came, accepted)
        assert unordered(take(booked, random.Random(seed).sample(came, len(came)), accepted)) == unordered(taken)
        # The same once more books nothing, and no content counts twice.
        again = take(taken.kept, came, accepted)
        assert (again.kept, again.moved) == (taken.kept, set())
        assert len({of.invoice.document for of in taken.kept.values()}) == len(taken.kept)
        assert all(of.number == number for number, of in taken.kept.items())
        # Nothing lost: a delivery is taken, a duplicate or refused; what is booked stays unless a person said so.
        refused = [of.document for of in taken.refused]
        held = {of.invoice.document for of in taken.kept.values()}
        assert all((of.invoice.document in held) != (of in refused) for of in came)
        repeats = Counter(of.invoice.document for of in came if of not in refused)
        assert sorted(n - 1 for n in repeats.values() if n > 1) == sorted(taken.duplicates.values())
        assert accept or {number: taken.kept[number] for number in booked} == booked


def unordered(taken: Taken) -> Taken:
    return replace(taken, refused=sorted(taken.refused))


@pytest.mark.parametrize(
    ("booked", "delivered", "accept", "kept", "refused"),
    [
        ("A:x", "B:x", False, "A:x", ""),  # spelled otherwise
        ("A:x", "-:x", False, "A:x", ""),  # the column is mapped no longer
        ("-:x", "A:x", False, "-:x", ""),  # or only now
        ("", "B:x A:x -:x", False, "A:x", ""),
        ("", "A:x B:y", False, "A:x B:y", ""),  # two issuers may well have a number
        ("A:x", "B:x B:y", True, "A:x", "B:y"),  # B is A, as its x says, and which content is right nobody knows
        ("A:x", "B:x B:y", False, "A:x", "B:y"),
        ("A:x", "A:y", False, "A:x", "A:y"),
        ("A:x", "A:y", True, "A:y", ""),
        ("A:x", "-:y", True, "-:y", ""),
        ("A:x B:z", "A:y B:y", True, "A:x B:z", "A:y B:y"),  # one content cannot replace two
        ("A:x B:z", "A:y B:w", True, "A:y B:w", ""),
        ("A:x B:z", "-:y", True, "A:x B:z", "-:y"),
        ("", "A:x B:y -:z", False, "", "-:z A:x B:y"),
    ],
)
def test_which_deliveries_of_a_number_are_one_invoice(
    booked: str, delivered: str, accept: bool, kept: str, refused: str
) -> None:
    taken = take({of.number: of for of in sent(booked)}, sent(delivered), {"1"} if accept else ())
    assert shown(taken.kept.values()) == kept
    assert shown(of.document for of in taken.refused) == refused
    again = take(taken.kept, sent(delivered), {"1"} if accept else ())
    assert shown(again.kept.values()) == kept


def sent(text: str) -> list[Document]:
    """ISSUER:CONTENT of number 1; - is no issuer."""
    found = []
    for issuer, content in (of.split(":") for of in text.split()):
        made = document("USD", [], total="wxyz".index(content))
        found.append(by(made, "(none)" if issuer == "-" else issuer))
    return found


def shown(documents: Iterable[Document]) -> str:
    pairs = ((of.invoice.issuer.replace("(none)", "-"), "wxyz"[of.invoice.total_nano]) for of in documents)
    return " ".join(sorted(f"{issuer}:{content}" for issuer, content in pairs))
