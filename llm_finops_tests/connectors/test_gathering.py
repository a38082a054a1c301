"""From a range to its days: where a provider's data begin, and a provider that is silent."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.connectors._gathering import Gathered, gather
from llm_finops.connectors.contract import (
    Asked,
    BadRequest,
    NotWhole,
    RateLimited,
    SourceError,
    TimedOut,
    Unavailable,
)

FIRST = date(2025, 12, 15)
NAMED = "data is available from {begins}"


class Source:
    """Answers the days from `begins` on; `said` is how it refuses earlier ones; `faults` are raised for single days."""

    def __init__(self, begins: date, said: str = NAMED, faults: Mapping[date, SourceError] | None = None) -> None:
        self.begins, self.said, self.faults = begins, said, faults or {}
        self.asked: list[str] = []

    def __call__(self, asked: Asked) -> dict[str, str]:
        self.asked.append(str(asked))
        if asked.first < self.begins:
            words = self.said.format(begins=self.begins, first=asked.first, last=asked.last, until=asked.until)
            raise BadRequest(f"answered 400: {words}", said=words)
        for day, fault in self.faults.items():
            if asked.first <= day <= asked.last:
                raise fault
        return dict.fromkeys(asked.days, "came")


def gathered(source: Callable[[Asked], dict[str, str]], days: int, window_days: int = 31) -> Gathered[str]:
    asked = Asked("acct", FIRST, FIRST + timedelta(days=days - 1))
    found = gather("acme (account acct)", asked, source, window_days)
    assert sorted(found.answers.keys() | found.failed.keys()) == list(asked.days)
    assert not found.answers.keys() & found.failed.keys()
    return found


def test_the_day_that_the_provider_names_costs_two_questions() -> None:
    source = Source(date(2026, 1, 1))
    found = gathered(source, days=76)

    assert source.asked == [
        "2025-12-15 to 2026-01-14",
        "2026-01-01",
        "2025-12-31",
        "2026-01-01 to 2026-01-31",
        "2026-02-01 to 2026-02-28",
    ]
    assert (min(found.answers), len(found.answers), max(found.failed)) == ("2026-01-01", 59, "2025-12-31")
    assert found.stopped is None


@pytest.mark.parametrize(
    "said",
    [
        NAMED,
        "starting_at: must be within the last 365 days",
        "starting_at: must be within the last 365 days, and not before 2024-01-01",
        "the range {first} to {last} ({until}T00:00:00Z) begins too early",
        "Earliest supported start date: 2025-12-20 (UTC), or for you 2026-12-01",
        "cost data (beta analytics-usage-cost-2026-01-20) start later than {first}; 2026-13-45",
    ],
)
@given(begins_after=st.integers(1, 700), days=st.integers(2, 800), window_days=st.sampled_from([1, 31, 10_000]))
def test_however_it_is_said_each_day_is_read_or_refused_and_questions_are_few(
    said: str, begins_after: int, days: int, window_days: int
) -> None:
    source = Source(FIRST + timedelta(days=begins_after), said)
    found = gathered(source, days, window_days)

    early = min(begins_after, days)
    assert len(found.failed) == early
    assert len(source.asked) <= 4 + days.bit_length() + (days - early) // window_days + 1
    if early < days:
        why = f"acme (account acct): no data before {source.begins}: set start_date = {source.begins} in finops.toml"
        assert all(str(error).startswith(why) for error in found.failed.values())


def test_a_day_beyond_what_was_asked_is_told_as_the_providers_word() -> None:
    source = Source(date(2026, 6, 1))
    found = gathered(source, days=40)

    assert isinstance(found.stopped, BadRequest)
    assert "from 2026-06-01. If its data begin on 2026-06-01, set start_date = 2026-06-01" in str(found.stopped)
    assert len(source.asked) == 2


@pytest.mark.parametrize(
    ("said", "asked"), [("no such dimension", 1), ("restart", 2), ("the version 2023-06-01 is not supported", 2)]
)
def test_a_refusal_of_anything_else_is_soon_believed(said: str, asked: int) -> None:
    source = Source(date.max, said)

    assert not gathered(source, days=90).answers
    assert len(source.asked) == asked


def test_a_refusal_in_the_middle_spoils_its_window_only() -> None:
    odd = FIRST + timedelta(days=40)
    source = Source(FIRST, faults={odd: BadRequest("400", said="starting_at: not now")})
    found = gathered(source, days=93)

    assert len(found.answers) == 62
    assert len(source.asked) == 3


@pytest.mark.parametrize("error", [RateLimited("429"), Unavailable("500"), TimedOut("silent")])
def test_a_fault_met_while_looking_for_the_first_day_ends_the_pull(error: SourceError) -> None:
    source = Source(date(2026, 1, 1), faults={date(2026, 1, 1): error})

    assert gathered(source, days=31).stopped is error
    assert len(source.asked) == 2


def test_an_answer_that_is_not_whole_is_an_answer_when_looking_for_the_first_day() -> None:
    source = Source(date(2026, 1, 1), faults={date(2026, 1, 1): NotWhole("cut")})
    found = gathered(source, days=31)

    assert min(found.answers) == "2026-01-02"
    assert str(found.failed["2026-01-01"]) == "cut"


def test_two_silent_days_in_a_row_end_the_pull() -> None:
    silent = TimedOut("silent")
    source = Source(FIRST, faults={FIRST + timedelta(days=n): silent for n in range(90)})
    found = gathered(source, days=90)

    assert found.stopped is silent
    assert len(source.asked) == 1 + 2


def test_days_too_heavy_to_come_in_time_spoil_no_others() -> None:
    heavy = {FIRST + timedelta(days=n): TimedOut("silent") for n in range(0, 31, 2)}
    found = gathered(Source(FIRST, faults=heavy), days=62)

    assert sorted(found.failed) == sorted(map(str, heavy))


def test_a_day_left_out_names_provider_and_account() -> None:
    found = gathered(lambda _asked: {}, days=1)

    assert str(found.failed["2025-12-15"]).startswith("acme (account acct): asked for 2025-12-15, the set ended")
