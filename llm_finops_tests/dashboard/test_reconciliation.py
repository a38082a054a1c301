"""From usage at list to the invoice: the figures shown are those of the base rows, and every step adds up."""

import csv
import io
import re
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.core.documents import InvoiceMatch
from llm_finops.core.records import Finding
from llm_finops.dashboard.meanings import MEANINGS, meaning
from llm_finops.dashboard.pages.bridge import invoiced_of, steps
from llm_finops.ledger import Ledger, sqlite_url
from llm_finops.ledger import datasets as d
from llm_finops.ledger.queries import LadderRow, LineSum
from llm_finops_tests.dashboard.books import tiles
from llm_finops_tests.dashboard.serving import served
from llm_finops_tests.dashboard.test_states import DAY, booked, environment
from llm_finops_tests.ledger.queries import company

PERIOD = "period=90d"
NANO = st.integers(-(10**15), 10**15)
LINES = st.lists(
    st.builds(
        LineSum,
        st.sampled_from(["reported", "estimated", "invoiced"]),
        st.sampled_from(["usage", "tax", "credit", "purchase"]),
        NANO,
        NANO,
    ),
    max_size=8,
    unique_by=lambda line: line[:2],
)


def rows_of(
    client: httpx.Client, table: str, query: str = PERIOD, page: str = "/reconciliation"
) -> list[dict[str, str]]:
    answer = client.get(f"/file?page={page}&table={table}&as=csv&{query}")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def nano(text: str) -> int:
    return int(Decimal(text or "0") * 10**9)


def asked(file: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


@st.composite
def ladders(draw: st.DrawFn) -> LadderRow:
    lines = tuple(draw(LINES))
    reported = {line.charge_category: line.billed_nano for line in lines if line.basis == "reported"}
    matches = []
    for category in draw(st.lists(st.sampled_from(["usage", "tax", "credit", "unexplained"]), unique=True)):
        said, billed = reported.get(category), draw(st.none() | NANO)
        if draw(st.booleans()):
            said = draw(st.none() | NANO)  # matched before the last report came
        matches.append(InvoiceMatch("2026-10", category, "USD", said, billed, None, "differs"))
    return LadderRow("2026-10", "openai", draw(st.none() | NANO), 0, lines, tuple(matches))


@given(row=ladders())
def test_between_two_rungs_the_steps_are_the_difference(row: LadderRow) -> None:
    found = list(steps(row))
    level = 0
    for n, step in enumerate(found):
        if step.kind == "total":
            assert level == step.nano or n == 0, found
            level = step.nano
        else:
            level += step.nano
    totals = {step.name: step.nano for step in found if step.kind == "total"}
    for name, expected in (
        ("Usage at list", row.list_cost_nano),
        ("Reported", row.reported_nano),
        ("Invoiced", invoiced_of(row)),
    ):
        assert totals.get(name) == expected


def test_months_are_the_sums_of_their_rows(demo: httpx.Client, demo_ledger: Path) -> None:
    shown = rows_of(demo, "ladder")
    assert shown
    for row in shown:
        month, account = row["month"], row["account"]
        listed = asked(
            demo_ledger,
            "select sum(list_cost_nano) from current_priced_usage where account = ? and substr(day, 1, 7) = ?",
            account,
            month,
        )
        billed = asked(
            demo_ledger,
            "select sum(billed_nano) from current_cost_lines where account = ? and substr(day, 1, 7) = ?",
            account,
            month,
        )
        assert nano(row["list_usd"]) == listed[0][0]
        assert nano(row["reported_usd"]) == billed[0][0]
        days = rows_of(demo, "days", f"{PERIOD}&month={month}&account={account}")
        for column in ("list_usd", "reported_usd"):
            assert sum(nano(day[column]) for day in days) == nano(row[column])


def test_a_days_lines_add_up_to_it_and_lead_on(demo: httpx.Client) -> None:
    page = demo.get(f"/reconciliation?{PERIOD}").text
    links = [unescape(link) for link in re.findall(r'href="([^"]+day=[^"]+)#lines"', page)]
    assert links
    month = demo.get(links[-1]).text
    query = links[-1].split("?", 1)[1]
    day = query.split("day=")[1][:10]
    lines = rows_of(demo, "lines", query)
    (shown,) = [row for row in rows_of(demo, "days", query) if row["day"] == day]
    assert len(lines) == int(shown["lines"])
    assert sum(nano(line["billed_usd"]) for line in lines) == nano(shown["reported_usd"])
    (first, *_) = [unescape(link) for link in re.findall(r'href="(/line\?[^"]+)"', month)]
    assert f"day={day}" in first
    assert demo.get(first).status_code == 200


def test_findings_are_counted_explained_and_listed(demo: httpx.Client, demo_ledger: Path) -> None:
    kinds = rows_of(demo, "kinds")
    expected = asked(demo_ledger, "select kind, account, count(*) from current_findings group by 1, 2")
    assert {(row["kind"], row["account"]): int(row["findings"]) for row in kinds} == {
        row[:2]: row[2] for row in expected
    }
    for kind in {row["kind"] for row in kinds}:
        rows = rows_of(demo, "findings", f"{PERIOD}&kind={kind}")
        assert len(rows) == sum(n for of, _, n in expected if of == kind)
        said = asked(demo_ledger, "select unit, sum(amount) from current_findings where kind = ? group by 1", kind)
        for unit, amount in said:
            whole = sum(Decimal(row["amount"]) for row in rows if row["unit"] == unit)
            assert whole * (10**9 if unit == "USD" else 1) == amount, (kind, unit)
        text = demo.get("/reconciliation", params={"period": "90d", "kind": kind}).text
        assert unescape(text).count(meaning(kind)) >= 2


def test_every_kind_of_the_demo_has_a_meaning(demo_ledger: Path) -> None:
    kinds = {row[0] for row in asked(demo_ledger, "select distinct kind from findings")}
    assert kinds - MEANINGS.keys() == set()


@pytest.fixture(scope="module")
def invoiced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Four days of three accounts, two currencies, an estimate, a true-up and an invoice that differs."""
    folder = tmp_path_factory.mktemp("invoiced")
    ledger = Ledger(sqlite_url(folder / "ledger.sqlite"))
    company.founded(ledger, "all")
    ledger.close()
    with served(environment(folder)) as client:
        yield client


def test_an_invoice_that_differs_is_shown_exactly(invoiced: httpx.Client) -> None:
    rows = {(row["month"], row["account"]): row for row in rows_of(invoiced, "ladder")}
    october = rows["2026-10", "openai"]
    assert (nano(october["invoiced_usd"]), october["state"]) == (7, "differs")
    assert nano(october["difference_usd"]) == 7 - nano(october["reported_usd"])
    assert nano(october["trued_up_usd"]) > 0
    november = rows["2026-11", "claude"]
    assert (november["invoiced_usd"], november["state"]) == ("", "not matched")
    assert nano(november["estimated_usd"]) > 0
    (match,) = rows_of(invoiced, "matches")
    assert [match[name] for name in ("reported_usd", "invoiced_usd", "difference_usd", "state")] == [
        "0.000000005",
        "0.000000007",
        "0.000000002",
        "differs",
    ]


def test_the_month_that_reaches_the_invoice_is_shown_first(invoiced: httpx.Client) -> None:
    assert "Usage to invoice, openai, 2026-10" in invoiced.get(f"/reconciliation?{PERIOD}").text
    text = invoiced.get(f"/reconciliation?{PERIOD}&month=2026-11&account=openai").text
    assert "Usage to invoice, openai, 2026-11" in text
    assert "rows of usage have no known price" in text


def test_another_currency_has_months_of_its_own(invoiced: httpx.Client) -> None:
    rows = rows_of(invoiced, "ladder", f"{PERIOD}&currency=EUR")
    amounts = ("list_usd", "reported_usd", "list_eur", "reported_eur")
    assert {row["account"] for row in rows if any(row.get(name) for name in amounts)} == {"claude-eu"}
    assert {row["account"] for row in rows_of(invoiced, "ladder", f"{PERIOD}&provider=openai")} == {"openai"}


@pytest.mark.parametrize("filtered", ["", "&provider=openai"])
def test_every_account_of_the_basis_leads_to_its_month_or_to_a_word_about_it(
    invoiced: httpx.Client, filtered: str
) -> None:
    basis = invoiced.get(f"/health?{PERIOD}{filtered}").text.partition('id="basis"')[2].partition("</section>")[0]
    links = {unescape(link) for link in re.findall(r'href="(/reconciliation[^"]+)"', basis)}
    at = {link: dict(parse_qsl(urlsplit(link).query)) for link in links}
    assert {of["account"] for of in at.values()} == {"openai", "claude", "claude-eu"}
    for link, of in at.items():
        answer = invoiced.get(link)
        assert answer.status_code == 200, link
        here = f"{of['account']} in {of['month']} is in USD" if of["account"] == "claude-eu" else "Steps, "
        assert here in answer.text, link
        assert 'id="ladder"' in answer.text


def test_another_period_or_filter_keeps_the_month_the_day_and_the_kind(invoiced: httpx.Client) -> None:
    own = {"month": "2026-11", "account": "openai", "day": "2026-11-01", "kind": "unpriced"}
    text = invoiced.get("/reconciliation", params={"period": "90d", **own}).text
    links = re.findall(r'href="([^"]+)"', text.partition('aria-label="Period"')[2].partition("</nav>")[0])
    assert len(links) == 5
    for link in map(unescape, links):
        assert own.items() <= dict(parse_qsl(urlsplit(link).query)).items(), link
        assert invoiced.get(link).status_code == 200
    form = text.partition("<form")[2].partition("</form>")[0]
    assert set(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]+)"', form)) >= own.items()


def test_a_findings_file_has_whole_units_as_the_page_says_them(tmp_path: Path) -> None:
    ledger = Ledger(sqlite_url(tmp_path / "ledger.sqlite"))
    told = [
        ("USD", 5_000_000_000, "5"),
        ("EUR", -1, "-0.000000001"),
        ("rows", 7, "7"),
        ("tokens", 2**63 - 1, f"{2**63 - 1}"),
    ]
    rows = [Finding(DAY, "paper", "odd", unit, unit, amount, "seen") for unit, amount, _ in told]
    booked(ledger, ["acme"])
    with ledger.commit("made") as commit:
        commit.book(d.COVERAGE, "paper", DAY, [], findings=rows)
    ledger.close()
    with served(environment(tmp_path)) as client:
        found = rows_of(client, "findings", "kind=odd")
        page = unescape(client.get("/reconciliation?kind=odd").text)
        kept = client.get("/file?page=/reconciliation&table=findings&as=parquet&kind=odd").content
    assert {row["unit"]: row["amount"] for row in found} == {unit: said for unit, _, said in told}
    assert {row["unit"]: row["amount"] for row in pq.read_table(pa.BufferReader(kept)).to_pylist()} == {
        unit: Decimal(said) for unit, _, said in told
    }
    assert all(f"<bdi>{text}</bdi>" in page for text in ("$5.00", "7 rows"))


def test_without_a_list_cost_the_bridge_begins_with_the_usage_that_is_reported() -> None:
    lines = (LineSum("reported", "usage", 100, 100), LineSum("reported", "tax", 10, 10))
    found = [(step.kind, step.name, step.nano) for step in steps(LadderRow("2026-10", "file", None, 0, lines, ()))]
    assert found == [("total", "Usage reported", 100), ("step", "Tax", 10), ("total", "Reported", 110)]
    (tax,) = lines[1:]
    assert [step.name for step in steps(LadderRow("2026-10", "file", None, 0, (tax,), ()))] == ["Tax", "Reported"]


def test_tiles_say_none_as_the_table_does_and_count_days_that_are_missing(tmp_path: Path) -> None:
    ledger = Ledger(sqlite_url(tmp_path / "ledger.sqlite"))
    for day in ("2026-11-18", DAY):
        booked(ledger, ["acme"], day)
    with ledger.commit("made") as commit:
        commit.book(d.COST_LINES, "openai", "2026-11-18", company.lines("openai", "2026-11-18"))
    ledger.close()
    with served(environment(tmp_path)) as client:
        text = client.get("/reconciliation?account=openai").text
        (month,) = rows_of(client, "ladder", "account=openai")
        early = client.get("/reconciliation?account=openai&from=2026-11-18&to=2026-11-18").text
    assert tiles(text)["Usage at list"] == tiles(text)["Invoiced"] == "none"
    assert (month["list_usd"], month["invoiced_usd"]) == ("", "")
    for shown in (text, early):  # months are whole
        assert "and 2 days missing" in shown
        assert "all reported" not in shown
