"""Revenue files: what a customer pays by UTC day, exactly; a covered day and an unknown one are told apart."""

import random
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.core.records import Revenue
from llm_finops.inputs.files import InputError
from llm_finops.inputs.revenue import RevenueFiles, read_revenue

CDNOW = Path(__file__).parents[3] / "shared" / "data" / "cdnow-revenue" / "CDNOW_sample.txt"


def read(tmp_path: Path, text: str, columns: dict[str, str] | None = None) -> RevenueFiles:
    path = tmp_path / "revenue.csv"
    path.write_text(text, encoding="utf-8")
    found = read_revenue("billing", [path], columns)
    assert found.rows == len(text.strip().splitlines()) - 1
    return found


def said(found: RevenueFiles) -> dict[str, list[tuple[str, str, str, int]]]:
    return {day: sorted(row[1:] for row in rows) for day, rows in found.days.items()}


def test_a_row_is_on_its_day(tmp_path: Path) -> None:
    found = read(
        tmp_path, "customer,feature,amount,currency,day\nacme,chat,12.50,usd,2026-09-01\nacme,,-3,USD,2026-09-03\n"
    )
    assert said(found) == {
        "2026-09-01": [("acme", "chat", "USD", 12_500_000_000)],
        "2026-09-03": [("acme", "(all)", "USD", -3_000_000_000)],
    }
    assert (found.first, found.last) == ("2026-09-01", "2026-09-03")


def test_a_month_is_spread_evenly_until_its_end_exclusive(tmp_path: Path) -> None:
    found = read(tmp_path, "customer,amount,currency,from,until\nacme,100,USD,2026-10-01,2026-11-01\n")
    shares = [row.amount_nano for rows in found.days.values() for row in rows]
    assert (len(shares), sum(shares), max(shares) - min(shares)) == (31, 100 * 10**9, 1)
    assert (found.first, found.last) == ("2026-10-01", "2026-10-31")


@given(cents=st.integers(-9 * 10**11, 9 * 10**11), days=st.integers(1, 366))
def test_any_amount_over_any_days_adds_up(tmp_path_factory: pytest.TempPathFactory, cents: int, days: int) -> None:
    from datetime import date, timedelta

    text = f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"
    until = date(2026, 1, 1) + timedelta(days=days)
    found = read(
        tmp_path_factory.getbasetemp(), f"customer,amount,currency,from,until\na,{text},EUR,2026-01-01,{until}\n"
    )
    assert sum(row.amount_nano for rows in found.days.values() for row in rows) == Fraction(cents, 100) * 10**9
    assert len(found.days) == days


def test_days_and_periods_may_stand_in_one_file_and_columns_be_renamed(tmp_path: Path) -> None:
    text = "kunde,betrag,whg,day,from,until\na,1,EUR,2026-09-01,,\nb,2,EUR,,2026-09-01,2026-09-03\n"
    found = read(tmp_path, text, {"customer": "kunde", "amount": "betrag", "currency": "whg"})
    assert said(found) == {
        "2026-09-01": [("a", "(all)", "EUR", 10**9), ("b", "(all)", "EUR", 10**9)],
        "2026-09-02": [("b", "(all)", "EUR", 10**9)],
    }


def test_a_customer_of_zero_is_a_fact_and_kept(tmp_path: Path) -> None:
    found = read(tmp_path, "customer,amount,currency,day\nfree,0.00,USD,2026-09-01\n")
    assert said(found) == {"2026-09-01": [("free", "(all)", "USD", 0)]}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",1,USD,2026-09-01,,", "customer None; expected the id of a customer"),
        ("(unallocated),1,USD,2026-09-01,,", "customer '(unallocated)'"),
        ("a,,USD,2026-09-01,,", "no amount"),
        ("a,12,USD,01.09.2026,,", "saw '01.09.2026'"),
        ("a,1_000,USD,2026-09-01,,", "saw '1_000'"),
        ("a,1,$,2026-09-01,,", "three-letter currency code"),
        ("a,1,USD,,,", "no day"),
        ("a,1,USD,,2026-09-01,", "no day; expected `day`, or `from` and `until`"),
        ("a,1,USD,2026-09-01,2026-09-01,2026-09-02", "both a day and a period"),
        ("a,1,USD,,2026-09-02,2026-09-01", "ends at or before its start"),
        ("a,99999999999,USD,2026-09-01,,", "64-bit"),
    ],
)
def test_a_row_that_cannot_be_counted_is_kept_apart(tmp_path: Path, row: str, reason: str) -> None:
    found = read(tmp_path, f"customer,amount,currency,day,from,until\nok,1,USD,2026-09-01,,\n{row}\n")
    (bad,) = found.quarantined
    assert reason in bad.reason
    assert bad.detail == "line 3"
    assert said(found) == {"2026-09-01": [("ok", "(all)", "USD", 10**9)]}


def test_ids_do_not_depend_on_order_or_amount_and_equal_rows_both_count(tmp_path: Path) -> None:
    header, rows = (
        "customer,amount,currency,day\n",
        [f"a,{n},USD,2026-09-01\n" for n in (1, 1, 2)] + ["b,1,USD,2026-09-01\n"],
    )
    before = read(tmp_path, header + "".join(rows)).days["2026-09-01"]
    random.Random(3).shuffle(rows)
    assert read(tmp_path, header + "".join(rows)).days["2026-09-01"] == before
    restated = read(tmp_path, header + "".join(row.replace(",", ",1", 1) for row in rows)).days["2026-09-01"]
    assert [row.row_id for row in restated] == [row.row_id for row in before]
    assert len({row.row_id for row in before}) == 4
    assert all(isinstance(row, Revenue) for row in before)


def test_nothing_covers_nothing(tmp_path: Path) -> None:
    found = read(tmp_path, "customer,amount,currency,day\n")
    assert (found.days, found.first, found.last) == ({}, "", "")


def test_a_file_delivered_twice_is_counted_once_and_said(tmp_path: Path) -> None:
    read(tmp_path, "customer,amount,currency,day\na,1,USD,2026-09-01\n")
    (tmp_path / "z.csv").write_bytes((tmp_path / "revenue.csv").read_bytes())
    found = read_revenue("billing", [tmp_path / "z.csv", tmp_path / "revenue.csv"])
    assert said(found) == {"2026-09-01": [("a", "(all)", "USD", 10**9)]}
    assert [(f.day, f.account, f.kind) for f in found.findings] == [("2026-09-01", "billing", "file delivered twice")]


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        ("customer,amount,day\n", {}, r"revenue\.csv:1: no column 'currency'; the columns are customer, amount, day"),
        ("customer,amount,currency\na,1,USD\n", {}, "a row needs its day: a column 'day', or `from` and `until`"),
        ("a\n", {"kunde": "a"}, r"revenue\.billing\.columns: unknown 'kunde'; allowed are customer, feature"),
    ],
)
def test_a_file_that_lacks_what_every_row_needs_is_refused(
    tmp_path: Path, text: str, columns: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path, text, columns)


@pytest.mark.skipif(not CDNOW.is_file(), reason=f"the CDNOW purchases are not at {CDNOW}")
def test_real_purchases_add_up(tmp_path: Path) -> None:
    rows = [line.split() for line in CDNOW.read_text().splitlines() if line.strip()]
    lines = [f"{r[0]},{r[4]},USD,{int(r[2][:4]) + 30}-{r[2][4:6]}-{r[2][6:]}" for r in rows]
    # The purchases are of 1997 and 1998, older than any request to a model: 30 years are added.
    found = read(tmp_path, "customer,amount,currency,day\n" + "\n".join(lines) + "\n")
    assert (found.rows, found.quarantined) == (6919, [])
    assert sum(row.amount_nano for day in found.days.values() for row in day) == 244_091_940_000_000
    assert len({row.customer for day in found.days.values() for row in day}) == 2357


def test_a_row_that_is_not_counted_says_whose_revenue_it_leaves_unknown(tmp_path: Path) -> None:
    header = "customer,amount,currency,day,from,until\n"
    rows = ["ok,1,USD,2026-09-01,,", "a,x, usd ,2026-09-02,,", "b,1,$,,2026-09-02,2026-09-04", ",1,EUR,,,"]
    found = read(tmp_path, header + "\n".join(rows) + "\n")
    assert sorted((bad.detail, bad.customer, bad.currency, bad.days, bad.dated) for bad in found.quarantined) == [
        ("line 3", "a", "USD", ("2026-09-02",), True),
        ("line 4", "b", "(any)", ("2026-09-02", "2026-09-03"), True),
        ("line 5", "(any)", "EUR", ("2026-09-01",), False),
    ]


def test_overlapping_exports_are_told(tmp_path: Path) -> None:
    text = "customer,amount,currency,day\na,1,USD,2026-09-01\nb,1,USD,2026-09-02\n"
    read(tmp_path, text)
    (tmp_path / "z.csv").write_text(text + "c,1,USD,2026-09-02\n", encoding="utf-8")
    found = read_revenue("billing", [tmp_path / "z.csv", tmp_path / "revenue.csv"])
    assert [(f.day, f.kind, f.subject, f.amount) for f in found.findings] == [
        ("2026-09-01", "same row in two files", "z.csv", 1),
        ("2026-09-02", "same row in two files", "z.csv", 1),
    ]
