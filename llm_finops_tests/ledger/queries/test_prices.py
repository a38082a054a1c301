"""Prices on the days they hold, contract and list apart; prices that bills part from, and since when."""

from dataclasses import replace

from llm_finops.core.derived import ImpliedPrice
from llm_finops.core.records import BEGINNING, FOREVER, Price
from llm_finops.ledger import Ledger
from llm_finops.ledger import datasets as d
from llm_finops.ledger.queries import Asked, Reader, differing, price_spans, snapshot

ASKED = Asked("2026-11-10", "2026-11-19", "USD")
SNAPSHOT = "gpt-6-2026-08-07"


def price(nano: int, since: str, until: str, source: str, model: str = SNAPSHOT, currency: str = "USD") -> Price:
    named = ("openai", model, "standard", "(none)", "output", currency)
    return Price(*named, nano, since, until, source)


def booked(ledger: Ledger, *rows: Price) -> None:
    with ledger.commit("the book") as commit:
        commit.book(d.PRICES, "*", "*", list(rows))


def spans(reader: Reader, asked: Asked = ASKED) -> list[tuple[str, str, str, int]]:
    return [(of.kind, of.first, of.last, of.price_nano) for of in price_spans(reader, asked, [("openai", SNAPSHOT)])]


def test_a_price_stands_on_the_days_at_whose_start_it_holds(ledger: Ledger) -> None:
    booked(
        ledger,
        price(9, BEGINNING, "2026-11-09T00:00:00Z", "contract:own.csv"),  # ended before the period
        price(8, "2026-11-09T00:00:00Z", "2026-11-12T00:00:00Z", "contract:own.csv"),
        price(7, "2026-11-12T00:00:00Z", "2026-11-14T12:00:00Z", "contract:own.csv"),  # holds at the start of the 14th
        price(6, "2026-11-14T12:00:00Z", "2026-11-14T18:00:00Z", "contract:own.csv"),  # at no day's start
        price(5, "2026-11-14T18:00:00Z", FOREVER, "contract:own.csv"),
        price(1, BEGINNING, FOREVER, "contract:own.csv", currency="EUR", model="gpt-6-mini"),
    )
    with snapshot(ledger) as reader:
        assert spans(reader) == [
            ("contract", "2026-11-10", "2026-11-11", 8),
            ("contract", "2026-11-12", "2026-11-14", 7),
            ("contract", "2026-11-15", "2026-11-19", 5),
        ]
        assert spans(reader, replace(ASKED, first="2026-11-14", last="2026-11-14")) == [
            ("contract", "2026-11-14", "2026-11-14", 7)
        ]
        assert spans(reader, replace(ASKED, currency="EUR")) == []


def test_the_list_is_told_beside_a_contract_of_a_snapshot_of_it(ledger: Ledger) -> None:
    booked(
        ledger,
        price(10, BEGINNING, "2026-11-15T00:00:00Z", "list:made up", model="gpt-6-YYYYMMDD"),
        price(12, "2026-11-15T00:00:00Z", FOREVER, "list:made up", model="GPT-6-YYYYMMDD"),
        price(8, "2026-11-12T00:00:00Z", FOREVER, "contract:own.csv"),
        price(99, BEGINNING, FOREVER, "list:made up", model="gpt-7"),
    )
    with snapshot(ledger) as reader:
        assert spans(reader) == [
            ("contract", "2026-11-12", "2026-11-19", 8),
            ("list", "2026-11-10", "2026-11-14", 10),
            ("list", "2026-11-15", "2026-11-19", 12),
        ]
        assert price_spans(reader, ASKED, []) == ()


def told(ledger: Ledger, account: str, states: dict[str, str], *models: str) -> None:
    """Bills of these days for each model: matched, or so much off."""
    for day, state in states.items():
        billed = 100 if state == "matched" else 100 + int(day[-2:])
        said = (10, billed, 100, 1, 1, None, state, "unknown")
        rows = [ImpliedPrice("openai", of, "standard", "(none)", "output", "tokens", "USD", *said) for of in models]
        with ledger.commit("a bill") as commit:
            commit.book(d.IMPLIED_PRICES, account, day, rows)


def runs(ledger: Ledger, asked: Asked) -> list[tuple[str, str, str, str, str | None, int]]:
    with snapshot(ledger) as reader:
        found = differing(reader, asked)
    return [(of.account, of.price.model, of.first, of.newest, of.matched_on, of.price.billed_nano) for of in found]


def test_a_run_begins_before_the_period_and_ends_with_the_newest_day_in_it(ledger: Ledger) -> None:
    told(ledger, "one", {"2026-10-30": "matched", "2026-11-02": "differs", "2026-11-11": "differs"}, "gpt-6")
    told(ledger, "one", {"2026-11-16": "not_comparable", "2026-11-21": "differs", "2026-11-22": "matched"}, "gpt-6")
    told(ledger, "two", {"2026-11-12": "differs", "2026-11-13": "matched", "2026-11-15": "differs"}, "gpt-6")
    told(ledger, "three", {"2026-11-01": "differs", "2026-11-12": "matched"}, "gpt-7")
    one, two = ("one", "gpt-6", "2026-11-02"), ("two", "gpt-6", "2026-11-15")
    assert runs(ledger, ASKED) == [
        (*one, "2026-11-11", "2026-10-30", 111),
        (*two, "2026-11-15", "2026-11-13", 115),
    ]
    assert runs(ledger, replace(ASKED, last="2026-11-30"))[0] == (*one, "2026-11-21", "2026-10-30", 121)
    assert runs(ledger, replace(ASKED, first="2026-11-12", last="2026-11-12")) == [
        ("two", "gpt-6", "2026-11-12", "2026-11-12", None, 112)
    ]
    assert runs(ledger, replace(ASKED, currency="EUR")) == []
    assert runs(ledger, replace(ASKED, provider="anthropic")) == []


def test_a_price_is_told_once_though_others_of_the_account_go_on_longer(ledger: Ledger) -> None:
    told(ledger, "one", {"2026-11-11": "differs"}, "gpt-6", "gpt-7")
    told(ledger, "one", {"2026-11-12": "differs"}, "gpt-7")
    assert runs(ledger, ASKED) == [
        ("one", "gpt-6", "2026-11-11", "2026-11-11", None, 111),
        ("one", "gpt-7", "2026-11-11", "2026-11-12", None, 112),
    ]
