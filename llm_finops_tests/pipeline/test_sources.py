"""Files that are bad, gone, empty or doubled: what was booked stays, what is not known is not 0, and it is told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from llm_finops.pipeline import decide, logs, sources
from llm_finops.pipeline.outcome import Result
from llm_finops.pipeline.reference import book_reference
from llm_finops.pipeline.work import Work
from llm_finops_tests.pipeline.little import COSTS, DAYS, FIRST, LAST, LOG, TOML, Little, write_csv

OLD = "2026-11-18"
COST_TABLE = '[costs.azure]\npaths = "azure/*.csv"\n'
FOUND = "select day, account, subject, unit, amount, detail from current_findings where kind = :kind order by day"


@contextmanager
def work(company: Little, *, whole: bool = True) -> Iterator[Work]:
    with company.ledger() as ledger:
        yield Work(company.config, ledger, "a test", whole=whole)


def load(company: Little, step: Callable[[Work, list[str]], Result], days: list[str] = DAYS) -> Result:
    with work(company) as at:
        return step(at, days)


def costs(company: Little, days: list[str] = DAYS, name: str = "azure") -> Result:
    return load(company, lambda at, asked: sources.load_cost_file(at, name, asked), days)


def told(company: Little, kind: str) -> list[Any]:
    return company.rows(FOUND, kind=kind)


def whys(result: Result) -> set[str]:
    return {outcome.why for outcomes in result.failed().values() for outcome in outcomes}


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def margins(company: Little, day: str = OLD) -> dict[tuple[str, str, str], int | None]:
    load(company, decide.margin_days)
    query = "select customer, feature, currency, revenue_nano from current_margins where day = :day"
    return {
        (customer, feature, currency): revenue for customer, feature, currency, revenue in company.rows(query, day=day)
    }


def test_a_cost_row_that_is_not_counted_is_told_on_its_days_and_kept_once(little: Little) -> None:
    good = ("12.50", "USD", "2026-11-17", "2026-11-18", "vector store")
    bad = ("1_000", "USD", "2026-11-18", "2026-11-20", "vector store")
    write_csv(little.root / "azure" / "november.csv", COSTS, [good, bad, (*bad[:2], "", "", "no day"), good[:3]])
    little.configure(COST_TABLE)

    assert not costs(little).failed()

    reason = "expected a decimal number such as 12.50, saw '1_000'"
    mend = "not counted. Mend the file, the next run reads it again"
    assert told(little, "rows quarantined") == [
        (FIRST, "azure", "no start of the period", "rows", 1, f"november.csv line 4: {mend}"),
        (FIRST, "azure", "not a row of the file", "rows", 1, f"november.csv line 5: 3 cells: {mend}"),
        (OLD, "azure", reason, "rows", 1, f"november.csv line 3: {mend}"),
        ("2026-11-19", "azure", reason, "rows", 1, f"november.csv line 3: {mend}"),
    ]
    kept = "select period, detail from quarantine order by detail"
    assert little.rows(kept) == [(OLD, "line 3"), (FIRST, "line 4"), (FIRST, "line 5: 3 cells")]
    ((newest,),) = little.rows("select max(version_id) from versions")
    assert not costs(little, DAYS[2:]).failed()
    assert little.rows("select max(version_id) from versions") == [(newest,)], "another range says the same"


def test_the_revenue_of_a_row_that_cannot_be_read_is_unknown_and_not_zero(played: Little) -> None:
    file = played.root / "revenue" / f"{OLD}.csv"
    replaced(file, "ada,,5.00", "ada,,5_00")
    load(played, sources.load_revenue)

    paid = margins(played)

    assert {revenue for (customer, _, _), revenue in paid.items() if customer == "ada"} == {None}
    assert paid["bob", "chat", "USD"] == 400_000_000
    ((day, account, subject, *_),) = told(played, "revenue unknown")
    assert (day, account, subject) == (OLD, "billing", "ada USD")
    assert [(day, account) for day, account, *_ in told(played, "rows quarantined")] == [(OLD, "billing")]
    assert margins(played, LAST)["ada", "(all)", "USD"] == 5_000_000_000


@pytest.mark.parametrize(("row", "bobs"), [("ada,,5.00,$,", 400_000_000), (",,5.00,USD,", None)])
def test_without_a_currency_all_and_without_a_customer_everybodys_revenue_is_unknown(
    played: Little, row: str, bobs: int | None
) -> None:
    replaced(played.root / "revenue" / f"{OLD}.csv", "ada,,5.00,USD,", row)
    load(played, sources.load_revenue)

    paid = margins(played)

    assert {revenue for (customer, _, _), revenue in paid.items() if customer == "ada"} == {None}
    assert paid["bob", "chat", "USD"] == bobs
    assert [day for day, *_ in told(played, "revenue not loaded")] == ([] if bobs else [OLD])


def test_a_revenue_row_without_a_day_leaves_the_days_of_its_file_unknown(played: Little) -> None:
    file = played.root / "revenue" / f"{OLD}.csv"
    file.write_text(file.read_text(encoding="utf-8") + "bob,,1.00,USD,someday\n", encoding="utf-8")
    load(played, sources.load_revenue)

    assert [(day, subject) for day, _, subject, *_ in told(played, "revenue unknown")] == [(OLD, "bob USD")]
    assert [day for day, *_ in told(played, "rows quarantined")] == [OLD]
    assert margins(played, FIRST)["bob", "chat", "USD"] == 400_000_000


@pytest.mark.parametrize("folder", ["log", "revenue"])
def test_paths_without_a_file_are_a_fault_and_what_was_booked_stays(played: Little, folder: str) -> None:
    before = played.fingerprint()
    for path in (played.root / folder).glob("*.csv"):
        path.unlink()
    table = "requests.gateway" if folder == "log" else "revenue.billing"

    result = load(played, logs.load_requests if folder == "log" else sources.load_revenue)

    assert list(result.failed()) == DAYS
    (why,) = whys(result)
    assert why.startswith(f"{table}: no file matches '{folder}/*.csv' below ")
    assert f"take [{table}] out of finops.toml" in why
    assert played.fingerprint() == before


@pytest.mark.parametrize("folder", ["log", "revenue", "azure"])
def test_files_that_hold_no_row_any_more_are_a_fault(played: Little, folder: str) -> None:
    played.configure(COST_TABLE)
    write_csv(played.root / "azure" / "a.csv", COSTS, [("1", "USD", OLD, "2026-11-19", "x")])
    costs(played)
    before = played.fingerprint()
    for i, path in enumerate(sorted((played.root / folder).glob("*.csv"))):
        header = path.read_text(encoding="utf-8").splitlines()[0]
        path.unlink()
        if not i:
            path.with_name("header.csv").write_text(header + "\n", encoding="utf-8")
    steps = {"log": logs.load_requests, "revenue": sources.load_revenue}

    result = load(played, steps[folder]) if folder in steps else costs(played)

    assert list(result.failed()) == DAYS
    (why,) = whys(result)
    assert "hold no row that counts, but days of it are booked with rows; they keep them. Put the rows back" in why
    assert played.fingerprint() == before


def test_a_log_file_that_cannot_be_read_spoils_its_own_days_only(played: Little) -> None:
    before = played.rows("select * from current_request_totals where day = :day", day=OLD)
    (played.root / "log" / f"{OLD}.csv").write_text("some,other,columns\n1,2,3\n", encoding="utf-8")
    day = "2026-11-22"
    played.log(day)

    result = load(played, logs.load_requests, [*DAYS, day])

    assert list(result.failed()) == [OLD]
    assert f"log/{OLD}.csv has no column" in " ".join(whys(result))
    assert played.rows("select * from current_request_totals where day = :day", day=OLD) == before
    assert played.rows("select sum(requests) from current_request_totals where day = :day", day=day) == [(4,)]
    assert list(load(played, logs.load_requests, [*DAYS, day]).failed()) == [OLD], "it is told until it is mended"
    played.log(OLD)
    assert not load(played, logs.load_requests, [*DAYS, day]).failed()


def test_an_empty_log_file_is_empty_unless_it_held_something(played: Little) -> None:
    (played.root / "log" / "new.csv").write_text("", encoding="utf-8")
    assert not load(played, logs.load_requests).failed()

    (played.root / "log" / f"{OLD}.csv").write_text("", encoding="utf-8")
    result = load(played, logs.load_requests)

    assert list(result.failed()) == [OLD]
    assert f"{OLD}.csv held 4 rows when it was last read and is empty now" in " ".join(whys(result))


def test_log_rows_without_a_day_are_told_and_kept_and_again_only_when_they_change(played: Little) -> None:
    file = played.root / "log" / f"{OLD}.csv"
    lost = "x,someday,paper,red,k1,sheet-1,ada,chat,1,1\n"
    file.write_text(file.read_text(encoding="utf-8") + lost, encoding="utf-8")

    assert not load(played, logs.load_requests).failed()

    mend = "not counted. Mend the file, the next run reads it again"
    expected = [(OLD, "gateway", "unreadable time", "rows", 1, f"{OLD}.csv: {mend}")]
    assert told(played, "rows quarantined") == expected
    kept = "select dataset, period, reason, detail from quarantine"
    assert played.rows(kept) == [("log_days", OLD, "unreadable time", "1 rows without a day")]
    ((newest,),) = played.rows("select max(version_id) from versions")
    assert not load(played, logs.load_requests).failed()
    assert played.rows("select max(version_id) from versions") == [(newest,)]
    assert len(played.rows(kept)) == 1


def test_a_log_whose_times_lack_a_zone_is_a_fault_that_says_so(little: Little) -> None:
    for day in DAYS:
        replaced(little.log(day), "T10:00:00Z", " 10:00:00")
    with work(little) as at:
        book_reference(at)

    result = load(little, logs.load_requests)

    assert list(result.failed()) == DAYS
    why = min(whys(result))
    assert f"{FIRST}.csv: 4 of 4 rows have no day that can be read (4 no zone)" in why
    assert 'time_zone = "Europe/Berlin" in [requests.gateway]' in why
    assert little.rows("select * from current_request_totals") == []


def test_log_rows_that_are_not_counted_are_told_by_reason(played: Little) -> None:
    replaced(played.root / "log" / f"{OLD}.csv", "ada,chat,450000", "ada,chat,-5")

    assert not load(played, logs.load_requests).failed()

    ((day, account, subject, unit, amount, detail),) = told(played, "rows quarantined")
    assert (day, account, unit, amount) == (OLD, "gateway", "rows", 1)
    assert subject == "input_uncached is not a whole number from 0 to 2^63-1"
    assert detail.startswith(f"id {OLD}-ada-sheet-1: saw -5: not counted")


def test_a_logged_account_that_nobody_configured_is_told_by_name(played: Little) -> None:
    header = [*LOG, "account"]
    rows = [[f"g{n}", f"{OLD}T10:00:00Z", "paper", "red", "k1", "sheet-1", "ada", "chat", 5, 5, "Paper"] for n in "12"]
    for path in (played.root / "log").glob("*.csv"):
        path.unlink()
    write_csv(played.root / "log" / "all.csv", header, rows)
    replaced(played.root / "finops.toml", 'provider = "provider"', 'provider = "provider"\naccount = "account"')
    with work(played) as at:
        book_reference(at)

    assert not load(played, logs.load_requests).failed()

    ((day, account, subject, unit, amount, detail),) = told(played, "no account")
    assert (day, account, subject, unit, amount) == (OLD, "gateway", "Paper", "requests", 2)
    assert detail.endswith("there are paper")


@pytest.mark.parametrize(("spoken", "outside"), [("blue", 2), ("b*", 2), ("The blue one", 2), ("r*", 2), ("*", 0)])
def test_log_rows_outside_speaks_for_are_quarantined_and_told(played: Little, spoken: str, outside: int) -> None:
    played.call_projects(blue="The blue one")
    speaks_for = f'speaks_for = {{ projects = ["{spoken}"] }}\n[requests.gateway.columns]'
    replaced(played.root / "finops.toml", "[requests.gateway.columns]", speaks_for)
    with work(played) as at:
        book_reference(at)

    assert not load(played, logs.load_requests).failed()

    found = [(day, subject, amount) for day, _, subject, _, amount, _ in told(played, "rows quarantined")]
    assert found == [(day, "outside speaks_for", outside) for day in DAYS if outside]
    kept = "select sum(requests) from current_request_totals where day = :day"
    assert played.rows(kept, day=OLD) == [(4 - outside,)]


@pytest.mark.parametrize("kind", ["costs", "revenue"])
def test_the_same_file_under_two_tables_is_refused(little: Little, kind: str) -> None:
    table, folder = {"costs": (COST_TABLE, "azure"), "revenue": ("", "revenue")}[kind]
    write_csv(little.root / "azure" / "a.csv", COSTS, [("1", "USD", OLD, "2026-11-19", "x")])
    little.configure(table, f'[{kind}.other]\npaths = ["other.csv"]\n')
    source = min((little.root / folder).glob("*.csv"))
    (little.root / "other.csv").write_bytes(source.read_bytes())

    first = costs(little) if kind == "costs" else load(little, sources.load_revenue)

    assert list(first.failed()) == DAYS
    assert any("hold the same file" in why and "its rows would count twice" in why for why in whys(first))
    assert little.rows(f"select * from current_{'cost_lines' if kind == 'costs' else 'revenue'}") == []


def test_a_logs_tags_are_booked_where_a_rule_reads_them_and_find_the_customer(played: Little) -> None:
    toml = played.root / "finops.toml"
    replaced(toml, 'feature = "feature"', '"tag.team" = "feature"\n"tag.unread" = "id"')
    replaced(toml, 'customer = "customer"\n', "")
    rule = '[[owners]]\nname = "chat"\nmatch = { "tag.team" = "cha*" }\ncustomer = "dora"\n'
    played.configure(rule, toml=toml.read_text(encoding="utf-8"))
    with work(played) as at:
        book_reference(at)

    assert not load(played, logs.load_requests).failed()
    load(played, decide.allocate_days)

    assert played.rows("select distinct tags from current_request_totals") == [('{"team":"chat"}',)]
    given = "select distinct method, rule from current_allocations where customer = 'dora' and day = :day"
    assert played.rows(given, day=OLD) == [("rule", "chat")]


def test_a_price_file_that_is_not_there_stops_the_run_instead_of_leaving_list_prices(little: Little) -> None:
    assert little.settle().ok
    before = little.fingerprint()
    toml = TOML.replace('paths = ["prices*.csv"]', 'paths = ["prizes*.csv"]')
    little.configure(toml=toml)
    report = little.run()
    assert not report.ok
    assert "reference: prices: no file matches 'prizes*.csv' below" in report.crashed
    assert little.fingerprint() == before
