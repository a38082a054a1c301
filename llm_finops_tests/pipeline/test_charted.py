"""What the chart is made of: the rows of the ledger, day by day, and what is not known of them."""

import json

import pytest

from llm_finops.core.digest import plain
from llm_finops.ledger import datasets as d
from llm_finops.pipeline.charted import Figures, charted, figures_drawn
from llm_finops.pipeline.said import message_of
from llm_finops.pipeline.work import Work
from llm_finops.slack import Drawn, NotSent, Posted
from llm_finops_tests.pipeline.little import DAYS, FILES, FIRST, LAST, MORNING, PROVIDER, START, Little

AT = Posted("C0LANTERN01", "1764000000.000000")


def figures(company: Little, day: str = LAST) -> Figures:
    with company.finops.work("") as work:
        return figures_drawn(work, day)


def picture(company: Little, day: str = LAST) -> Drawn:
    """The chart as it would be shown now, a minute after the message."""
    with company.finops.work("") as work:
        done = work.ledger.journals  # its message, as if it had just been sent
        done.make_due(day, "")
        done.claim(day, 1, 1, MORNING)
        done.mark(day, 1, "sent", 1, channel=AT.channel, ts=AT.ts, seq=1)
        shown = charted(work, [row for row in done.digests() if row.day == day], AT)
        assert shown
        return shown.picture.draw()


def test_every_day_is_the_sum_of_its_rows(played: Little) -> None:
    of = figures(played)
    rows = played.rows(
        "select day, sum(cost_nano), sum(revenue_nano) - sum(cost_nano) from current_margins group by day order by day"
    )
    assert [(day, of.by_day[day].cost_nano, of.by_day[day].margin_nano) for day in of.days] == rows
    assert list(of.days) == DAYS
    assert of.total.cost_nano == sum(cost for _, cost, _ in rows)
    assert (of.currency, of.others, of.unknown) == ("USD", 0, [])


def test_later_days_and_those_of_more_than_thirty_before_are_not_in_it(played: Little) -> None:
    assert figures(played, "2026-11-19").days == tuple(DAYS[:3])
    assert figures(played, "2026-12-16").days[0] == FIRST
    assert (figures(played, "2026-12-17").days[0], len(figures(played, "2026-12-17").days)) == (DAYS[1], 30)


def test_a_day_that_is_not_booked_is_not_known_and_one_with_nothing_is_0(played: Little) -> None:
    for day in DAYS[1:3]:
        with played.ledger() as ledger, ledger.commit("nothing was used") as commit:
            commit.book(d.MARGINS, "*", day, [])
    of = figures(played, "2026-11-23")

    assert [of.by_day[day].cost_nano for day in DAYS[1:3]] == [0, 0]
    assert [of.by_day[day].margin_nano for day in DAYS[1:3]] == [0, 0]  # revenue is loaded
    assert of.unknown == ["2026-11-22", "2026-11-23"]
    assert of.days[-2:] == ("2026-11-22", "2026-11-23")


def test_with_nothing_used_and_no_revenue_loaded_the_margin_is_not_known(played: Little) -> None:
    day = "2026-11-22"
    with played.ledger() as ledger, ledger.commit("nothing was used") as commit:
        commit.book(d.MARGINS, "*", day, [])
    of = figures(played, day)
    assert (of.by_day[day].cost_nano, of.by_day[day].margin_nano) == (0, None)


def test_revenue_that_is_not_known_in_full_makes_no_margin_of_the_day_or_of_the_sum(little: Little) -> None:
    (little.root / "revenue" / f"{LAST}.csv").unlink()
    assert little.settle().ok
    of = figures(little)
    assert of.unknown == [LAST]
    assert (of.by_day[LAST].margin_nano, of.total.margin_nano) == (None, None)
    assert of.total.cost_nano == 5 * 4_100_000_000
    drawn = picture(little)
    assert "21 November: cost $4.10 · margin not known. 5 days: cost $20.50 · margin not known." in drawn.words
    assert "Not known in full: 21 November." in drawn.words


def test_a_day_read_before_it_was_settled_or_lacking_a_source_is_not_final(little: Little) -> None:
    second = little.root / "second"
    second.mkdir()
    for day in DAYS:
        said: list[str] | None = None if day == DAYS[2] else []
        (second / f"{day}.json").write_text(json.dumps({"usage": said, "costs": said}), encoding="utf-8")
    accounts = PROVIDER + f'[providers.second]\nconnector = "paper"\nfolder = "{second}"\n'
    little.configure(toml=START + accounts + FILES)
    little.set_clock("2026-11-22T05:59:00Z")  # a minute before the day is settled
    little.settle()

    assert figures(little).not_final == {DAYS[2], LAST}
    assert "Not final: 21 November, 19 November." in picture(little).words

    little.set_clock(MORNING)
    little.settle()
    assert figures(little).not_final == {DAYS[2]}


def test_with_two_currencies_the_one_the_message_puts_first_is_drawn_and_the_other_is_said(played: Little) -> None:
    """150,000 yen are less than 5,000 dollars, though there are more of them."""
    with played.ledger() as ledger:
        shares, rows = ledger.read(d.ALLOCATIONS, "paper", LAST), ledger.read(d.MARGINS, "*", LAST)
        with ledger.commit("also in another currency") as commit:
            yen = shares[0]._replace(currency="JPY", pool=shares[0].pool._replace(currency="JPY"))
            commit.book(d.ALLOCATIONS, "paper", LAST, [*shares, yen._replace(cost_nano=150_000 * 10**9)])
            more = [rows[0]._replace(currency="JPY", cost_nano=150_000 * 10**9)]
            commit.book(d.MARGINS, "*", LAST, [*rows, *more])
    of = figures(played)
    with played.ledger() as ledger:
        assert plain(message_of(Work(played.config, ledger), LAST)).split("\n\n")[1].startswith("$4.10")
    assert (of.currency, of.others, of.converted) == ("USD", 1, False)
    assert of.by_day[LAST].cost_nano == 4_100_000_000
    assert "In USD alone; the dashboard has 1 more." in picture(played).words


def test_a_sum_says_of_how_many_days_it_is_and_a_margin_that_is_not_known_is_none(played: Little) -> None:
    words = picture(played, "2026-11-23").words  # the 22nd and the 23rd are not booked
    assert "23 November: not known. 5 of 7 days: cost $20.50 · margin not known." in words
    assert "Not known in full: 23 November, 22 November." in words


def test_what_cannot_be_added_up_is_refused_and_said(played: Little) -> None:
    with played.ledger() as ledger:
        rows = ledger.read(d.MARGINS, "*", LAST)
        with ledger.commit("more than fits") as commit:
            commit.book(d.MARGINS, "*", LAST, [row._replace(cost_nano=2**63 - 1) for row in rows])
    with pytest.raises(NotSent, match=f"the chart of {LAST} cannot be drawn: a sum of these days") as refused:
        picture(played)
    assert refused.value.permanent
