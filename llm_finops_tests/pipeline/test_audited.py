"""A mispriced book is found from the bill alone: which price, since which day, and what it should be."""

from pathlib import Path

import pytest

from llm_finops.core.digest import plain
from llm_finops.inputs.prices import read_prices
from llm_finops.ledger import datasets as d
from llm_finops.ledger import prices_that_differ
from llm_finops.pipeline import audited, checks
from llm_finops.pipeline.said import message_of
from llm_finops_tests.pipeline.little import DAYS, FIRST, LAST, Little

REPOSITORY = Path(__file__).parents[2]
RIGHT = [
    ("sheet-1", "input_uncached", 2),
    ("sheet-1", "output", 10),
    ("sheet-2", "input_uncached", 1),
    ("sheet-2", "output", 5),
]
STATES = "select state, reason, count(*) from current_implied_prices group by 1, 2 order by 1, 2"


@pytest.fixture
def company(little: Little) -> Little:
    return little


def since(company: Little, day: str = LAST) -> list[tuple[str, str, str, str]]:
    with company.ledger() as ledger:
        return [(f.price.model, f.price.meter, f.price.reason, f.day) for f in prices_that_differ(ledger, day)]


def test_a_right_book_is_borne_out_every_day(company: Little) -> None:
    assert company.settle().ok
    assert company.rows(STATES) == [("matched", "(none)", 4 * len(DAYS))]
    assert since(company) == []
    assert company.settle().new_versions == 0


def test_a_factor_a_hundred_is_found_named_and_gone_once_the_book_is_right(company: Little) -> None:
    company.price([*RIGHT[:1], ("sheet-1", "output", 1000), *RIGHT[2:]])
    assert company.settle().ok
    assert since(company) == [("sheet-1", "output", "factor 100", FIRST)]
    with company.finops.work("check") as work:
        verdict = checks.billed_as_priced(work, DAYS)[LAST]
    assert not verdict.passed
    assert f"paper sheet-1 standard output: 1.5 USD billed, 150 by the book, since {FIRST} (factor 100)" in verdict.said

    company.price(RIGHT)
    assert company.settle().ok
    assert company.rows(STATES) == [("matched", "(none)", 4 * len(DAYS))]
    with company.finops.work("check") as work:
        assert all(found.passed for found in checks.billed_as_priced(work, DAYS).values())


def test_a_silent_change_is_found_on_its_first_day_told_once_and_restates_no_other_day(company: Little) -> None:
    for day in DAYS[2:]:
        company.report(day, "2.40")
    assert company.settle().ok
    assert since(company) == [("sheet-1", "input_uncached", "unknown", DAYS[2])]
    assert since(company, DAYS[1]) == []
    with company.ledger() as ledger:
        (found,) = prices_that_differ(ledger, LAST)
        assert found.matched_on == DAYS[1]
        heads = ledger.heads(d.IMPLIED_PRICES)
    with company.finops.work("tell") as work:
        first, later = (plain(message_of(work, day)) for day in (DAYS[2], LAST))
    assert "Price differs from bill" in first
    assert "sheet-1 input_uncached 2.4 USD a million, 2 in the book (unknown)" in first.replace("`", "")
    assert "Price differs" not in later

    company.report(DAYS[3], "2.00")  # restated: the run is two runs, and no other day has a new version
    assert company.settle().ok
    assert since(company) == [("sheet-1", "input_uncached", "unknown", LAST)]
    with company.ledger() as ledger:
        moved = {key.period for key, version in ledger.heads(d.IMPLIED_PRICES).items() if heads[key] != version}
    assert moved == {DAYS[3]}


def test_a_stale_price_is_named_by_the_date_of_the_change(company: Little) -> None:
    dated = [("paper", *row, "USD", "", "") for row in RIGHT[1:]]
    dated += [("paper", "sheet-1", "input_uncached", 3, "USD", "2026-11-19", "")]
    dated += [("paper", "sheet-1", "input_uncached", 2, "USD", "", "2026-11-19")]
    lines = [",".join(map(str, row)) for row in dated]
    head = "provider,model,meter,price_per_million,currency,from,until"
    (company.root / "prices.csv").write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    assert company.settle().ok
    assert since(company) == [("sheet-1", "input_uncached", "earlier price", DAYS[2])]


def test_what_is_unpriced_shows_what_the_bill_implies(company: Little, tmp_path: Path) -> None:
    company.price(RIGHT[:3])
    assert company.settle().ok
    found = company.rows(
        "select detail from current_findings where kind = 'price implied by bill' and day = :d", d=LAST
    )
    ((detail,),) = found
    assert detail.startswith("the bill implies 5 USD a million tokens; if it is right, in a file of [prices]")
    assert detail.endswith(f": paper,sheet-2,standard,,output,5,USD,{LAST},")
    (header,) = [word for word in detail.split() if word.startswith("provider,")]
    for docs in ("README.md", "docs/prices.md"):
        assert header.replace(",", ", ") in " ".join((REPOSITORY / docs).read_text(encoding="utf-8").split())
    pasted = tmp_path / "pasted.csv"
    pasted.write_text(f"{header}\n{detail.rpartition(': ')[2]}\n", encoding="utf-8")
    (price,) = read_prices([pasted])
    assert (price.model, price.meter, price.price_nano, price.valid_from) == (
        "sheet-2",
        "output",
        5 * 10**9,
        f"{LAST}T00:00:00Z",
    )


def test_an_estimate_is_never_audited_and_its_report_is_once_it_is_there(company: Little) -> None:
    company.price([("sheet-1", "input_uncached", 9), *RIGHT[1:]])
    path = company.paper / f"{LAST}.json"
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole.replace('"costs": [', '"costs": [], "were": ['), encoding="utf-8")
    assert company.settle().ok
    assert company.rows("select count(*) from current_implied_prices where day = :d", d=LAST) == [(0,)]
    path.write_text(whole, encoding="utf-8")
    assert company.settle().ok
    assert since(company) == [("sheet-1", "input_uncached", "unknown", FIRST)]


def test_a_ledger_of_before_gets_all_its_days_in_the_next_run(company: Little) -> None:
    assert company.settle().ok
    with company.ledger() as ledger, ledger.writing() as connection:
        for table in ("implied_prices", "request_costs"):
            connection.exec_driver_sql(f"delete from {table}")
            connection.exec_driver_sql(f"delete from versions where dataset = '{table}'")
    assert company.settle(LAST, LAST).ok
    assert company.rows(STATES) == [("matched", "(none)", 4 * len(DAYS))]
    assert company.rows("select count(distinct day) from current_request_costs") == [(len(DAYS),)]


def test_what_failed_costs_adds_up_to_the_margins(company: Little) -> None:
    text = (company.root / "finops.toml").read_text(encoding="utf-8")
    log = company.root / "log"
    for path in log.glob("*.csv"):
        head, *rows = path.read_text(encoding="utf-8").splitlines()
        said = [
            f"{head},status,operation",
            *(f"{row},{'500' if 'ada' in row else 'ok'},{n}" for n, row in enumerate(rows)),
        ]
        again = rows[0].replace("-ada-", "-ada2-").replace("T10:", "T11:")
        path.write_text("\n".join([*said, f"{again},ok,0"]) + "\n", encoding="utf-8")
    (company.root / "finops.toml").write_text(
        text.replace('output = "tokens_out"\n', 'output = "tokens_out"\nstatus = "status"\noperation = "operation"\n'),
        encoding="utf-8",
    )
    assert company.settle().ok
    outcomes = company.rows("select outcome, sum(requests) from current_request_costs group by 1 order by 1")
    assert outcomes == [("failed", 5), ("productive", 15), ("retried", 5)]
    assert (
        company.rows(
            "select m.day, m.customer from current_margins m left join (select day, customer, feature, currency, "
            "sum(cost_nano) as nano, sum(requests) as n from current_request_costs group by 1, 2, 3, 4) c "
            "using (day, customer, feature, currency) "
            "where coalesce(c.nano, 0) <> m.logged_cost_nano or coalesce(c.n, 0) <> m.requests"
        )
        == []
    )
    with company.finops.work("check") as work:
        assert audited.request_cost_days(work, DAYS).computed == 0
