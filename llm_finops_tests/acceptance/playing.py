"""The demo as acceptance sees it: played in processes of its own, its ledger read by plain SQL."""

import json
import os
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from llm_finops.demo.clock import Clock
from llm_finops.demo.configuration import write_config
from llm_finops.demo.files import write_files
from llm_finops.demo.standins import Standins
from llm_finops.demo.world import Window
from llm_finops.ledger import Ledger, sqlite_url
from llm_finops.pipeline import audited, decide, ingest, logs, sources
from llm_finops.pipeline.outcome import failures
from llm_finops.pipeline.reference import book_reference
from llm_finops.pipeline.work import Finops, Work

ROOT = Path(__file__).parents[2]
# Over the turn of a month, with the contract's new prices from 1 October and a bad row in the log of 29 September.
WINDOW = Window(date(2026, 10, 2), 6)
ACCOUNTS = ("anthropic", "openai")
NEAR = 100  # nano-units
OPENAI_URL, ANTHROPIC_URL = "http://openai.invalid/v1", "http://anthropic.invalid"  # until stand-ins run


@dataclass(frozen=True)
class Told:
    """What one play said of itself."""

    fingerprint: str
    new_versions: int
    computed: int
    failed: list[str]
    ok: bool
    message: str
    calls: dict[str, int]


def environment(**more: str) -> dict[str, str]:
    """The environment without whatever this machine's user has configured."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LLM_FINOPS_", "SLACK_"))}
    return {**clean, **more}


def rows(home: Path, question: str, *values: Any) -> list[tuple[Any, ...]]:
    """What the ledger file answers."""
    with closing(sqlite3.connect(f"file:{home}/ledger.sqlite?mode=ro", uri=True)) as connection:
        return connection.execute(question, values).fetchall()


def documented(beginning: str) -> str:
    """The query of docs/schema.md that begins with this comment."""
    page = (ROOT / "docs" / "schema.md").read_text(encoding="utf-8")
    queries: list[str] = [
        query for block in re.findall(r"```sql\n(.*?)```", page, re.DOTALL) for query in block.split("\n\n")
    ]
    return next(query for query in queries if query.startswith(f"-- {beginning}"))


def settle(home: Path, window: Window) -> None:
    """Every step of the daily run over a window that is final, in this process and without Dagster."""
    days = [str(day) for day in window.dates()]
    with _working(home, window) as (work, _):
        book_reference(work)
        for account in ACCOUNTS:
            for step in (ingest.load_usage, decide.price, ingest.load_costs):
                assert not failures(account, step(work, account, days))
        for whole in (
            logs.load_requests,
            sources.load_revenue,
            decide.estimate_days,
            decide.reconcile_days,
            decide.allocate_days,
            decide.margin_days,
            audited.audit_days,
            audited.request_cost_days,
        ):
            assert not failures(whole.__name__, whole(work, days))


def calls_of_backfill(home: Path, window: Window) -> Counter[str]:
    """How often each path is called to read a window's usage and costs for the first time."""
    days = [str(day) for day in window.dates()]
    write_config(home, window, OPENAI_URL, ANTHROPIC_URL)
    with _working(home, window) as (work, standins):
        for account in ACCOUNTS:
            for step in (ingest.load_usage, ingest.load_costs):
                result = step(work, account, days)
                assert not result.failed()
                assert len(result.by_day) == window.days
        return standins.calls


@contextmanager
def _working(home: Path, window: Window) -> Iterator[tuple[Work, Standins]]:
    """A step's access to everything, three days after the window; the configured addresses are those of stand-ins."""
    clock, config = Clock(home / "clock"), home / "finops.toml"
    clock.advance_to(datetime.combine(window.until + timedelta(days=3), datetime.min.time(), UTC))
    with Standins(home, clock) as standins:
        change(config, OPENAI_URL, standins.openai_url)
        change(config, ANTHROPIC_URL, standins.anthropic_url)
        given = {"LLM_FINOPS_HOME": home, "LLM_FINOPS_CONFIG": config, "LLM_FINOPS_CLOCK": clock.path}
        known = environment(**{name: str(path) for name, path in given.items()}, **standins.environment)
        with Finops(known).work("settle") as work:
            yield work, standins


def fingerprint(home: Path) -> str:
    """One hash of all that is booked."""
    with closing(Ledger(sqlite_url(home / "ledger.sqlite"))) as ledger:
        return ledger.fingerprint()


def company(home: Path, window: Window) -> Path:
    """The made-up company's files in a home of their own, for a test to change before it settles them."""
    write_files(home, window)
    return write_config(home, window, OPENAI_URL, ANTHROPIC_URL)


def change(path: Path, old: str, new: str) -> None:
    """Replace text in a file that must hold it."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path.name} does not hold {old!r}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def spent(home: Path, day: date, account: str, *columns: str, where: str = "1 = 1") -> Counter[Any]:
    """Allocated cost of a day by columns of current_allocations, in nano-units."""
    chosen = ", ".join(columns)
    question = (
        f"select {chosen}, sum(cost_nano) from current_allocations where day = ? and account = ? and {where} "
        f"group by {chosen}"
    )
    found: Counter[Any] = Counter()
    for *key, nano in rows(home, question, str(day), account):
        found[key[0] if len(columns) == 1 else tuple(key)] = nano
    return found


def apart(ours: Counter[Any], grains: Counter[Any]) -> dict[Any, float]:
    """By how many nano-units ours is off the truth (in grains, a millionth of them), where that is not near."""
    differences = {name: (ours[name] * 10**6 - grains[name]) / 10**6 for name in ours.keys() | grains.keys()}
    return {name: nano for name, nano in sorted(differences.items()) if abs(nano) > NEAR}


def orphans(home: Path) -> Counter[str]:
    """Rows of facts that belong to no version, by table."""
    found: Counter[str] = Counter()
    for (view,) in rows(home, "select name from sqlite_master where type = 'view' and name like 'current_%'"):
        table = view.removeprefix("current_")
        question = f"select count(*) from {table} where version_id not in (select version_id from versions)"
        ((found[table],),) = rows(home, question)
    assert len(found) > 10
    return +found


def unconserved(home: Path) -> list[tuple[Any, ...]]:
    """Versions of allocations, ended ones too, that are not whole or not the sum of the lines they were made of."""
    question = """
        select v.scope, v.period, v.rows, v.from_seq from versions v
         where v.dataset = 'allocations' and (
               v.rows <> (select count(*) from allocations a where a.version_id = v.version_id)
            or (select sum(cost_nano) from allocations a where a.version_id = v.version_id) is not
               (select sum(amount_nano) from cost_lines l join version_inputs i on l.version_id = i.input_id
                 where i.version_id = v.version_id))"""
    return rows(home, question)


def without_pages(home: Path) -> list[tuple[Any, ...]]:
    """Loads of providers of which a day is booked and no page is kept, or not from the first to the last."""
    question = """
        select distinct p.load_id from load_periods p join loads l on l.load_id = p.load_id
         where l.source in ('openai', 'anthropic') and
               (select coalesce(max(position), -1) - count(*) from load_pages g where g.load_id = p.load_id) <> 0"""
    return rows(home, question)


def scratch(home: Path) -> list[str]:
    """What a play needs for a while and must not leave behind."""
    found = [path for path in home.rglob("*") if path.name.startswith("engine-") or path.suffix == ".new"]
    return sorted(str(path.relative_to(home)) for path in found)


def told_days(path: Path) -> Counter[str]:
    """How many messages the channel shows of each day; `path` is where the stand-in keeps its calls."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    calls = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
    posted = [call for call in calls if call["method"] == "chat.postMessage" and call["answer"]["ok"]]
    return Counter(call["body"]["metadata"]["event_payload"]["key"] for call in posted)
