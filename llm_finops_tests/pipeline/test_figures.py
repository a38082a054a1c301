"""What the message says of a day is what the ledger holds of it: nothing known is missed, nothing unknown is 0."""

import json

from llm_finops.core.digest import Doubts, EarlierDay, Figures, Owner, Uncosted, Unpriced, plain
from llm_finops.core.records import ALL, Finding
from llm_finops.ledger import datasets as d
from llm_finops.ledger import findings_by_kind
from llm_finops.pipeline.figures import figures_of
from llm_finops.pipeline.said import message_of
from llm_finops.pipeline.work import Work
from llm_finops_tests.pipeline.little import COSTS, DAYS, FIRST, LAST, UNLOGGED, USED, Little, write_csv

SECOND = DAYS[1]


def told(company: Little, day: str, *earlier: str) -> Figures:
    with company.ledger() as ledger:
        return figures_of(Work(company.config, ledger), day, earlier)


def message(company: Little, day: str) -> str:
    with company.ledger() as ledger:
        return plain(message_of(Work(company.config, ledger), day))


def reported(company: Little, day: str, *, usage: list[object], costs: list[object] | None) -> None:
    (company.paper / f"{day}.json").write_text(json.dumps({"usage": usage, "costs": costs}), encoding="utf-8")


def test_a_report_without_a_line_is_zero_and_what_was_used_is_told(little: Little) -> None:
    reported(little, LAST, usage=[*USED, UNLOGGED], costs=[])
    assert little.settle().ok

    day = told(little, LAST)
    (money,) = day.currencies
    assert (money.currency, money.cost_nano, money.reported_nano, money.estimated_nano) == ("USD", 0, 0, None)
    assert (money.revenue_nano, money.requests, day.requests) == (5_400_000_000, 4, 4)
    assert day.uncosted == (Uncosted("paper", "USD", 4_100_000_000),)
    assert told(little, LAST, LAST).earlier == (EarlierDay(LAST, (("USD", 0),)),)
    text = message(little, LAST)
    assert "\n$0.00\n−100.0 % on the day before\n" in text
    assert "usage worth $4.10 at list has no cost (paper)" in text


def test_logged_requests_and_revenue_are_told_where_the_provider_reports_nothing(little: Little) -> None:
    reported(little, LAST, usage=[], costs=[])
    assert little.settle().ok

    day = told(little, LAST)
    assert (day.used, day.requests, day.uncosted) == (False, 4, ())
    text = message(little, LAST)
    assert "No usage reported, although 4 requests were logged." in text
    assert "Revenue: $5.40" in text
    assert "no requests" not in text


def test_a_day_without_anything_is_zero_once_it_is_booked(little: Little) -> None:
    little.configure(toml='start_date = 2026-11-17\n[providers.paper]\nfolder = "{folder}"\n')
    for day in DAYS:
        reported(little, day, usage=[], costs=[])
    assert little.settle(FIRST, SECOND).ok

    assert "No usage: no cost and no requests on this day.\n\n$0.00\n" in message(little, SECOND)
    assert "not known" in message(little, LAST)
    assert "$0.00" not in message(little, LAST)


def test_revenue_in_another_currency_was_loaded_and_has_a_margin_of_its_own(little: Little) -> None:
    path = little.root / "revenue" / f"{FIRST}.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("0.40,USD", "0.40,EUR"), encoding="utf-8")
    assert little.settle(FIRST, FIRST).ok

    dollars, euros = told(little, FIRST).currencies
    assert (dollars.revenue_nano, dollars.margin_nano) == (5_000_000_000, 2_600_000_000)
    assert dollars.apart == (Owner("bob", 1_700_000_000, None, ("EUR",)),)
    assert (euros.has_cost, euros.revenue_nano, euros.margin_nano) == (False, 400_000_000, None)
    assert euros.customers == (Owner("bob", 0, 400_000_000, ("USD",)),)
    assert "Gross margin: $2.60 (52.0 %) without 1 customer" in message(little, FIRST)


def test_who_pays_in_two_currencies_has_a_margin_in_neither_nor_has_the_feature(little: Little) -> None:
    path = little.revenue(FIRST)
    path.write_text(f"{path.read_text(encoding='utf-8')}bob,chat,9.00,EUR,{FIRST}\n", encoding="utf-8")
    assert little.settle(FIRST, FIRST).ok

    dollars, euros = told(little, FIRST).currencies
    assert dollars.apart == (Owner("bob", 1_700_000_000, 400_000_000, ("EUR",)),)
    assert (dollars.revenue_nano, dollars.margin_nano) == (5_400_000_000, 2_600_000_000)
    assert (euros.revenue_nano, euros.margin_nano) == (9_000_000_000, None)
    assert euros.features == (Owner("chat", 0, None),)


def test_revenue_that_is_not_loaded_stays_unknown(played: Little) -> None:
    (played.root / "revenue" / f"{LAST}.csv").unlink()
    assert played.settle(LAST, LAST).ok

    (money,) = told(played, LAST).currencies
    assert (money.revenue_nano, money.apart) == (None, ())
    assert "Gross margin: n/a (revenue not loaded)\nRevenue: not loaded\n" in message(played, LAST)


def test_tax_is_excluded_and_not_unallocated(played: Little) -> None:
    lines = [("10", "USD", LAST, "2026-11-22", "tax", "Tax")]
    write_csv(played.root / "azure" / "invoice.csv", [*COSTS, "ChargeCategory"], lines)
    played.configure('[costs.azure]\npaths = "azure/*.csv"\n')
    assert played.settle(LAST, LAST).ok

    (money,) = told(played, LAST).currencies
    assert (money.unallocated_nano, money.excluded_nano, money.cost_nano) == (700_000_000, 10**10, 14_100_000_000)


def test_what_has_no_price_is_missing_from_an_estimate_but_not_from_a_report(little: Little) -> None:
    little.price([("sheet-1", "input_uncached", 2), ("sheet-1", "output", 10)])
    reported(little, SECOND, usage=[*USED, UNLOGGED], costs=None)
    assert little.settle(FIRST, SECOND).ok

    assert told(little, FIRST).unpriced == (Unpriced("sheet-2", "tokens", 360_000, in_total=True),)
    assert told(little, SECOND).unpriced == (Unpriced("sheet-2", "tokens", 360_000, in_total=False),)


def test_days_before_the_first_one_are_not_missing_but_a_gap_is(played: Little) -> None:
    (first,) = told(played, FIRST).currencies
    assert (first.day_before_nano, first.week_before_nano) == (None, None)
    assert (first.month_since, first.month_days_unknown) == (FIRST, 0)
    assert first.month_to_date_nano == first.cost_nano == 4_100_000_000
    (last,) = told(played, LAST).currencies
    assert (last.month_since, last.month_to_date_nano) == (FIRST, 20_500_000_000)
    assert "no earlier day to compare with\nMonth to date $4.10, since 17 November\n" in message(played, FIRST)


def test_a_day_that_was_left_out_of_the_month_is_told(little: Little) -> None:
    assert little.settle(FIRST, FIRST).ok
    assert little.settle(DAYS[2], DAYS[2]).ok

    (money,) = told(little, DAYS[2]).currencies
    assert (money.day_before_nano, money.month_since, money.month_days_unknown) == (None, FIRST, 1)


def test_every_finding_of_the_day_is_counted_by_kind_and_quarantined_rows_by_amount(played: Little) -> None:
    rows = [
        Finding(LAST, ALL, "rows quarantined", "gateway: not a number", "rows", 2, "such as line 2"),
        Finding(LAST, ALL, "rows quarantined", "gateway: no time", "rows", 1, "such as line 3"),
        Finding(LAST, "paper", "usage and cost differ", "the whole day", "USD", -410_000_000, "..."),
    ]
    with played.ledger() as ledger, ledger.commit("doubts") as commit:
        totals = ledger.read(d.REQUEST_TOTALS, "gateway", LAST)
        commit.book(d.REQUEST_TOTALS, "gateway", LAST, totals, findings=rows)

    day = told(played, LAST)
    assert day.quarantined == 3
    assert Doubts("rows quarantined", 2, (("rows", 2),)) in day.findings
    assert Doubts("usage and cost differ", 1, (("USD", 410_000_000),)) in day.findings
    with played.ledger() as ledger:
        by_kind = findings_by_kind(ledger, (LAST, LAST))
    assert {found.kind: found.count for found in day.findings} == {kind: n for (_, kind), n in by_kind.items()}
    assert " · 3 rows quarantined\n" in message(played, LAST)


def test_it_leads_to_the_day_on_the_dashboard_and_to_its_runs(played: Little) -> None:
    played.configure('[reporting]\ndashboard_url = "https://board.test"\ndagster_url = "https://dagster.test/"')
    board = f"Open this day on the dashboard: https://board.test/?from={LAST}&to={LAST}"
    runs = f"Its runs in Dagster: https://dagster.test/assets/daily_summary?view=partitions&partition={LAST}"
    assert message(played, LAST).endswith(f"{board} · {runs}\n")
