"""The message is inside Slack's limits, harmless and in one order, whatever the names and the numbers."""

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.core.digest import (
    CurrencyFigures,
    Doubts,
    EarlierDay,
    Figures,
    Missing,
    Owner,
    Part,
    Uncosted,
    Unpriced,
    digest,
    plain,
    shown,
)
from llm_finops.core.digest.words import unescape
from llm_finops_tests.core.test_digest import DOLLAR, assert_harmless, assert_within_limits, figures

NAUGHTY = Path(__file__).parents[2] / "../shared/data/naughty-strings/blns.json"


def test_every_naughty_string_is_a_harmless_customer_on_one_line() -> None:
    if not NAUGHTY.exists():
        pytest.skip("the naughty strings are not here (shared/data/naughty-strings)")
    names = json.loads(NAUGHTY.read_text(encoding="utf-8"))
    for start in range(0, len(names), 5):
        some = names[start : start + 5]
        owners = tuple(Owner(name, (i + 2) * DOLLAR, DOLLAR) for i, name in enumerate(some))
        message = digest(figures(money={"customers": owners}, late=tuple(some)))
        lines = plain(message).splitlines()

        assert_within_limits(message)
        assert_harmless(message)
        for name in some:
            assert sum(line.endswith(f"  {unescape(shown(name))}") for line in lines) >= 2


names = st.text(max_size=60) | st.sampled_from(
    ["<!channel>", "`" * 9, "\u202e", "\ud800", "\U0001f4a9" * 60, "<" * 60, "&" * 60]
)
nanos = st.integers(-(2**63), 2**63)
maybe = st.none() | nanos
codes_ = st.sampled_from("USD EUR JPY KWD GBP INR CHF".split())
elsewhere = st.lists(codes_, max_size=3).map(tuple)
owners_ = st.lists(st.builds(Owner, names, nanos, maybe, elsewhere), max_size=30).map(tuple)
parts_ = st.lists(st.builds(Part, names, nanos), max_size=30).map(tuple)
doubts_ = st.builds(
    Doubts,
    names,
    st.integers(1, 10**18),
    st.lists(st.tuples(codes_ | names | st.just("tokens"), st.integers(0, 2**63)), max_size=3).map(tuple),
)
days_ = st.lists(st.builds(EarlierDay, st.just("2026-11-20"), st.just((("USD", 5), ("EUR", None)))), max_size=9)


@st.composite
def any_figures(draw: st.DrawFn) -> Figures:
    codes = draw(st.lists(codes_, unique=True))
    owners: tuple[Owner, ...] = draw(owners_)
    parts: tuple[Part, ...] = draw(parts_)
    cost = draw(maybe)
    numbers: dict[str, Any] = {
        name: draw(maybe) for name in ("revenue_nano", "day_before_nano", "week_before_nano", "month_to_date_nano")
    }
    counts: dict[str, Any] = {
        name: draw(nanos) for name in ("logged_cost_nano", "requests", "estimated_nano", "opex_nano", "p95_nano")
    }
    return Figures(
        "2026-11-23",
        tuple(
            CurrencyFigures(
                currency=c,
                cost_nano=cost,
                has_cost=draw(st.booleans()),
                **numbers,
                **counts,
                month_since=draw(st.none() | st.just("2026-11-17")),
                customers=owners,
                features=owners,
                models=parts,
            )
            for c in codes
        ),
        draw(st.sampled_from(["complete", "partial"])),
        tuple(draw(st.lists(st.builds(Missing, names, st.sampled_from([None, "2026-11-20"])), max_size=20))),
        tuple(draw(st.lists(names, max_size=20))),
        covered=draw(maybe),
        quantity=draw(maybe),
        used=draw(st.none() | st.booleans()),
        requests=draw(st.integers(0, 10**18)),
        unpriced=tuple(draw(st.lists(st.builds(Unpriced, names, names, nanos, st.booleans()), max_size=5))),
        uncosted=tuple(draw(st.lists(st.builds(Uncosted, names, codes_, nanos), max_size=5))),
        quarantined=draw(st.integers(0, 10**18)),
        findings=tuple(draw(st.lists(doubts_, max_size=9))),
        earlier=tuple(draw(days_)),
        lasts=tuple(draw(st.lists(st.sampled_from(["2026-11-24", "2026-11-25"]), max_size=9))),
    )


def test_the_longest_names_in_every_list_of_every_currency_still_fit() -> None:
    most = 2**63
    for worst in ("\U0001f4a9" * 60, "&" * 60, "株" * 60):
        many = [f"{i}{worst}" for i in range(50)]
        owners = tuple(Owner(name, most, most - i - 1) for i, name in enumerate(many))
        trials = tuple(Owner(name, most, 0) for name in many)
        parts = tuple(Part(name, most) for name in many)
        lists = {"customers": owners + trials, "features": owners, "providers": parts, "models": parts}
        sums = dict.fromkeys(["cost_nano", "opex_nano", "excluded_nano", "reported_nano", "estimated_nano"], most)
        weak: dict[str, Any] = {
            "unpriced": tuple(Unpriced(name, name, most, i % 2 == 0) for i, name in enumerate(many)),
            "uncosted": tuple(Uncosted(name, "USD", most) for name in many),
            "findings": tuple(Doubts(name, most, (("USD", most), ("tokens", most))) for name in many),
        }
        day = figures(
            money={**lists, **sums}, state="partial", missing=tuple(map(Missing, many)), late=tuple(many), **weak
        )
        codes = "USD EUR JPY KWD GBP INR CHF".split()
        whole = replace(day, currencies=tuple(replace(day.currencies[0], currency=code) for code in codes))

        assert_within_limits(digest(whole))
        assert_harmless(digest(whole))
        assert "late" in plain(digest(whole)).lower()


@given(any_figures())
def test_whatever_the_figures_the_message_fits_and_is_harmless(day: Figures) -> None:
    message = digest(day)

    assert_within_limits(message)
    assert_harmless(message)
    assert "\x1b" not in plain(message)


@given(any_figures(), st.randoms())
def test_the_order_of_the_rows_does_not_matter(day: Figures, chance: random.Random) -> None:
    def shuffled(rows: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(chance.sample(rows, len(rows)))

    moved = tuple(
        replace(c, customers=shuffled(c.customers), features=shuffled(c.features), models=shuffled(c.models))
        for c in shuffled(day.currencies)
    )
    lists = ("missing", "late", "unpriced", "uncosted", "findings", "lasts")
    rows: dict[str, Any] = {name: shuffled(getattr(day, name)) for name in lists}
    other = replace(day, currencies=moved, **rows)

    assert digest(other) == digest(day)
