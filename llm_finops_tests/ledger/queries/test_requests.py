"""Requests, usage and caching, against the base rows added up in Python."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from llm_finops.ledger import Ledger
from llm_finops.ledger import datasets as d
from llm_finops.ledger.queries import (
    REQUEST_DIMS,
    Asked,
    CacheSaving,
    cache_savings,
    meters,
    outcomes,
    quantiles,
    requests_by,
    snapshot,
)
from llm_finops_tests.ledger.queries import company as little
from llm_finops_tests.ledger.queries.reckoned import applies, grouped, key_of, rows_of
from llm_finops_tests.ledger.queries.test_money import ALL, ASKED


def is_priced_in(asked: Asked, currency: str) -> bool:
    """Of the currency asked for, or of none: its price is not known."""
    return currency in {asked.currency, "(none)"}


DIMS: list[tuple[Any, ...]] = [(), ("day",), ("model", "status"), ("customer",), REQUEST_DIMS]
OUTCOMES: list[tuple[Any, ...]] = [(), ("outcome",), ("feature", "outcome"), ("day", "customer")]


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_requests_are_counted_and_what_has_no_price_is_told(company: Ledger, asked: Asked) -> None:
    rows = [
        at
        for at in rows_of(company, d.REQUEST_TOTALS, asked)
        if is_priced_in(asked, at[-1].pool.currency) and applies(replace(asked, currency=at[-1].pool.currency), at[-1])
    ]
    with snapshot(company) as reader:
        for dims in DIMS:
            found = requests_by(reader, asked, *dims)
            told = {r.key: (r.requests, r.operations, r.list_cost_nano, r.unpriced) for r in found}
            assert told == {at: _told(*of) for at, of in grouped(rows, key_of(dims), _counted).items()}, dims
            assert list(found) == sorted(found, key=lambda r: r.key)


def _counted(row: Any) -> tuple[int, ...]:
    unpriced = row.list_cost_nano is None
    return row.requests, row.operations, row.list_cost_nano or 0, row.requests if unpriced else 0, int(not unpriced)


def _told(requests: int, operations: int, cost: int, unpriced: int, priced: int) -> tuple[int | None, ...]:
    return requests, operations, cost if priced else None, unpriced


def test_requests_without_a_price_are_counted_in_every_currency(company: Ledger) -> None:
    with snapshot(company) as reader:
        in_euro = requests_by(reader, replace(ALL, currency="EUR"))
        by_model = {row.key[0]: row for row in requests_by(reader, replace(ALL, first=little.DAYS[-1]), "model")}
    (unpriced,) = in_euro
    assert (unpriced.requests, unpriced.list_cost_nano) == (unpriced.unpriced, None) == (100, None)
    assert by_model["gpt-6-mini"].list_cost_nano is None
    assert by_model["gpt-6"].unpriced == 0


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_outcomes_are_the_sums_of_their_rows(company: Ledger, asked: Asked) -> None:
    rows = [at for at in rows_of(company, d.REQUEST_COSTS, asked) if applies(asked, at[-1])]
    with snapshot(company) as reader:
        for dims in OUTCOMES:
            found = {row.key: (row.requests, row.cost_nano) for row in outcomes(reader, asked, *dims)}
            assert found == grouped(rows, key_of(dims), lambda r: (r.requests, r.cost_nano)), dims


def test_quantiles_are_of_one_day_log_and_key(company: Ledger) -> None:
    with snapshot(company) as reader:
        every, model = quantiles(reader, ALL, "all"), quantiles(reader, ALL, "model", "gpt-6")
        nothing = quantiles(reader, ALL, "model", "gpt-7"), quantiles(reader, replace(ALL, currency="EUR"), "all")
    assert [(row.day, row.source, row.max_nano) for row in every] == [
        (day, "gateway", int(day[-2:])) for day in little.DAYS
    ]
    assert {row[2:] for row in model} == {("gpt-6", 8, 1, 2, 3, 4)}
    assert nothing == ((), ())


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_meters_are_the_sums_of_usage_and_unpriced_is_not_zero(company: Ledger, asked: Asked) -> None:
    wanted = Asked(asked.first, asked.last, asked.currency, asked.provider)  # usage knows no other filter
    rows = [
        at
        for at in rows_of(company, d.PRICED_USAGE, wanted)
        if is_priced_in(wanted, at[-1].currency) and wanted.provider in {None, at[-1].provider}
    ]
    expected = grouped(
        rows,
        lambda *at: (at[-1].provider, at[-1].model, at[-1].service_tier, at[-1].meter, at[-1].unit),
        lambda u: (u.quantity, u.list_cost_nano or 0, u.quantity if u.list_cost_nano is None else 0),
    )
    with snapshot(company) as reader:
        found = meters(reader, asked)
    assert {row[:5]: (row.quantity, row.list_cost_nano or 0, row.unpriced) for row in found} == expected
    assert all((row.list_cost_nano is None) == (row.unpriced == row.quantity) for row in found)


def test_caching_saves_what_reads_do_less_the_surcharge_of_writes(company: Ledger) -> None:
    november = replace(ALL, first="2026-11-01")  # a contract halves the price of gpt-6's uncached input
    with snapshot(company) as reader:
        before = {row.model: row for row in cache_savings(reader, replace(ALL, last="2026-10-31"))}
        after = {row.model: row for row in cache_savings(reader, november)}
    for found, asked, uncached in ((before, replace(ALL, last="2026-10-31"), 2000), (after, november, 1000)):
        saved = Fraction(0)
        for _, _, row in rows_of(company, d.PRICED_USAGE, asked):
            if row.model == "gpt-6" and row.meter == "input_cache_read":
                saved += Fraction(row.quantity * (uncached - 500), 10**6)
            if row.model == "gpt-6" and row.meter == "input_cache_write_5m":
                saved -= Fraction(row.quantity * (3000 - uncached), 10**6)
        told = found["gpt-6"].saved_nano
        assert told is not None
        assert abs(told - saved) < 5  # a list cost is rounded a row
    assert before["gpt-6-mini"].saved_nano is not None
    assert (after["gpt-6-mini"].cached_nano, after["gpt-6-mini"].saved_nano) == (None, None)


def test_a_saving_is_not_known_where_a_price_is_not() -> None:
    assert CacheSaving("openai", "gpt-6", 1, 1, 5, 7).saved_nano == 2
    assert CacheSaving("openai", "gpt-6", 1, 1, None, 7).saved_nano is None
    assert CacheSaving("openai", "gpt-6", 1, 1, 5, None).saved_nano is None
