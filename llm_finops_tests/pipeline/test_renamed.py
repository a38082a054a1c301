"""What is called otherwise from one day on: at the provider, and in the configuration."""

import re
from datetime import date, timedelta

import pytest

from llm_finops_tests.pipeline.little import COSTS, DAYS, LAST, LOG_TABLE, TOML, Little, write_csv

GIVEN = "select customer, method, sum(cost_nano) from current_allocations where day = :day group by 1, 2 order by 1, 2"


def test_a_project_renamed_at_the_provider_moves_no_money_of_the_past(little: Little) -> None:
    little.configure('[[owners]]\nname = "the blue ones"\nmatch = { project = "The blue team" }\ncustomer = "own"\n')
    little.call_projects(red="The red team", blue="The blue team")
    for day in DAYS:
        path = little.root / "log" / f"{day}.csv"
        path.write_text(path.read_text("utf-8").replace(",red,", ",The red team,"), "utf-8")
    assert little.settle().ok
    before = little.rows(GIVEN, day=DAYS[1])
    assert {customer for customer, _, _ in before} > {"ada", "bob"}

    little.call_projects(red="Crimson", blue="Azure")
    assert little.settle(LAST, LAST).ok

    assert little.rows(GIVEN, day=DAYS[1]) == before
    assert little.rows("select id, name, former from current_names order by id, former") in (
        [("blue", "Azure", None), ("blue", "The blue team", 1), ("red", "Crimson", None), ("red", "The red team", 1)],
        [("blue", "The blue team", 1), ("blue", "Azure", None), ("red", "The red team", 1), ("red", "Crimson", None)],
    )  # the stores sort NULL at different ends


SEATS = '[costs.{name}]\npaths = "seats.csv"\n{more}\n'
MARGINS = "select customer, sum(revenue_nano), sum(cost_nano), sum(requests) from current_margins group by 1 order by 1"


def with_seats(company: Little, name: str, more: str = "", toml: str = TOML) -> None:
    company.configure(SEATS.format(name=name, more=more), toml=toml)


@pytest.fixture
def seated(little: Little) -> Little:
    """The company with a cost file too, run once."""
    rows = [("12.50", "USD", day, str(date.fromisoformat(day) + timedelta(days=1)), "seats") for day in DAYS]
    write_csv(little.root / "seats.csv", COSTS, rows)
    with_seats(little, "seats")
    assert little.settle().ok
    return little


RENAMED = {
    "revenue.stripe": TOML.replace("[revenue.billing]", '[revenue.stripe]\nformerly = "billing"'),
    "requests.proxy": TOML.replace("requests.gateway", "requests.proxy").replace(
        "[requests.proxy]\n", '[requests.proxy]\nformerly = "gateway"\n'
    ),
    "providers.paper-eu": TOML.replace(
        "[providers.paper]", '[providers.paper-eu]\nconnector = "paper"\nformerly = "paper"'
    ),
}


@pytest.mark.parametrize("renamed", [*RENAMED, "costs.chairs"])
def test_a_renamed_table_counts_its_past_once_and_back_again(seated: Little, renamed: str) -> None:
    before = seated.rows(MARGINS)
    if renamed == "costs.chairs":
        with_seats(seated, "chairs", 'formerly = "seats"')
    else:
        with_seats(seated, "seats", toml=RENAMED[renamed])
    assert seated.settle().ok
    assert seated.rows(MARGINS) == before
    again = seated.settle()
    assert (again.ok, again.new_versions, again.computed) == (True, 0, 0)

    old, kind = {"stripe": "billing", "proxy": "gateway", "paper-eu": "paper", "chairs": "seats"}, renamed.split(".")
    path = seated.root / "finops.toml"
    text = path.read_text("utf-8").replace(f'formerly = "{old[kind[1]]}"', f'formerly = "{kind[1]}"')
    path.write_text(text.replace(renamed, f"{kind[0]}.{old[kind[1]]}"), "utf-8")
    assert seated.settle().ok
    assert seated.rows(MARGINS) == before


def test_an_account_renamed_without_a_word_stops_the_run_before_anything_is_booked(seated: Little) -> None:
    version = seated.rows("select max(version_id) from versions")
    unsaid = re.sub(r'formerly = "\w+"\n', "", RENAMED["providers.paper-eu"])
    with_seats(seated, "seats", toml=unsaid)
    report = seated.settle()
    assert not report.ok
    assert report.failed == []
    asked = 'write formerly = "paper" under [providers.paper-eu]; if it is another organisation, write formerly = []'
    assert asked in report.crashed
    assert seated.rows("select max(version_id) from versions") == version

    other = unsaid.replace('connector = "paper"\n', 'connector = "paper"\nformerly = []\n')
    with_seats(seated, "seats", toml=other)
    assert seated.settle().ok


@pytest.mark.parametrize("renamed", ["revenue.stripe", "requests.proxy", "costs.chairs"])
def test_a_file_source_renamed_without_a_word_is_refused_and_says_what_to_write(seated: Little, renamed: str) -> None:
    before = seated.rows(MARGINS)
    if renamed == "costs.chairs":
        with_seats(seated, "chairs")
    else:
        with_seats(seated, "seats", toml=re.sub(r'formerly = "\w+"\n', "", RENAMED[renamed]))
    report = seated.settle()
    assert not report.ok
    words = {f.why.partition("If it was renamed, ")[2].partition(";")[0] for f in report.failed}
    (said,) = words - {""}
    assert re.fullmatch(rf'write formerly = "\w+" under \[{renamed}\]', said)
    assert {f.day for f in report.failed} == set(DAYS)
    # Nothing counts twice. Revenue is unknown until it is said which of the two it is.
    unknown = renamed.startswith("revenue")
    assert seated.rows(MARGINS) == [(name, None if unknown else paid, *rest) for name, paid, *rest in before]


def test_what_is_really_new_is_booked_beside_what_was_taken_out(seated: Little) -> None:
    seated.configure('[costs.gpus]\npaths = "gpus.csv"\n')
    write_csv(seated.root / "gpus.csv", COSTS, [("3", "USD", DAYS[0], DAYS[1], "gpu")])
    assert seated.settle().ok
    day = "select account, sum(amount_nano) from current_cost_lines where day = :day group by 1 order by 1"
    assert seated.rows(day, day=DAYS[0])[0] == ("gpus", 3_000_000_000)
    assert seated.rows(day, day=DAYS[0])[-1] == ("seats", 12_500_000_000)


def test_a_day_is_complete_although_a_log_that_is_gone_cannot_be_priced_again(little: Little) -> None:
    assert little.settle().ok
    little.set_clock("2026-11-23T06:30:00Z")
    little.report("2026-11-22")
    little.revenue("2026-11-22")
    little.configure(toml=TOML.replace(LOG_TABLE, ""))
    little.price([("sheet-1", "input_uncached", 3)])
    assert little.settle("2026-11-22", "2026-11-22").ok
    assert little.rows("select max(day) from digests") == [("2026-11-22",)]
