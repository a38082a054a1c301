"""Whatever arrives late or changes: one run of the last days settles all, to what a new home computes from nothing."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from llm_finops_tests.pipeline.little import COSTS, DAYS, FIRST, LAST, PROVIDER, TOML, Little, write_csv

OLD = "2026-11-18"
RULE = '[[owners]]\nname = "the rest of red"\nmatch = { project = "red" }\ncustomer = "dora"\n'
SECOND_LOG = """
[requests.second]
paths = ["second/*.csv"]
speaks_for = { api_keys = ["k3"] }
[requests.second.columns]
time = "time"
provider = "provider"
api_key = "key"
model = "model"
customer = "customer"
input_uncached = "tokens_in"
output = "tokens_out"
"""
SPEAKS = 'speaks_for = { api_keys = ["k1", "k2"] }\n[requests.gateway.columns]'


def a_log_comes_late(company: Little) -> None:
    company.log(OLD, customers=("cleo",), name="-late", key="k3")


def a_log_is_corrected(company: Little) -> None:
    company.log(OLD, customers=("ada", "bob", "cleo"))


def a_log_is_taken_away(company: Little) -> None:
    (company.root / "log" / f"{OLD}.csv").unlink()


def a_log_is_split_in_two_files(company: Little) -> None:
    whole = company.root / "log" / f"{OLD}.csv"
    header, *rows = whole.read_text(encoding="utf-8").splitlines(keepends=True)
    whole.write_text(header + "".join(rows[2:]), encoding="utf-8")
    whole.with_name("more.csv").write_text(header + "".join(rows[:2]), encoding="utf-8")


def a_price_changes(company: Little) -> None:
    prices = [("sheet-1", "input_uncached", 3), ("sheet-1", "output", 12), ("sheet-2", "input_uncached", 1)]
    company.price([*prices, ("sheet-2", "output", 5)])


def a_price_goes(company: Little) -> None:
    company.price([("sheet-1", "input_uncached", 2), ("sheet-1", "output", 10)])


def a_rule_is_added(company: Little) -> None:
    company.configure(RULE)


def a_dated_rule_is_added(company: Little) -> None:
    company.configure(RULE + "from = 2026-11-18\nuntil = 2026-11-19\n")


def an_alias_is_added(company: Little) -> None:
    company.configure('[models]\nsheet-1 = "sheet-2"\n')


def a_cost_file_is_added(company: Little) -> None:
    rows = [("12.50", "USD", "2026-11-17", "2026-11-22", "vector store")]
    write_csv(company.root / "azure" / "november.csv", COSTS, rows)
    company.configure('[costs.azure]\npaths = "azure/*.csv"\n')


def a_second_log_is_added(company: Little) -> None:
    rows = [(f"{OLD}T11:00:00Z", "paper", "k3", "sheet-1", "cleo", 100_000, 50_000)]
    header = ("time", "provider", "key", "model", "customer", "tokens_in", "tokens_out")
    write_csv(company.root / "second" / "log.csv", header, rows)
    file = company.root / "finops.toml"
    toml = file.read_text(encoding="utf-8").replace("[requests.gateway.columns]", SPEAKS)
    file.write_text(toml + SECOND_LOG, encoding="utf-8")


def revenue_is_corrected(company: Little) -> None:
    company.revenue(OLD)
    path = company.root / "revenue" / f"{OLD}.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("5.00", "0.10"), encoding="utf-8")


def a_revenue_row_cannot_be_read(company: Little) -> None:
    path = company.root / "revenue" / f"{OLD}.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("5.00", "5_00") + "bob,,1,USD,\n", encoding="utf-8")


def log_rows_cannot_be_read(company: Little) -> None:
    path = company.root / "log" / f"{OLD}.csv"
    text = path.read_text(encoding="utf-8").replace("bob,chat,450000", "bob,chat,-5")
    path.write_text(text + "x,someday,paper,red,k1,sheet-1,ada,chat,1,1\n", encoding="utf-8")


def the_last_revenue_goes(company: Little) -> None:
    (company.root / "revenue" / f"{LAST}.csv").unlink()


STORIES: list[Callable[[Little], None]] = [
    a_log_comes_late,
    a_log_is_corrected,
    a_log_is_taken_away,
    a_price_changes,
    a_price_goes,
    a_rule_is_added,
    an_alias_is_added,
    a_cost_file_is_added,
    a_second_log_is_added,
    revenue_is_corrected,
    a_revenue_row_cannot_be_read,
    log_rows_cannot_be_read,
    the_last_revenue_goes,
]


@pytest.mark.slow
@pytest.mark.parametrize("change", STORIES, ids=[story.__name__ for story in STORIES])
def test_one_run_settles_everything_to_what_a_new_home_would_say(
    played: Little, change: Callable[[Little], None]
) -> None:
    before = played.fingerprint()
    change(played)

    assert played.settle(DAYS[2], LAST).ok

    settled = played.fingerprint()
    assert settled != before
    fresh = played.again("fresh")
    assert fresh.settle(FIRST, LAST).ok
    assert settled == fresh.fingerprint()
    again = played.settle(DAYS[2], LAST)
    assert (again.new_versions, again.computed) == (0, 0)


def test_a_change_and_its_undoing_leave_no_trace_in_what_is_booked(played: Little) -> None:
    before = played.fingerprint()
    a_rule_is_added(played)
    assert played.settle(LAST, LAST).ok
    assert played.rows("select distinct day from current_allocations where customer = 'dora' order by day") == [
        (day,) for day in DAYS
    ]

    played.configure()
    assert played.settle(LAST, LAST).ok

    assert played.fingerprint() == before


def test_a_dated_rule_restates_its_days_only(played: Little) -> None:
    ((version,),) = played.rows("select max(version_id) from versions")
    a_dated_rule_is_added(played)

    assert played.settle(LAST, LAST).ok

    booked = "select period from versions where dataset = 'allocations' and version_id > :version"
    assert played.rows(booked, version=version) == [(OLD,)]


def test_how_the_log_is_cut_into_files_changes_nothing(played: Little) -> None:
    before = played.fingerprint()
    a_log_is_split_in_two_files(played)

    report = played.settle(LAST, LAST)

    assert (report.ok, report.computed, played.fingerprint()) == (True, 0, before)


def test_revenue_that_comes_for_the_first_time_turns_unknown_into_known(little: Little) -> None:
    files = {path: path.read_bytes() for path in (little.root / "revenue").glob("*.csv")}
    for path in files:
        path.unlink()
    first = little.settle()
    assert [(f.asset, f.day) for f in first.failed] == [("revenue", day) for day in DAYS]
    assert little.rows("select distinct revenue_nano from current_margins") == [(None,)]

    for path, content in files.items():
        path.write_bytes(content)
    assert little.settle(LAST, LAST).ok

    known = (
        "select day, sum(revenue_nano) from current_margins where customer in ('ada', 'bob') group by day order by day"
    )
    assert little.rows(known) == [(day, 5_400_000_000) for day in DAYS]


def test_what_an_account_booked_stays_when_it_is_no_longer_configured(played: Little) -> None:
    a_cost_file_is_added(played)
    assert played.settle(LAST, LAST).ok
    cost = "select sum(cost_nano) from current_allocations where account = 'azure'"
    assert played.rows(cost) == [(12_500_000_000,)]

    played.configure()
    assert played.settle(LAST, LAST).ok

    assert played.rows(cost) == [(12_500_000_000,)]
    settled = played.settle(LAST, LAST)
    assert (settled.new_versions, settled.computed) == (0, 0)


def test_a_provider_that_is_taken_out_and_put_back_moves_nothing(played: Little) -> None:
    before = played.fingerprint()
    shares = "select day, customer, cost_nano from current_allocations where account = 'paper' order by 1, 2, 3"
    said = played.rows(shares)
    played.configure(toml=TOML.replace(PROVIDER, ""))
    assert played.settle(LAST, LAST).ok
    assert played.rows(shares) == said

    played.configure()
    assert played.settle(LAST, LAST).ok

    assert played.fingerprint() == before


def test_what_was_known_then_can_be_read_as_of_then(played: Little) -> None:
    with played.ledger() as ledger:
        then = ledger.seq_at(datetime.now(UTC).date().isoformat())
    a_price_changes(played)
    played.report(OLD, amount="4.00")
    assert played.settle(OLD, OLD).ok

    from llm_finops.ledger import datasets as d

    with played.ledger() as ledger:
        was = sum(m.cost_nano for m in ledger.read(d.MARGINS, "*", OLD, then))
        now = sum(m.cost_nano for m in ledger.read(d.MARGINS, "*", OLD))
    assert (was, now) == (4_100_000_000, 6_100_000_000)


def test_revenue_under_a_new_name_is_known_on_new_days(played: Little) -> None:
    toml = (played.root / "finops.toml").read_text(encoding="utf-8").replace("revenue.billing", "revenue.ledger")
    (played.root / "finops.toml").write_text(toml.replace("revenue/*.csv", "new/*.csv"), encoding="utf-8")
    day = "2026-11-22"
    (played.root / "new").mkdir()
    played.revenue(day).rename(played.root / "new" / "november.csv")
    played.report(day)
    played.set_clock("2026-11-23T06:30:00Z")

    assert played.settle(day, day).ok

    paid = "select sum(revenue_nano) from current_margins where customer = 'ada' and day = :day"
    assert played.rows(paid, day=day) == [(5_000_000_000,)]
