"""A line of many: its shares come in pages, its total is of all; and where they do not add up, by how much is said."""

from collections.abc import Iterator

import httpx
import pytest

from llm_finops.ledger import datasets as d
from llm_finops_tests.dashboard.books import nano, table, text_of
from llm_finops_tests.dashboard.serving import served
from llm_finops_tests.pipeline import little
from llm_finops_tests.pipeline.little import FIRST, LAST, Little

MANY = [f"customer {n:02d}" for n in range(60)]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Little:
    """Sixty customers; of the last day a line was read again since it was split, and another was not there then."""
    made = Little(tmp_path_factory.mktemp("many") / "company")
    made.root.mkdir()
    made.found()
    made.log(FIRST, customers=MANY)
    assert made.settle().ok
    with made.ledger() as ledger:
        first, *others = ledger.read(d.COST_LINES, "paper", LAST)
        more = first._replace(amount_nano=first.amount_nano + 7, billed_nano=first.billed_nano + 7)
        late = first._replace(line_id="late", line_item="late")
        with ledger.commit("read again") as commit:
            commit.book(d.COST_LINES, "paper", LAST, [more, *others, late])
    (made.root / "finops.toml").write_text(little.START, encoding="utf-8")  # its connector is a test's, not ours
    return made


@pytest.fixture(scope="module")
def client(company: Little) -> Iterator[httpx.Client]:
    with served(company.environment) as client:
        yield client


def line_of(company: Little, day: str) -> tuple[str, int]:
    """The largest line of a day, with its amount."""
    question = "select line_id, amount_nano from current_cost_lines where day = :day and line_id <> 'late'"
    rows = company.rows(f"{question} order by amount_nano desc, line_id limit 1", day=day)
    return rows[0][0], rows[0][1]


def test_shares_come_in_pages_and_the_total_is_of_all(company: Little, client: httpx.Client) -> None:
    line, amount = line_of(company, FIRST)
    asked = {"line": line, "day": FIRST}
    every = table(client, "/line", "shares", **asked)
    assert {row["customer"] for row in every} >= set(MANY)
    assert sum(nano(row["share_usd"]) or 0 for row in every) == amount
    text = text_of(client, "/line", **asked)
    assert f"1 to 25 of {len(every)}" in text
    assert text.count("customer ") < 2 * len(MANY)
    last = text_of(client, "/line", **asked, **{"shares.sort": "customer", "shares.page": "3"})
    assert MANY[-1] in last
    assert MANY[0] not in last.partition('id="shares"')[2]
    total = last.partition('id="shares"')[2].partition("<tfoot>")[2].partition("</tfoot>")[0]
    assert "$2.00" in total
    assert "apart" not in text


def test_a_customers_day_is_in_the_order_that_is_asked_for(client: httpx.Client) -> None:
    asked = {"customer": MANY[0], "from": FIRST, "to": FIRST}
    every = table(client, "/customer-day", "shares", **asked)
    assert [row["share_usd"] for row in every] == sorted(
        (row["share_usd"] for row in every), key=lambda amount: -(nano(amount) or 0)
    )
    ascending = table(client, "/customer-day", "shares", **asked, **{"shares.sort": "share"})
    assert sorted(map(str, ascending)) == sorted(map(str, every))
    assert nano(ascending[0]["share_usd"]) == min(nano(row["share_usd"]) or 0 for row in every)


def test_where_shares_do_not_add_up_the_difference_is_told_to_the_last_digit(
    company: Little, client: httpx.Client
) -> None:
    line, amount = line_of(company, LAST)
    assert amount == 2 * 10**9 + 7
    text = text_of(client, "/line", line=line, day=LAST)
    said = "The shares add up to $2.00, the line is of $2.000000007: −$0.000000007 apart."
    warned = text.partition('<p class="wide note warn">')[2].partition("</p>")[0]
    assert warned.startswith(said)


def test_a_line_that_was_never_split_says_so(client: httpx.Client) -> None:
    text = text_of(client, "/line", line="late", day=LAST)
    assert '<p class="wide note warn">It is not allocated: its shares are not known.' in text
    assert "apart" not in text
