"""A final day that loses more than half is held; what is booked stays until a later reading or a person settles it."""

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.core.digest import plain
from llm_finops.core.records import NONE, STANDARD, PricedUsage
from llm_finops.ledger import LedgerError
from llm_finops.ledger.pages import held_days, pages_of
from llm_finops.pipeline.holds import minor_meters, shrunk
from llm_finops.pipeline.replaying import plan_acceptance, what_moved
from llm_finops.pipeline.said import message_of
from llm_finops_tests.connectors.server import Provider
from llm_finops_tests.pipeline.by_post import LATER, NOBODY, ByPost, company_by_post, replayed
from llm_finops_tests.pipeline.little import DAYS, FIRST, LAST, USED

MIDDLE = DAYS[2]
RED, BLUE = ("red", "sheet-1", "input"), ("blue", "sheet-2", "input")
HALF = "2.05"  # of the $4.10 that each day costs


@pytest.fixture
def by_post(root: Path, store: str) -> Iterator[tuple[ByPost, Provider]]:
    with company_by_post(root, store) as made:
        yield made


@pytest.fixture(scope="module")
def _settled_once(quick_folder: Path) -> Path:
    with company_by_post(quick_folder / "by post") as (company, _):
        assert company.settle().ok
        company.set_clock(LATER)
        return company.root


@pytest.fixture
def settled(root: Path, _settled_once: Path) -> Iterator[tuple[ByPost, Provider]]:
    """The company with every day booked and final, a day later."""
    shutil.copytree(_settled_once, root / "company")
    with company_by_post(root) as made:
        yield made


def held(company: ByPost) -> list[tuple[str, str, str, int, int]]:
    with company.ledger() as ledger:
        return [(one.dataset, one.period, one.subject, one.before, one.after) for one in held_days(ledger)]


def message(company: ByPost, day: str) -> str:
    with company.finops.work("") as work:
        return plain(message_of(work, day))


def newest_held(company: ByPost) -> int:
    ((load_id,),) = company.rows("select max(load_id) from held")
    return int(load_id)


def short_report(company: ByPost) -> int:
    """A reading of a final day that has lost most of its cost, and is held: its load."""
    company.cost(MIDDLE, (*RED, "0.50"))
    assert not company.settle().ok
    return newest_held(company)


def accepted(company: ByPost, load_id: int) -> list[str]:
    """What moved when a load was accepted."""
    with company.ledger() as ledger:
        since, plan = ledger.seq(), plan_acceptance(company.config, ledger, load_id)
    if not plan.days:
        return []
    assert replayed(company, plan.replay, plan.days[0], plan.days[-1]).ok
    with company.ledger() as ledger:
        return list(map(str, what_moved(ledger, since)))


def test_a_final_day_that_comes_short_is_held_and_named_and_accepted_once(by_post: tuple[ByPost, Provider]) -> None:
    company, provider = by_post
    assert company.settle().ok
    before, amounts = company.fingerprint(), company.amounts()
    company.set_clock(LATER)
    company.cost(MIDDLE, (*RED, "2.04"))
    company.cost(DAYS[1], (*RED, HALF))

    report = company.settle()

    (failed,) = report.failed
    load_id = newest_held(company)
    assert (failed.subject, failed.day, failed.asset) == ("paper", MIDDLE, "paper_cost_lines")
    assert f"load {load_id} is held: it says 2.04 USD where 4.1 USD is booked, less than half" in failed.why
    assert f"`llm-finops accept {load_id}` books it" in failed.why
    assert company.amounts() == {**amounts, DAYS[1]: 2_050_000_000}, "half is a restatement; less is held"
    assert held(company) == [("cost_lines", MIDDLE, "USD", 4_100_000_000, 2_040_000_000)]
    assert company.fingerprint() != before

    morning = str(date.fromisoformat(LATER[:10]) - timedelta(days=1))
    said = f"paper 19 November, load {load_id} says $2.04 where $4.10 is booked; if it is right, llm-finops accept"
    assert said in message(company, morning)
    assert "Held" not in message(company, DAYS[3]), "its morning was before that"

    company.point_to(NOBODY)
    assert accepted(company, load_id) == [f"paper cost_lines {MIDDLE}: 4.1 USD → 2.04 USD"]
    assert "Held" not in message(company, morning)
    assert company.amounts()[MIDDLE] == 2_040_000_000
    once = company.fingerprint()
    assert (accepted(company, load_id), held(company)) == ([], [])
    company.point_to(provider.url)
    again = company.settle()
    assert (again.ok, again.new_versions, company.fingerprint()) == (True, 0, once)


@pytest.mark.parametrize("report", ["usage", "cost_lines"])
def test_a_final_day_that_is_emptied_is_held(settled: tuple[ByPost, Provider], report: str) -> None:
    company, _ = settled
    before = company.fingerprint()
    if report == "usage":
        company.report(MIDDLE, used=())
    else:
        company.cost(MIDDLE)

    (failed,) = company.settle().failed

    assert failed.day == MIDDLE
    assert "it says 0 " in failed.why
    assert [dataset for dataset, *_ in held(company)] == [report]
    assert company.fingerprint() == before


def test_usage_is_held_by_meter(settled: tuple[ByPost, Provider]) -> None:
    company, _ = settled
    company.report(MIDDLE, used=[(*row[:4], row[4] // 10) for row in USED])
    (failed,) = company.settle().failed
    assert "16000 output where 210000 output is booked" in failed.why


def test_a_meter_of_next_to_nothing_holds_no_day(root: Path) -> None:
    with company_by_post(root) as (company, _):
        company.report(MIDDLE, used=[("red", "k1", "sheet-1", 900_000, 3)])
        assert company.settle().ok
        company.set_clock(LATER)
        company.report(MIDDLE, used=[("red", "k1", "sheet-1", 900_000, 1)])

        assert company.settle().ok

        assert held(company) == []
        booked = "select quantity from current_usage where day = :day and meter = 'output'"
        assert company.rows(booked, day=MIDDLE) == [(1,)]
        company.report(MIDDLE, used=[("red", "k1", "sheet-1", 9, 1)])
        assert not company.settle().ok
        assert held(company) == [("usage", MIDDLE, "input_uncached", 900_000, 9)]


def test_a_meter_is_minor_below_a_hundredth_of_the_day_and_never_without_a_price() -> None:
    def used(meter: str, nano: int | None, currency: str = "USD") -> PricedUsage:
        model = ("paper", "paper", "red", "k1", NONE, "sheet-1", STANDARD, NONE)
        return PricedUsage(*model, meter, "tokens", 3, nano, NONE if nano is None else currency)

    day = [used("output", 990), used("web_search", 4), used("web_search", 5), used("input_uncached", None)]
    assert minor_meters(day) == {"web_search"}
    assert minor_meters([*day, used("web_search", 1)]) == set()
    assert minor_meters([*day, used("web_search", None)]) == set()
    assert minor_meters([*day, used("web_search", 1, "EUR")]) == set()
    assert minor_meters([used("output", 0)]) == set()


def test_a_later_reading_within_bounds_settles_it_and_what_was_held_cannot_be_accepted_any_more(
    settled: tuple[ByPost, Provider],
) -> None:
    company, _ = settled
    load_id = short_report(company)
    company.set_clock("2026-11-24T06:30:00Z")
    company.report(MIDDLE, "2.10")

    assert company.settle().ok

    assert held(company) == []
    assert company.amounts()[MIDDLE] == 4_200_000_000
    assert accepted(company, load_id) == []
    assert company.amounts()[MIDDLE] == 4_200_000_000


def test_a_replay_of_older_pages_neither_settles_nor_books_what_is_held(settled: tuple[ByPost, Provider]) -> None:
    company, _ = settled
    company.cost(MIDDLE, (*RED, "0.50"))
    assert not company.settle().ok
    before, kept = held(company), company.fingerprint()
    company.point_to(NOBODY)

    again = replayed(company)

    assert (again.ok, again.new_versions) == (True, 0)
    assert (held(company), company.fingerprint()) == (before, kept)


def test_of_two_readings_that_are_held_the_newer_is_to_be_accepted(settled: tuple[ByPost, Provider]) -> None:
    company, _ = settled
    company.cost(MIDDLE, (*RED, "0.50"))
    assert not company.settle().ok
    older = newest_held(company)
    company.set_clock("2026-11-24T06:30:00Z")
    company.cost(MIDDLE, (*RED, "0.40"))
    assert not company.settle().ok

    newer = newest_held(company)
    with pytest.raises(LedgerError, match=f"is held by load {newer}, which is newer; .*`llm-finops accept {newer}`"):
        accepted(company, older)
    assert accepted(company, newer) == [f"paper cost_lines {MIDDLE}: 4.1 USD → 0.4 USD"]
    assert held(company) == []


def test_a_day_that_was_not_final_is_restated_however_much_it_loses(root: Path) -> None:
    with company_by_post(root) as (company, _):
        company.set_clock("2026-11-22T01:00:00Z")  # six hours after its end the last day is final, not after one
        assert company.settle().ok
        company.set_clock(LATER)
        company.cost(LAST, (*RED, "0.10"))
        assert company.settle().ok
        assert company.amounts()[LAST] == 100_000_000


def test_what_is_held_can_be_accepted_although_no_pages_are_kept(settled: tuple[ByPost, Provider]) -> None:
    company, provider = settled
    company.point_to(provider.url, more="[ledger]\npages_days = 0")
    company.cost(MIDDLE, (*RED, "0.50"))
    for _ in range(2):  # pages are pruned at the end of each run
        assert not company.settle().ok
    assert [load_id for (load_id,) in company.rows("select distinct load_id from load_pages")] == [newest_held(company)]

    assert accepted(company, newest_held(company)) == [f"paper cost_lines {MIDDLE}: 4.1 USD → 0.5 USD"]
    assert company.settle().ok
    assert company.rows("select * from load_pages") == []


def test_two_held_days_of_a_load_are_accepted_together_and_nothing_between(settled: tuple[ByPost, Provider]) -> None:
    company, _ = settled
    for day in (FIRST, MIDDLE):
        company.cost(day, (*BLUE, "0.10"))
    assert not company.settle().ok
    load_id = newest_held(company)
    with company.ledger() as ledger:
        assert plan_acceptance(company.config, ledger, load_id).days == [FIRST, MIDDLE]

    moved = accepted(company, load_id)

    assert [line.partition(":")[0] for line in moved] == [f"paper cost_lines {day}" for day in (FIRST, MIDDLE)]


def test_a_mended_parser_may_shrink_a_day_whose_pages_were_booked(settled: tuple[ByPost, Provider]) -> None:
    company, provider = settled
    company.point_to(provider.url, parser=2)
    company.set_clock("2026-11-24T06:30:00Z")
    company.cost(MIDDLE, ("green", "sheet-1", "input", "9.00"), (*RED, "2.00"))
    assert company.settle().ok
    assert company.amounts()[MIDDLE] == 11_000_000_000

    company.point_to(NOBODY, parser=1)
    assert replayed(company).ok

    assert company.amounts()[MIDDLE] == 2_000_000_000
    assert held(company) == []


def test_a_load_that_is_not_there_or_whose_account_is_gone_cannot_be_accepted(
    settled: tuple[ByPost, Provider],
) -> None:
    company, _ = settled
    load_id = short_report(company)
    with company.ledger() as ledger, pytest.raises(LedgerError, match="no load 999; `llm-finops loads`"):
        plan_acceptance(company.config, ledger, 999)
    company.configure(toml="start_date = 2026-11-17")
    with company.ledger() as ledger:
        with pytest.raises(LedgerError, match=r"\[providers.paper\], which is no longer configured"):
            plan_acceptance(company.config, ledger, load_id)
        assert pages_of(ledger, load_id)


@given(
    st.dictionaries(st.sampled_from("abc"), st.integers(0, 10**18)),
    st.dictionaries(st.sampled_from("abc"), st.integers(0, 10**18)),
    st.sets(st.sampled_from("abc")),
)
def test_shrunk_is_less_than_half_of_any_part_that_counts_and_nothing_else(
    before: dict[str, int], after: dict[str, int], minor: set[str]
) -> None:
    found = shrunk(before, after, minor)
    lost = {what for what, was in before.items() if after.get(what, 0) < was - after.get(what, 0)} - minor
    assert (found is None) == (not lost)
    if found:
        assert found[0] in lost
        assert found[1:] == (before[found[0]], after.get(found[0], 0))
        assert found[1] == max(before[what] for what in lost)
