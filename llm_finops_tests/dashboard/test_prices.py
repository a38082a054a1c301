"""Models and prices: of a company whose bill changed silently, whose contract changed, and whose book lacks a price."""

import re
from collections.abc import Iterator
from datetime import date
from html import unescape
from pathlib import Path

import httpx
import pytest

from llm_finops.demo.keys import SONNET
from llm_finops.demo.prices import list_price, price
from llm_finops.inputs.prices import read_prices
from llm_finops_tests.dashboard.serving import served
from llm_finops_tests.dashboard.test_reconciliation import asked, nano, rows_of
from llm_finops_tests.pipeline import little as company
from llm_finops_tests.pipeline.little import DAYS, FIRST, LAST, Little

WHOLE = f"from={FIRST}&to={LAST}"
SIX = "from=2026-09-27&to=2026-10-02"
HEAD = "provider,model,meter,price_per_million,currency,from,until"
BOOK = [
    "paper,sheet-1,input_uncached,2,USD,,",
    f"paper,sheet-1,output,9,USD,,{DAYS[1]}",
    f"paper,sheet-1,output,10,USD,{DAYS[1]},",
    "paper,sheet-2,input_uncached,1,USD,,",  # whose output has no price: the bill implies 5
]


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """From the third day on, a million of sheet-1's input is billed at 2.40 instead of 2."""
    made = Little(tmp_path_factory.mktemp("silent") / "company")
    made.root.mkdir()
    made.found()
    for day in DAYS[2:]:
        made.report(day, "2.40")
    (made.root / "prices.csv").write_text("\n".join([HEAD, *BOOK]) + "\n", encoding="utf-8")
    assert made.settle().ok
    (made.root / "finops.toml").write_text(company.START, encoding="utf-8")  # its connector is a test's, not ours
    with served(made.environment) as client:
        yield client


def prices_of(client: httpx.Client, table: str, query: str = WHOLE) -> list[dict[str, str]]:
    return rows_of(client, table, query, "/prices")


def test_a_silent_change_is_told_with_its_first_day_and_why(silent: httpx.Client) -> None:
    expected = {
        ("sheet-1", "input_uncached", DAYS[2], LAST, DAYS[1], 2 * 10**9, 24 * 10**8, 4 * 10**8, "unknown"),
        # Of the first day, which was at 9 in the book: the bill had the later price already.
        ("sheet-1", "output", FIRST, FIRST, "never seen", 9 * 10**9, 10**10, 15 * 10**7, "later price"),
    }
    shown = {
        (
            *(row[name] for name in ("model", "meter", "since", "until", "matched_on")),
            *(nano(row[name]) for name in ("book_usd", "implied_usd", "more_usd")),
            row["reason"],
        )
        for row in prices_of(silent, "apart")
    }
    assert shown == expected
    (row,) = [row for row in prices_of(silent, "apart") if row["reason"] == "unknown"]
    assert row["detail"].startswith("the bill implies 2.4 USD a million tokens, contract: 2; nothing in the book")
    assert prices_of(silent, "implied", f"{WHOLE}&model=sheet-2")
    text = silent.get(f"/prices?{WHOLE}&model=sheet-2").text
    assert "Where the bill parts from the book" not in text


def test_a_price_that_the_book_lacks_is_there_to_be_pasted(silent: httpx.Client, tmp_path: Path) -> None:
    (row,) = prices_of(silent, "to-add")
    (header,) = [word for word in row["detail"].split() if word.startswith("provider,")]
    pasted = tmp_path / "pasted.csv"
    pasted.write_text(f"{header}\n{row['detail'].rpartition(': ')[2]}\n", encoding="utf-8")
    (found,) = read_prices([pasted])
    assert (found.model, found.meter, found.price_nano) == ("sheet-2", "output", 5 * 10**9)
    assert found.valid_from == f"{FIRST}T00:00:00Z"  # of the first day, so that no day stays unpriced
    text = silent.get(f"/prices?{WHOLE}").text
    assert "No price is known for some usage of sheet-2" in text


def test_a_change_is_in_the_table_and_the_book_on_both_sides_of_it(silent: httpx.Client) -> None:
    (change,) = prices_of(silent, "changes")
    assert [change[name] for name in ("at", "model", "meter")] == [DAYS[1], "sheet-1", "output"]
    assert (nano(change["before_usd"]), nano(change["after_usd"])) == (9 * 10**9, 10**10)
    spans = [
        (row["meter"], row["first"], row["last"], nano(row["price_usd"]))
        for row in prices_of(silent, "book", f"{WHOLE}&model=sheet-1")
    ]
    assert sorted(spans) == [
        ("input_uncached", FIRST, LAST, 2 * 10**9),
        ("output", FIRST, FIRST, 9 * 10**9),
        ("output", DAYS[1], LAST, 10**10),
    ]
    one = silent.get(f"/prices?{WHOLE}&model=sheet-1").text
    assert one.count("<figure") == 2  # a picture a meter
    assert f"{DAYS[0]}: contract $9.00 · by the bill $10.00" in one
    assert f"{DAYS[1]}: contract $10.00 · by the bill $10.00" in one
    assert f"{LAST}: contract $2.00 · by the bill $2.40" in one
    assert silent.get(f"/prices?{WHOLE}").text.count("<figure") == 1  # of what changed alone


def test_findings_lead_to_prices_and_back(silent: httpx.Client) -> None:
    text = silent.get(f"/prices?{WHOLE}").text
    links = {unescape(href) for href in re.findall(r'href="(/reconciliation[^"]+)"', text)}
    kinds = {"unpriced": "sheet-2", "price differs from bill": "sheet-1"}
    for kind, model in kinds.items():
        (link,) = [link for link in links if f"kind={kind.replace(' ', '+')}" in link]
        page = silent.get(link)
        assert page.status_code == 200
        back = [unescape(href) for href in re.findall(r'href="(/prices\?[^"]*model[^"]+)"', page.text)]
        assert {href.partition("model=")[2] for href in back} == {model}
        assert f"The model {model} alone." in silent.get(back[0]).text


def test_the_demos_prices_are_the_contracts(demo: httpx.Client, demo_ledger: Path) -> None:
    """On 1 October the contract has new prices; the bill bears each of them out."""
    changes = prices_of(demo, "changes", SIX)
    used = asked(demo_ledger, "select distinct model, service_tier, meter from current_priced_usage")
    assert {(row["model"], row["service_tier"], row["meter"]) for row in changes} == set(used)
    for row in changes:
        assert row["at"] == "2026-10-01"
        provider = "openai" if row["model"].startswith("gpt") else "anthropic"
        at = (provider, row["model"], row["service_tier"], row["meter"])
        assert nano(row["before_usd"]) == price(*at, date(2026, 9, 30))
        assert nano(row["after_usd"]) == price(*at, date(2026, 10, 1))
    used = asked(demo_ledger, "select sum(quantity), sum(list_cost_nano) from current_priced_usage")
    rows = prices_of(demo, "usage", SIX)
    assert [(sum(int(row["quantity"]) for row in rows), sum(nano(row["list_cost_usd"]) for row in rows))] == used
    assert demo.get(f"/prices?{SIX}").text.count("Where the bill parts from the book") == 0


def test_list_contract_and_bill_of_one_length_of_context_are_one_picture(demo: httpx.Client) -> None:
    """The list tells lengths of context apart, the contract does not, and the bill is of the shorter."""
    at = ("anthropic", SONNET, "standard", "input_uncached")
    contract, listed = (dollars(nano) for nano in (price(*at, date(2026, 10, 1)), list_price(*at)))
    text = demo.get(f"/prices?{SIX}&model={SONNET}").text
    assert f"2026-10-01: list {listed} · contract {contract} · by the bill {contract}" in text
    assert "input_uncached, standard, 0-200k" in text


def test_of_many_changes_those_of_what_costs_most_are_drawn(demo: httpx.Client, demo_ledger: Path) -> None:
    text = demo.get(f"/prices?{SIX}").text
    drawn = [re.split(", ", caption)[:3] for caption in re.findall(r"<figcaption>([^<]+)", text)]
    dearest = asked(
        demo_ledger,
        "select model, meter, service_tier from current_priced_usage group by 1, 2, 3"
        " order by sum(list_cost_nano) desc limit 4",
    )
    assert [tuple(of) for of in drawn] == dearest


def dollars(nano: int) -> str:
    return f"${nano / 10**9:.2f}"
