"""An address and what is asked: round trips, refusals, and the period before."""

import calendar
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.core.records import Margin
from llm_finops.dashboard.asking import FILTERS, Address, BadAddress, address, before
from llm_finops.dashboard.pages import ALL
from llm_finops.ledger import Ledger, sqlite_url
from llm_finops.ledger import datasets as d
from llm_finops.ledger.queries import Asked, Reader, snapshot
from llm_finops_tests.dashboard.serving import served
from llm_finops_tests.dashboard.test_states import booked, environment

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=60)
DAYS = st.dates(date(2001, 1, 1), date(2099, 12, 31))


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """A ledger of two days, 20 and 21 November 2026."""
    ledger = Ledger(sqlite_url(tmp_path_factory.mktemp("asking") / "ledger.sqlite"))
    booked(ledger, ["acme"], "2026-11-20")
    booked(ledger, ["acme"], "2026-11-21")
    with snapshot(ledger) as found:
        yield found
    ledger.close()


def read(reader: Reader, params: dict[str, str]) -> Address:
    found = address(reader, params)
    assert found is not None
    return found


def query(link: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(link).query, keep_blank_values=True))


@pytest.mark.parametrize(
    ("preferred", "expected"),
    [
        ("USD", "USD"),  # 5,000 dollars are more than 150,000 yen, though there are fewer of them
        ("JPY", "JPY"),
        ("EUR", "JPY"),  # is paid in, and costs nothing
        ("GBP", "JPY"),
    ],
)
def test_without_a_currency_it_is_the_one_of_the_message(tmp_path: Path, preferred: str, expected: str) -> None:
    ledger = Ledger(sqlite_url(tmp_path / "ledger.sqlite"))
    with ledger.commit("made") as commit:
        costs = {"USD": 5_000, "JPY": 150_000, "EUR": 0}
        rows = [Margin("acme", "chat", code, 10**9, cost * 10**9, 0, 0, 0) for code, cost in costs.items()]
        commit.book(d.MARGINS, "*", "2026-11-20", rows)
    with snapshot(ledger) as reader:
        found = address(reader, {}, preferred)
        asked = address(reader, {"currency": "EUR"}, preferred)
    ledger.close()
    assert found
    assert asked
    assert (found.asked.currency, asked.asked.currency) == (expected, "EUR")
    with served(environment(tmp_path, f'start_date = 2026-11-01\n[reporting]\ncurrency = "{preferred}"\n')) as client:
        page = client.get("/").text
    assert f"<option selected>{expected}</option>" in page


@given(filters=st.dictionaries(st.sampled_from(FILTERS), TEXT), days=st.none() | st.tuples(DAYS, st.integers(0, 700)))
def test_what_an_address_asks_for_survives_every_link(
    reader: Reader, filters: dict[str, str], days: tuple[date, int] | None
) -> None:
    params = dict(filters)
    if days is not None:
        params |= {"from": str(days[0] - timedelta(days=days[1])), "to": str(days[0])}
        if params["from"] < "2000-01-01":
            return
    asked = read(reader, {**params, "currency": "EUR", "x.page": "2"})
    again = read(reader, query(asked.link("/customers")))
    assert again.asked == asked.asked
    assert {name: getattr(asked.asked, name) for name in FILTERS} == {name: filters.get(name) for name in FILTERS}


@given(name=st.sampled_from(FILTERS), text=TEXT)
def test_a_link_sets_a_filter_and_takes_it_out(reader: Reader, name: str, text: str) -> None:
    asked = read(reader, {"period": "7d"})
    set_to = read(reader, query(asked.link("/", **{name: text})))
    assert set_to.asked == replace(asked.asked, **{name: text})
    assert read(reader, query(set_to.link("/", **{name: None}))).asked == asked.asked


def test_named_days_and_a_period_take_each_others_place(reader: Reader) -> None:
    asked = read(reader, {"from": "2026-11-20", "to": "2026-11-20", "customer": "a"})
    assert query(asked.link("/", period="90d")) == {"period": "90d", "customer": "a"}
    back = read(reader, {"period": "90d"}).link("/", **{"from": "2026-11-20", "to": "2026-11-21"})
    assert query(back) == {"from": "2026-11-20", "to": "2026-11-21"}


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("", "2026-10-23", "2026-11-21"),
        ("7d", "2026-11-15", "2026-11-21"),
        ("month", "2026-11-01", "2026-11-21"),
        ("last-month", "2026-10-01", "2026-10-31"),
    ],
)
def test_a_period_ends_with_the_newest_day(reader: Reader, period: str, first: str, last: str) -> None:
    asked = read(reader, {"period": period}).asked
    assert (asked.first, asked.last, asked.currency) == (first, last, "USD")


BAD = [
    ({"period": "9d"}, "period=9d: expected 7d, 30d"),
    ({"from": "2026-13-01"}, "from=2026-13-01: expected a day such as"),
    ({"from": "20261101"}, "from=20261101: expected a day"),
    ({"to": "2026-02-30"}, "to=2026-02-30: expected a day"),
    ({"from": "1999-12-31", "to": "2000-01-05"}, "from=1999-12-31: expected a day"),
    ({"from": "2026-11-21", "to": "2026-11-20"}, "from=2026-11-21 is after to=2026-11-20"),
    ({"from": "2027-01-01"}, "from=2027-01-01 is after 2026-11-21, the newest day of the ledger"),
    ({"to": "2026-11-19"}, "to=2026-11-19 is before 2026-11-20, the first day of the ledger"),
    ({"from": "2020-01-01", "to": "2026-11-20"}, "expected at most 800 days"),
    ({"currency": "usd"}, "currency=usd: expected a code of three capitals"),
    ({"currency": "ÄÖÜ"}, "expected a code of three capitals"),
    ({"customer": "x" * 2001}, "customer: expected at most 2,000 characters"),
    ({"customer": "a\0b"}, "customer: expected at most 2,000 characters"),
]


@pytest.mark.parametrize(("params", "said"), BAD, ids=str)
def test_what_cannot_be_is_refused_with_what_was_seen_and_expected(
    reader: Reader, params: dict[str, str], said: str
) -> None:
    with pytest.raises(BadAddress) as told:
        address(reader, params)
    assert said in str(told.value)


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("/?period=%3Cb%3E", "period=&lt;b&gt;: expected"),
        ("/reconciliation?month=1999-13", "month=1999-13: expected a month such as"),
        ("/reconciliation?day=today", "day=today: expected a day"),
        ("/health?quarantine.page=0", "quarantine.page=0: expected a number"),
        ("/customers?customers.page=00000019999999999999999999", "expected a number from 1 to 100000"),
        ("/customers?customers.page=100001", "expected a number from 1 to 100000"),
        ("/health?quarantine.sort=x", "quarantine.sort=x: expected one of day"),
        ("/file?page=/health&table=nothing&as=csv", "table=nothing: expected one of"),
        ("/file?page=/health&table=sources&as=xlsx", "as=xlsx: expected"),
    ],
)
def test_a_page_says_so_too(demo: httpx.Client, link: str, said: str) -> None:
    answer = demo.get(link)
    assert answer.status_code == 400
    assert said in answer.text


@pytest.mark.parametrize("name", ["path", "self", "view", "params", "changes", "page", "table", "as"])
@pytest.mark.parametrize("asked", [{}, {"customer": "wind"}, {"customer": "northwind"}], ids=str)
def test_a_parameter_that_no_page_has_changes_nothing(demo: httpx.Client, name: str, asked: dict[str, str]) -> None:
    for page in ALL:
        answer, plain = (demo.get(page.path, params={**asked, **more}) for more in ({name: "x"}, {}))
        assert answer.status_code == plain.status_code == 200, page.path
        assert _figures(answer.text) == _figures(plain.text), page.path


def _figures(text: str) -> list[str]:
    return re.findall("<bdi>(.*?)</bdi>", text)


def test_a_page_after_the_last_says_so_and_leads_to_the_first(demo: httpx.Client) -> None:
    text = unescape(demo.get("/customers?customers.page=9&customers.sort=key&feature=code-review").text)
    assert "Nothing here in this period." not in text
    ((first,),) = {tuple(re.findall(r'Page 9 is after the last, which is page 1. <a href="([^"]+)#customers"', text))}
    assert query(first) == {"customers.sort": "key", "feature": "code-review"}
    assert 'id="customers"' in (shown := demo.get(first).text)
    assert "after the last" not in shown
    assert "harbor-legal" in shown


def test_a_sum_that_does_not_fit_is_refused_in_whole_sentences(tmp_path: Path) -> None:
    ledger = Ledger(sqlite_url(tmp_path / "ledger.sqlite"))
    booked(ledger, ["acme"])
    for day in ("2026-11-20", "2026-11-21"):
        with ledger.commit("made") as commit:
            commit.book(d.MARGINS, "*", day, [Margin("acme", "chat", "USD", 0, 2**63 - 1, 0, 0, 0)])
    ledger.close()
    with served(environment(tmp_path)) as client:
        answer = client.get("/")
        fewer = client.get("/customers?from=2026-11-21&to=2026-11-21")
    assert answer.status_code == 400
    assert "<p>a sum of these days does not fit 64 bits: ask for less</p>" in answer.text
    assert fewer.status_code == 200


@given(first=DAYS, length=st.integers(1, 800))
def test_the_period_before_ends_the_day_before_it(first: date, length: int) -> None:
    last = first + timedelta(days=length - 1)
    then = before(Asked(str(first), str(last), "EUR", "p", "e", "c", "f"))
    assert (then.currency, then.provider, then.environment, then.customer, then.feature) == ("EUR", "p", "e", "c", "f")
    if first.day == 1 and first.month == last.month and first.year == last.year:
        month = first - timedelta(days=1)
        assert then.first == str(month.replace(day=1))
        whole = last.day == calendar.monthrange(last.year, last.month)[1]
        end = month.day if whole else min(last.day, month.day)
        assert then.last == str(month.replace(day=end))
    else:
        assert then.last == str(first - timedelta(days=1))
        days = date.fromisoformat(then.last) - date.fromisoformat(then.first)
        assert days == last - first


@pytest.mark.parametrize(
    ("first", "last", "then_first", "then_last"),
    [
        ("2028-03-01", "2028-03-31", "2028-02-01", "2028-02-29"),  # a leap year
        ("2027-03-01", "2027-03-30", "2027-02-01", "2027-02-28"),
        ("2027-02-01", "2027-02-28", "2027-01-01", "2027-01-31"),  # whole beside whole
        ("2027-01-01", "2027-01-05", "2026-12-01", "2026-12-05"),
        ("2026-11-15", "2026-11-21", "2026-11-08", "2026-11-14"),
    ],
)
def test_months_are_set_beside_months(first: str, last: str, then_first: str, then_last: str) -> None:
    then = before(Asked(first, last, "USD"))
    assert (then.first, then.last) == (then_first, then_last)


def test_a_ledger_without_a_day_asks_for_nothing(tmp_path: Path) -> None:
    ledger = Ledger(sqlite_url(tmp_path / "ledger.sqlite"))
    with snapshot(ledger) as empty:
        assert address(empty, {}) is None
    ledger.close()
