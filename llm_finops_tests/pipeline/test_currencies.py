"""A company that pays in dollars and is paid in euros: margins in one currency, or loudly none."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from llm_finops.core.digest import Change, plain
from llm_finops.doctor.rates import examine_rates
from llm_finops.ledger import datasets as d
from llm_finops.ledger.converted_customer import Converted, converted_customer
from llm_finops.pipeline.complete import newest_complete
from llm_finops.pipeline.decide import convert_days
from llm_finops.pipeline.figures import figures_of
from llm_finops.pipeline.graph import declared
from llm_finops.pipeline.ingest import missing_days
from llm_finops.pipeline.outcome import failures
from llm_finops.pipeline.rates import load_rates
from llm_finops.pipeline.said import message_of, moved_since
from llm_finops.pipeline.work import Work
from llm_finops_tests.pipeline.little import DAYS, FIRST, LAST, REVENUE, Little, copied, write_csv
from llm_finops_tests.pipeline.test_charted import figures, picture

RATES = '[rates.ecb]\npaths = ["ecb*.csv"]\nformat = "ecb"\n'
EUROS = '[reporting]\ncurrency = "EUR"\n'
FRIDAY = "2026-11-20"
HIST = ("2026-11-20,1.25,0.8,", "2026-11-19,1.6,0.8,", "2026-11-18,1.25,0.8,", "2026-11-17,1.25,0.8,")
CONVERTED = (
    "select customer, feature, currency, revenue_nano, cost_nano from current_converted_margins where day = :day"
)
MADE = "select count(*) from versions where dataset = :of"


def publish(company: Little, *lines: str, name: str = "ecb.csv") -> None:
    (company.root / name).write_text("\n".join(["Date,USD,GBP,", *lines]) + "\n", encoding="utf-8")


def abroad(company: Little, *more: str) -> Little:
    """Ada pays in euros, bob in dollars; all cost is in dollars."""
    for day in DAYS:
        rows = [("ada", "", "5.00", "EUR", day), ("bob", "chat", "0.40", "USD", day)]
        write_csv(company.root / "revenue" / f"{day}.csv", REVENUE, rows)
    company.configure(RATES, EUROS, *more)
    return company


@pytest.fixture(scope="module")
def settled_once(quick_folder: Path) -> Little:
    """The company with everything booked; only to be looked at."""
    company = Little(quick_folder / "euros").found()
    publish(company, *HIST)
    settled(abroad(company))
    return company


@pytest.fixture
def company(root: Path, settled_once: Little) -> Little:
    """A copy of it."""
    made = copied(settled_once.root, root / "copy")
    made.configure(RATES, EUROS)
    return made


def again(company: Little) -> tuple[list[tuple[str, str]], int, int]:
    """The steps that have to do with rates, once more: what failed, the versions made, how often it was converted."""
    with company.finops.work("again") as work:
        before = work.ledger.seq()
        results = [load_rates(work, DAYS), convert_days(work, DAYS)]
        failed = [(failure.subject, failure.why) for result in results for failure in failures("", result)]
        return failed, work.ledger.versions_made(before), results[1].computed


def message(company: Little, day: str = LAST) -> str:
    with company.ledger() as ledger:
        return plain(message_of(Work(company.config, ledger), day))


def settled(company: Little, first: str = FIRST, last: str = LAST) -> tuple[int, int]:
    report = company.settle(first, last)
    assert (report.ok, report.failed, report.crashed) == (True, [], "")
    return report.new_versions, report.computed


def rows(company: Little, day: str) -> list[tuple[object, ...]]:
    return sorted(company.rows(CONVERTED, day=day))


ROWS = [
    ("(unallocated)", "(none)", "EUR", 0, 560_000_000),
    ("ada", "(all)", "EUR", 5_000_000_000, 0),
    ("ada", "chat", "EUR", 0, 1_360_000_000),
    ("bob", "chat", "EUR", 320_000_000, 1_360_000_000),
]


def test_revenue_in_euros_less_cost_in_dollars(settled_once: Little) -> None:
    company = settled_once
    assert rows(company, FRIDAY) == ROWS  # 1.70 dollars, 1.25 to the euro, are 1.36 euros
    assert rows(company, LAST) == ROWS, "Saturday has Friday's rate"
    assert [row[3:] for row in rows(company, "2026-11-19")] == [
        (0, 437_500_000),
        (5_000_000_000, 0),
        (0, 1_062_500_000),
        (250_000_000, 1_062_500_000),
    ]
    assert company.rows("select count(*) from current_findings where kind = 'no rate' and subject like '%EUR'") == [
        (0,)
    ]


def test_the_message_is_in_the_one_currency_and_says_so_once(settled_once: Little) -> None:
    text = message(settled_once)

    assert text.startswith("LLM costs, Saturday 21 November 2026 (UTC)\n\n3.28 EUR\nno change on the day before\n")
    # four days at 1.25 and one at 1.6: 4 x 3.28 + 2.5625
    assert "\nMonth to date 15.68 EUR, since 17 November\n" in text
    assert "\nGross margin: 2.04 EUR (38.3 %)\nRevenue: 5.32 EUR\n" in text
    assert "−1.04 EUR  1.36 EUR  0.32 EUR  bob\n" in text
    assert "1.36 EUR  5.00 EUR    72.8 %  ada\n" in text
    assert text.count("in EUR, rates of 2026-11-20 · 3.28 EUR reported") == 1
    assert "$" not in text
    assert "o rate" not in text
    assert "\n2 findings: priced as standard 1" in text, "the doubt that there is no rate is not counted"
    assert "+28.0 % on the day before" in message(settled_once, FRIDAY)


def test_the_chart_of_a_message_in_the_one_currency_is_in_it_too(company: Little) -> None:
    of = figures(company)
    assert (of.currency, of.converted, of.others, of.unknown) == ("EUR", True, 0, [])
    drawn = {day: (of.by_day[day].cost_nano, of.by_day[day].margin_nano) for day in of.days}
    like = (3_280_000_000, 2_040_000_000)  # as the message says; at 1.6 dollars to the euro it is other
    assert drawn == dict.fromkeys(DAYS, like) | {"2026-11-19": (2_562_500_000, 2_687_500_000)}
    words = picture(company).words
    assert "21 November: cost 3.28 EUR · margin 2.04 EUR (38.3 %). 5 days: cost 15.68 EUR · margin 10.85 EUR" in words
    assert "In EUR, at each day's rate." in words
    assert "$" not in words


def test_a_day_without_a_rate_is_a_gap_of_the_chart_and_its_message_is_not_converted(company: Little) -> None:
    publish(company, HIST[0], "2026-11-10,N/A,0.8,")
    assert again(company)[0] == []
    of = figures(company)
    assert (of.currency, sorted(of.by_day), of.unknown) == ("EUR", DAYS[3:], DAYS[:3])
    assert "2 of 5 days: cost 6.56 EUR · margin not known." in picture(company).words

    publish(company, "2026-11-10,N/A,0.8,")
    assert again(company)[0] == []
    assert message(company).split("\n\n")[1].startswith("$4.10")
    of = figures(company)
    assert (of.currency, of.converted, of.by_day[LAST].cost_nano) == ("USD", False, 4_100_000_000)


def test_without_a_rate_the_message_stays_in_its_currencies_and_says_what_is_missing(company: Little) -> None:
    publish(company, "2026-11-13,1.25,0.8,", f"{LAST},N/A,0.8,")
    assert again(company) == ([], 1 + 2, 5)  # the month's rates; the days that had another rate, or none now

    assert "in EUR, rates of 2026-11-13" in message(company, FRIDAY), "the seventh day"
    text = message(company)
    assert "\n$4.10\nno change on the day before\nMonth to date $20.50" in text
    assert "Gross margin: −$2.00 (−500.0 %) without 1 customer" in text
    assert "• No rate: 1 customer pays in EUR; $1.70 of cost is not in the margin.\n" in text
    assert "• No rate USD→EUR for 2026-11-21: not added up.\n" in text
    assert "rates of" not in text
    assert rows(company, LAST) == [
        ("(unallocated)", "(none)", "EUR", 0, None),
        ("ada", "(all)", "EUR", 5_000_000_000, 0),
        ("ada", "chat", "EUR", 0, None),
        ("bob", "chat", "EUR", None, None),
    ]
    told = "select unit, amount from current_findings where subject = 'USD→EUR' and day = :day order by amount"
    assert company.rows(told, day=LAST) == [("USD", 400_000_000), ("USD", 4_100_000_000)]


def test_a_day_without_a_rate_is_unknown_in_the_month_and_not_0(company: Little) -> None:
    publish(company, *HIST[:2], "2026-11-10,N/A,0.8,")
    assert again(company)[0] == []
    assert "\nMonth to date 9.12 EUR, since 17 November (2 days not known)\n" in message(company)


def test_a_late_rate_makes_the_days_it_is_for_and_what_was_said_before_stays(
    little: Little, settled_once: Little, store: str
) -> None:
    company = Little(little.root, "late", store)
    publish(company, *HIST[:1])
    abroad(company)
    settled(company)
    with company.ledger() as ledger:
        then = ledger.seq()
    assert [row[4] for row in rows(company, FIRST)] == [None, 0, None, None]
    told = message(company)

    publish(company, *HIST)
    # The month's rates and the three days before Friday; Friday and Saturday are looked at again, and are the same.
    assert again(company) == ([], 1 + 3, 5)
    assert again(company) == ([], 0, 0)
    assert rows(company, FIRST) == ROWS
    month = ("15.68 EUR, since 17 November", "6.56 EUR, since 17 November (3 days not known)")
    assert told == message(company).replace(*month).replace("+28.0 % on the day before", "no change on the day before")
    with company.ledger() as ledger:
        before = ledger.read(d.CONVERTED_MARGINS, "*", FIRST, then)
        assert [row.cost_nano for row in sorted(before)] == [None, 0, None, None]
        assert len(ledger.read(d.FX_RATES, "*", "2026-11", then)) == 2
    assert company.fingerprint() == settled_once.fingerprint()


def test_the_order_of_lines_files_and_tables_does_not_matter(company: Little, root: Path) -> None:
    house = '[rates.a-house]\npaths = ["house.csv"]\n'
    write_csv(company.root / "house.csv", ["date", "base", "quote", "rate"], [(FRIDAY, "USD", "EUR", "0.7")])
    other = copied(company.root, root / "other")
    company.configure(RATES, house, EUROS)
    assert again(company) == ([], 1 + 2, 5)

    publish(other, *HIST[2:][::-1], name="ecb-2.csv")
    publish(other, *HIST[:2][::-1])
    other.configure(house, EUROS, RATES)
    assert again(other) == ([], 1 + 2, 5)
    assert other.fingerprint() == company.fingerprint()
    assert rows(company, LAST)[2] == ("ada", "chat", "EUR", 0, 1_190_000_000), "of two sources the first by name"


def test_a_file_that_is_gone_or_says_nothing_is_red_and_what_was_booked_stays(company: Little) -> None:
    before = company.fingerprint()
    spoilt = {
        "": "no file matches 'ecb*.csv'",
        "Date,USD,\n": "hold no rate",
        "Date,USD,\n2026-11-20,zero,\n": "1 rows are quarantined, the first",
        "Date,USD,\n2026-11-20,1,\n2026-11-20,2,\n": "2026-11-20 is 2, but 1 at",
    }
    for text, why in spoilt.items():
        (company.root / "ecb.csv").unlink(missing_ok=True)
        if text:
            (company.root / "ecb.csv").write_text(text, encoding="utf-8")
        failed, *made = again(company)
        assert [subject for subject, _ in failed] == ["rates.ecb"] * len(DAYS)
        assert why in failed[0][1]
        assert (made, company.fingerprint()) == ([0, 0], before)
    publish(company, *HIST)
    assert again(company) == ([], 0, 0)


def test_one_source_that_fails_keeps_its_own_while_another_moves_on(company: Little) -> None:
    company.configure(RATES, '[rates.house]\npaths = ["house.csv"]\n', EUROS)
    head = ["date", "base", "quote", "rate"]
    write_csv(company.root / "house.csv", head, [(FRIDAY, "CHF", "EUR", "1.1")])
    assert again(company)[0] == []
    (company.root / "ecb.csv").unlink()
    write_csv(company.root / "house.csv", head, [(FRIDAY, "CHF", "EUR", "1.2")])
    assert {subject for subject, _ in again(company)[0]} == {"rates.ecb"}

    booked = company.rows(
        "select source, quote, rate from current_fx_rates where date = :day order by 1, 2", day=FRIDAY
    )
    assert booked == [("ecb", "GBP", "0.8"), ("ecb", "USD", "1.25"), ("house", "EUR", "1.2")]
    company.configure('[rates.house]\npaths = ["house.csv"]\n', EUROS)
    assert again(company)[0] == []
    assert company.rows("select distinct source from current_fx_rates") == [("house",)], "taken out, it takes its rates"


def test_the_file_of_a_day_adds_to_those_before_it_and_a_file_of_many_rules(company: Little) -> None:
    before = company.fingerprint()
    publish(company, HIST[0])
    assert again(company) == ([], 0, 0)
    assert company.fingerprint() == before

    publish(company, HIST[0], HIST[3])  # between its ends a date that is gone is gone
    assert again(company)[0] == []
    booked = company.rows("select distinct date from current_fx_rates order by 1")
    assert booked == [("2026-11-17",), ("2026-11-20",)]


DATES = "select distinct date from current_fx_rates order by 1"


@pytest.mark.parametrize(
    ("wrong", "good"),
    [
        ("2026-11-21,12.5,0.8,", HIST),  # the newest rate
        ("2028-11-20,1.25,0.8,", HIST),  # a year that was mistyped
        ("2026-11-21,12.5,0.8,", HIST[:1]),  # a file of one day
    ],
)
def test_a_rate_at_the_end_of_a_file_can_be_withdrawn(company: Little, wrong: str, good: tuple[str, ...]) -> None:
    before = company.fingerprint()
    publish(company, wrong, *good)
    assert again(company)[0] == []
    assert (wrong[:10],) in company.rows(DATES)
    publish(company, *good)
    assert again(company)[0] == []
    assert company.rows(DATES) == [(f"2026-11-{day}",) for day in (17, 18, 19, 20)]
    assert rows(company, LAST) == ROWS
    assert company.rows(CONVERTED.replace("day = :day", "cost_nano is null")) == []
    assert before == company.fingerprint() or wrong.startswith("2028")  # a month that is empty now is a version


def test_a_bad_row_before_the_first_rate_is_told_once_however_often_it_is_read(company: Little) -> None:
    publish(company, *HIST[:3], "2026-11-17,0,x,")
    for made in (1, 0):
        assert again(company)[:2] == ([], made)
        told = company.rows(
            "select min(day), count(*), sum(amount) from current_findings "
            "where kind like '%quarantined%' and account = 'ecb'"
        )
        assert told == [(FIRST, 2, 2)], "two reasons"


def test_a_rate_that_cannot_be_read_is_told_on_its_day_and_not_converted_at(company: Little) -> None:
    publish(company, "2026-11-20,0,0.8,", *HIST[1:])
    assert again(company)[0] == []

    assert "in EUR, rates of 2026-11-19" in message(company, FRIDAY)
    assert "1 row quarantined" in message(company, FRIDAY)
    assert "quarantined" not in message(company, "2026-11-19")
    kept = company.rows("select scope, period, reason, detail from quarantine")
    assert kept == [("*", "2026-11", "expected a rate above 0, saw '0'", "line 2 USD")]


def test_without_a_reporting_currency_nothing_is_made_of_it(played: Little) -> None:
    little = played
    assert little.rows(MADE, of="converted_margins") == little.rows(MADE, of="fx_rates") == [(0,)]
    assert "rates of" not in message(little)
    names = [asset.name for asset in declared(little.config)]
    assert not {"fx_rates", "converted_margins"} & set(names)

    settled_before = {*little.rows("select version_id from versions where until_seq is null and dataset <> 'settings'")}
    publish(little, *HIST)
    little.configure(RATES, EUROS)
    assets = {asset.name: (asset.group, list(asset.deps)) for asset in declared(little.config)}
    assert assets["converted_margins"] == ("margin", ["margins", "fx_rates"])
    group, after = assets["daily_summary"]
    assert (group, after[0]) == ("tell", "converted_margins")
    assert "margins" not in after
    with little.ledger() as ledger:
        work = Work(little.config, ledger)
        assert missing_days(work, FIRST, LAST) == DAYS
        assert newest_complete(work) is None, "what is not converted yet is not told"
    settled(little)
    assert settled_before <= {*little.rows("select version_id from versions where until_seq is null")}
    with little.ledger() as ledger:
        work = Work(little.config, ledger)
        assert missing_days(work, FIRST, LAST) == []
        assert newest_complete(work) == LAST


def test_a_reporting_currency_that_is_taken_out_ends_what_was_converted_and_put_back_makes_it_again(
    company: Little,
) -> None:
    with company.ledger() as ledger:
        before = ledger.seq()
    company.configure(RATES)
    settled(company, LAST)

    assert company.rows("select * from current_converted_margins") == []
    with company.ledger() as ledger:
        assert len(ledger.read(d.CONVERTED_MARGINS, "*", FRIDAY, before)) == len(ROWS)
    assert message(company).splitlines()[2] == "$4.10"
    assert settled(company, LAST) == (0, 0)

    company.configure(RATES, EUROS)
    settled(company, LAST)
    assert rows(company, FRIDAY) == ROWS
    assert {day for (day,) in company.rows("select distinct day from current_converted_margins")} == set(DAYS)


def test_another_reporting_currency_is_reached_through_the_euro(company: Little) -> None:
    company.configure(RATES, EUROS.replace("EUR", "GBP"))
    settled(company)

    assert rows(company, LAST)[1:] == [  # 1.70 / 1.25 x 0.8
        ("ada", "(all)", "GBP", 4_000_000_000, 0),
        ("ada", "chat", "GBP", 0, 1_088_000_000),
        ("bob", "chat", "GBP", 256_000_000, 1_088_000_000),
    ]
    with company.ledger() as ledger:
        ada = converted_customer(ledger, "ada", LAST)
        assert converted_customer(ledger, "nobody", LAST) is None
    assert ada == Converted(
        "GBP",
        4_000_000_000,
        1_088_000_000,
        (
            ("EUR→GBP", "direct: 1 EUR = 0.8 GBP (ecb, 2026-11-20)"),
            ("USD→GBP", "cross via EUR: 1 EUR = 1.25 USD (ecb, 2026-11-20), 1 EUR = 0.8 GBP (ecb, 2026-11-20)"),
        ),
    )


def test_the_days_without_a_message_are_told_in_the_one_currency_too(settled_once: Little) -> None:
    with settled_once.ledger() as ledger:
        figures = figures_of(Work(settled_once.config, ledger), LAST, [FRIDAY])
    assert [(day.day, day.costs) for day in figures.earlier] == [(FRIDAY, (("EUR", 3_280_000_000),))]
    assert (figures.main_currency, figures.rates_of, figures.no_rate) == ("EUR", ("2026-11-20",), ())


def test_in_dagster_rates_that_are_gone_fail_the_run_after_the_good_is_recorded(company: Little) -> None:
    (company.root / "ecb.csv").unlink()
    company.revenue(LAST)
    report = company.run(FRIDAY, LAST)

    assert (report.ok, report.crashed) == (False, "")
    assert {(f.asset, f.subject) for f in report.failed} == {("fx_rates", "rates.ecb")}
    assert "no file matches 'ecb*.csv'" in report.failed[0].why
    assert rows(company, LAST)[1] == ("ada", "(all)", "EUR", 4_000_000_000, 0), "revenue of that day is in dollars now"


def said_by_doctor(company: Little, day: str = LAST) -> Iterator[tuple[str, str, str]]:
    return ((*check,) for check in examine_rates(company.config, date.fromisoformat(day)))


def test_the_doctor_says_which_currency_in_use_has_no_rate(company: Little) -> None:
    assert list(said_by_doctor(company)) == [
        ("rates.ecb", "ok", "8 rates, for 2026-11-17 to 2026-11-20."),
        ("reporting", "ok", "Every currency in use leads to EUR on 2026-11-21."),
    ]
    write_csv(company.root / "revenue" / "more.csv", REVENUE, [("eve", "", "500", "JPY", LAST)])
    late = list(said_by_doctor(company, "2026-11-28"))
    assert [check[:2] for check in late] == [("rates.ecb", "warning"), ("reporting", "warning")]
    assert late[0][2].endswith("None is in force on 2026-11-28: is the newest file missing?")
    assert late[1][2].startswith("No rate from JPY, USD to EUR is in force on 2026-11-28")

    (company.root / "ecb.csv").unlink()
    gone = list(said_by_doctor(company))
    assert gone[0][:2] == ("rates.ecb", "problem")
    assert gone[0][2].startswith("No file matches ecb*.csv")
    company.configure(RATES)
    publish(company, HIST[0], "2026-11-19,x,0.8,")
    spoilt = list(said_by_doctor(company))
    assert [check[:2] for check in spoilt] == [("rates.ecb", "ok"), ("rates.ecb", "warning"), ("reporting", "warning")]
    assert "line 3 USD: expected a decimal number" in spoilt[1][2]
    assert spoilt[2][2] == "Rates are read, but nothing is converted: set [reporting] currency."


def test_every_converted_day_adds_up_to_the_margins_it_was_made_of(settled_once: Little) -> None:
    with settled_once.ledger() as ledger, ledger.reading() as connection:
        sums = connection.execute(
            sa.text(
                "select m.day, m.nano, c.nano "
                "from (select day, sum(cost_nano) as nano from current_margins group by 1) m "
                "join (select day, sum(cost_nano) as nano from current_converted_margins group by 1) c using (day)"
            )
        ).all()
    assert len(sums) == len(DAYS)
    for day, dollars, euros in sums:
        assert euros * (16 if day == "2026-11-19" else 12.5) == dollars * 10


def test_a_rate_that_comes_late_is_no_restatement_and_what_is_restated_with_it_is_told_as_it_is(
    company: Little,
) -> None:
    with company.ledger() as ledger:
        whole = ledger.seq()
    publish(company, "2026-11-13,1.25,0.8,", f"{LAST},N/A,0.8,")
    again(company)
    with company.finops.work("") as work:
        bare = work.ledger.seq()
        assert moved_since(work, LAST, whole, bare) == moved_since(work, LAST, bare, whole) == ()

    publish(company, *HIST)
    company.report(LAST, amount="4.00")
    settled(company, LAST, LAST)
    with company.finops.work("") as work:
        found = [c for c in moved_since(work, LAST, bare, work.ledger.seq()) if c.measure == "cost"]
    assert found == [Change("cost", "USD", 4_100_000_000, 6_100_000_000)]
