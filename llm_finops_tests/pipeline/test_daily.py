"""The one range job, run again, run for fewer days, and one asset of it run alone."""

import dagster as dg
import sqlalchemy as sa

from llm_finops.definitions import build
from llm_finops_tests.pipeline.little import DAYS, FIRST, LAST, MORNING, Little
from llm_finops_tests.pipeline.test_events import told

OLD = "2026-11-17"
NEWEST_VERSION = "select max(version_id) from versions"
BOOKED_SINCE = "select dataset, scope, period from versions where version_id > :version order by dataset, scope, period"


def newest(company: Little) -> int:
    ((version,),) = company.rows(NEWEST_VERSION)
    return int(version)


def test_a_second_run_books_nothing_and_computes_nothing(played: Little) -> None:
    before, version = played.fingerprint(), newest(played)

    again = played.run()

    assert (again.ok, again.new_versions, again.computed) == (True, 0, 0)
    assert (played.fingerprint(), newest(played)) == (before, version)


def test_a_restated_old_day_is_settled_by_a_run_that_does_not_ask_for_it(
    played: Little, instance: dg.DagsterInstance
) -> None:
    # Its log arrives late: the run's range is the last three days only, and the provider is not asked for it again.
    played.log(OLD, customers=("cleo",), name="-late", key="k3")
    calls, version = len(played.calls()), newest(played)

    report = played.run("2026-11-19", LAST, instance)

    assert report.ok
    assert [call for call in played.calls()[calls:] if OLD in call] == []
    assert {(dataset, period) for dataset, _, period in played.rows(BOOKED_SINCE, version=version)} == {
        (dataset, OLD)
        for dataset in ("log_days", "request_totals", "request_quantiles", "reconciliations", "allocations")
    } | {("coverage", OLD), ("margins", OLD), ("request_costs", OLD)}
    for asset in ("request_totals", "reconciliations", "allocations", "margins"):
        assert told(instance, asset) == {OLD, "2026-11-19", "2026-11-20", LAST}, asset
    assert told(instance, "paper_cost_lines") == {"2026-11-19", "2026-11-20", LAST}
    ((cost,),) = played.rows(
        "select sum(cost_nano) from current_margins where day = :day and customer = 'cleo'", day=OLD
    )
    assert cost > 0


def test_one_asset_asked_for_alone_rebooks_only_what_was_asked(played: Little, instance: dg.DagsterInstance) -> None:
    toml = (played.root / "finops.toml").read_text(encoding="utf-8")
    rule = '[[owners]]\nname = "the rest of red"\nmatch = { project = "red" }\ncustomer = "dora"\n'
    (played.root / "finops.toml").write_text(toml + rule, encoding="utf-8")
    finops = played.finops
    job = build(played.config, finops).resolve_implicit_global_asset_job_def()
    version = newest(played)

    for asset, day in (("reference", None), ("allocations", "2026-11-18")):
        result = job.execute_in_process(instance=instance, asset_selection=[dg.AssetKey(asset)], partition_key=day)
        assert result.success

    assert played.rows(BOOKED_SINCE, version=version) == [
        ("allocations", "paper", "2026-11-18"),
        ("settings", "*", "*"),
    ]
    assert told(instance, "allocations") == {"2026-11-18"}
    given = played.rows("select day, cost_nano from current_allocations where customer = 'dora'")
    assert given
    assert {day for day, _ in given} == {"2026-11-18"}


def test_days_that_nobody_asked_for_stay_unread(little: Little) -> None:
    report = little.settle("2026-11-20", LAST)

    assert report.ok
    assert little.calls() == [f"usage 2026-11-20 to {LAST}", f"costs 2026-11-20 to {LAST}"]
    assert little.rows("select distinct day from current_margins order by day") == [("2026-11-20",), (LAST,)]


def test_a_backfill_day_by_day_books_what_one_run_books(little: Little, played: Little) -> None:
    for day in reversed(DAYS[:3]):
        assert little.settle(day, day).ok
    assert little.settle("2026-11-20", LAST).ok

    assert little.fingerprint() == played.fingerprint()


def test_a_day_that_fails_keeps_what_it_had(played: Little) -> None:
    before = played.fingerprint()
    for day in DAYS:
        played.report(day, amount="none of it")

    report = played.settle()

    assert not report.ok
    assert [(f.asset, f.day) for f in report.failed] == [("paper_cost_lines", day) for day in DAYS]
    assert played.fingerprint() == before


def test_a_backfill_makes_one_message_due_and_an_older_one_none(little: Little) -> None:
    assert little.settle().ok
    assert little.rows("select day, revision, state from digests") == [(LAST, 1, "due")]

    little.set_clock("2026-11-23T06:30:00Z")
    assert little.settle(FIRST, "2026-11-18").ok
    assert little.rows("select day, revision, state from digests") == [(LAST, 1, "due")]


def test_a_backfill_of_what_is_missing_makes_one_message_due_however_many_stretches_it_has(little: Little) -> None:
    middle = DAYS[2]
    little.set_clock("2026-11-20T06:30:00Z")
    assert little.settle(middle, middle).ok
    with little.ledger() as ledger, ledger.writing() as connection:
        connection.execute(sa.text("delete from digests"))

    little.set_clock(MORNING)
    assert [report.ok for report in little.run_missing()] == [True, True]

    assert little.rows("select day, revision, state from digests") == [(LAST, 1, "due")]


def test_without_a_token_the_message_is_printed_with_the_reason(little: Little, capsys: object) -> None:
    assert little.settle().ok

    assert little.tick() == [True]

    out = capsys.readouterr().out  # type: ignore[attr-defined]
    assert out.startswith(
        "Not sent to Slack: the environment variable SLACK_BOT_TOKEN is not set. The message would be:"
    )
    assert "LLM costs, Saturday 21 November 2026" in out
    assert "$4.10" in out
    assert little.rows("select day, state, attempt from digests") == [(LAST, "printed", 1)]
    assert little.tick() == []
