"""`llm-finops replay` and `accept`: book again what providers said, from the pages that were kept."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from llm_finops.config import Config
    from llm_finops.ledger import Ledger
    from llm_finops.pipeline.replaying import Moved, Plan
    from llm_finops.pipeline.run import RunReport

_SHOWN = 40

AsJson = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(replay)
    app.command()(accept)


def replay(
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day (UTC); default the first kept.")
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, inclusive; default the last kept.")
    ] = None,
    account: Annotated[str | None, typer.Option(help="Only this account; default all.")] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--source-ledger",
            envvar="LLM_FINOPS_SOURCE_LEDGER_URL",
            show_envvar=True,
            help="The URL of another ledger whose pages are read; it is not changed.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read the providers' kept pages again, without the providers and without a key, and book what they say now.

    Says what moved. Exits with 1 when a day failed, naming account and day.
    """
    from llm_finops.config import ConfigError, load
    from llm_finops.ledger import shown_url
    from llm_finops.pipeline.replaying import plan_replay
    from llm_finops.pipeline.visible import visible
    from llm_finops.pipeline.work import Replay, opened

    config = load(os.environ)
    if account is not None and account not in config.providers:
        raise ConfigError(f"no [providers.{account}]; there are {', '.join(config.providers) or 'none'}")
    accounts = frozenset({account} if account else config.providers)
    sys.stderr.write(f"reading the pages kept in {visible(shown_url(source or config.database_url))}\n")
    with _other(source) as other:
        with opened(config) as ledger:
            begin, end = (str(day.date()) if day else bound for day, bound in ((first, "0000"), (last, "9999")))
            plan = plan_replay(config, ledger, Replay(accounts, other), begin, end)
        _run(config, plan, "no pages are kept of these days: nothing to replay", as_json)


def accept(
    load: Annotated[int, typer.Argument(help="The number of the load that is held; `llm-finops loads` shows it.")],
    as_json: AsJson = False,
) -> None:
    """Book the days that a load holds: what shrank by more than half is right, you say."""
    from llm_finops.config import load as configured
    from llm_finops.pipeline.replaying import plan_acceptance
    from llm_finops.pipeline.work import opened

    config = configured(os.environ)
    with opened(config) as ledger:
        plan = plan_acceptance(config, ledger, load)
    nothing = (
        f"load {load} holds no day: it was accepted, or a later reading stands; nothing to do. If the accepting was "
        "interrupted, the next run settles what hangs on it; `llm-finops backfill --days 1` is one"
    )
    _run(config, plan, nothing, as_json)


def _run(config: "Config", plan: "Plan", nothing: str, as_json: bool) -> None:
    """Run the plan's days through the pipeline, and say what came of it."""
    from llm_finops.cli.progress import Steps
    from llm_finops.cli.stopping import stopping
    from llm_finops.definitions import build
    from llm_finops.pipeline.instance import instance
    from llm_finops.pipeline.replaying import what_moved
    from llm_finops.pipeline.run import run_range
    from llm_finops.pipeline.work import Finops, opened, span

    with opened(config) as ledger:
        before = ledger.seq()
    reports = []
    if plan.days:
        with stopping(), Steps() as steps, instance(config) as dagster:
            finops = Finops(os.environ, steps, replay=plan.replay)
            definitions = build(config, finops)
            for first, last in span(list(plan.days)):
                reports.append(run_range(definitions, finops, dagster, str(first), str(last)))
    with opened(config) as ledger:
        moved = what_moved(ledger, before)
    if not _told(plan, reports, moved, nothing, as_json):
        raise typer.Exit(1)


def _told(plan: "Plan", reports: "list[RunReport]", moved: "list[Moved]", nothing: str, as_json: bool) -> bool:
    """Say how it ended; whether everything went well."""
    from llm_finops.pipeline.visible import visible

    failed = [str(failure) for report in reports for failure in report.failed]
    failed += [f"{report.crashed}; run {report.run_id}" for report in reports if report.crashed]
    made = sum(report.new_versions for report in reports)
    if as_json:
        told = {"days": list(plan.days), "left": list(plan.left), "new_versions": made, "failed": failed}
        sys.stdout.write(json.dumps({**told, "moved": [one._asdict() for one in moved]}) + "\n")
    else:
        for line in _lines(plan, moved, made, nothing):
            sys.stdout.write(visible(line) + "\n")
    for line in failed:
        sys.stderr.write(f"failed: {visible(line)}\n")
    return all(report.ok for report in reports) and not failed


def _lines(plan: "Plan", moved: "list[Moved]", made: int, nothing: str) -> Iterator[str]:
    yield from (f"left as it is: {line}" for line in plan.left)
    if not plan.days:
        yield nothing
        return
    yield from (f"moved: {one}" for one in moved[:_SHOWN])
    if len(moved) > _SHOWN:
        yield f"moved: {len(moved) - _SHOWN} more; --json lists all"
    yield f"{plan.days[0]} to {plan.days[-1]}: {len(moved)} days of usage or cost moved, {made} new versions"


@contextmanager
def _other(url: str | None) -> "Iterator[Ledger | None]":
    """Another ledger, to be read only: it must be of this program's schema, so that opening it changes nothing."""
    from llm_finops.ledger import Ledger, LedgerError, inspect_ledger

    if url is None:
        yield None
        return
    seen = inspect_ledger(url)
    if not seen.is_ours:
        said = f"has schema {seen.revision}" if seen.revision else "is not there"
        raise LedgerError(
            f"the source ledger {said}; expected one that this version of llm-finops has opened: run any command "
            "with LLM_FINOPS_DATABASE_URL set to it first"
        )
    other = Ledger(url)
    try:
        yield other
    finally:
        other.close()
