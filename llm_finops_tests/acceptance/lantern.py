"""The demo's company for three days, with seats in euros, rates of exchange and invoices beside; its providers answer.

What the kills, two runs at once, replays and moves are tried on: small, and nothing of what can be booked is missing.
"""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from llm_finops.config import load
from llm_finops.demo.clock import Clock
from llm_finops.demo.configuration import ANTHROPIC_KEY_VARIABLE, OPENAI_KEY_VARIABLE
from llm_finops.demo.play import company
from llm_finops.demo.world import Window
from llm_finops.ledger import Ledger, inspect_ledger
from llm_finops.ledger.datasets import DATASETS
from llm_finops_tests.acceptance.forks import Asked, Forks
from llm_finops_tests.acceptance.playing import documented

WINDOW = Window(date(2026, 11, 6), 3)  # early in a month: revenue of a month is made from all its days
FIRST, RESTATED, LAST = map(str, WINDOW.dates())
EARLY = datetime(2026, 11, 6, 6, 30, tzinfo=UTC)  # the providers have not said all of the middle day yet
LATE = datetime(2026, 11, 7, 6, 30, tzinfo=UTC)
BACKFILL = ("backfill", "--from", FIRST, "--to", LAST)
BACKFILL_OF_OLD = ("backfill", "--from", FIRST, "--to", RESTATED)

FILES = {
    "seats.csv": "BilledCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ChargeDescription\n"
    "210.00,EUR,2026-11-01,2026-12-01,Seats\n",
    "rates.csv": "date,base,quote,rate\n2026-11-02,EUR,USD,1.0800\n2026-11-04,EUR,USD,1.0912\n",
    "invoice-openai.csv": "InvoiceId,InvoiceIssuerName,BillingPeriodStart,BillingPeriodEnd,ChargeCategory,"
    "ChargeDescription,BilledCost,BillingCurrency\nOA-11,OpenAI,2026-11-01,2026-12-01,Usage,API usage,31.07,USD\n",
    "invoice-seats.csv": "InvoiceId,InvoiceIssuerName,BillingPeriodStart,BillingPeriodEnd,ChargeCategory,"
    "ChargeDescription,BilledCost,BillingCurrency\nS-11,Seats Ltd,2026-11-01,2026-12-01,Usage,Seats,210.00,EUR\n",
}
TABLES = """
trailing_days = 2
currency = "EUR"
[costs.seats]
paths = ["seats.csv"]
[rates.bank]
paths = ["rates.csv"]
[invoices.openai]
account = "openai"
paths = ["invoice-openai.csv"]
[invoices.seats]
account = "seats"
paths = ["invoice-seats.csv"]
"""


# Versions of allocations, ended ones too, that are not the sum of the lines they were made of.
UNCONSERVED = """
    select v.scope, v.period, v.from_seq from versions v where v.dataset = 'allocations' and
           (select sum(cost_nano) from allocations a where a.version_id = v.version_id) is distinct from
           (select sum(amount_nano) from cost_lines l join version_inputs i on l.version_id = i.input_id
             where i.version_id = v.version_id)"""


class Home:
    """A home of the company, empty or not, and the ledger that its environment names."""

    def __init__(self, folder: Path, environment: dict[str, str], ledger_url: str = "") -> None:
        self.folder = folder
        self.environment = {**environment, "LLM_FINOPS_HOME": str(folder)}
        if ledger_url:
            self.environment["LLM_FINOPS_DATABASE_URL"] = ledger_url
        self.url = load(self.environment).database_url

    @property
    def database(self) -> str:
        return str(make_url(self.url).database)

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        with closing(Ledger(self.url)) as ledger:
            yield ledger

    def fingerprint(self) -> str:
        with self.ledger() as ledger:
            return ledger.fingerprint()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.ledger() as ledger, ledger.reading() as connection:
            return [tuple(row) for row in connection.execute(sa.text(sql))]

    def wrong(self) -> list[Any]:
        """What may be seen at no moment, after a kill neither: rows without a version, cents not given to anybody."""
        return [*["orphans"] * inspect_ledger(self.url).orphans, *self.rows(UNCONSERVED)]

    def unsettled(self) -> list[Any]:
        """What may not be left at a run's end: that, and whatever is stale."""
        with self.ledger() as ledger:
            stale = [key for dataset in DATASETS.values() for key in ledger.stale(dataset)]
        return [*stale, *self.rows(documented("every cent is allocated")), *self.wrong()]


class Lantern:
    """The company, and three homes of it: read early, knowing prices and settings alone, and read to the end."""

    def __init__(self, root: Path, environment: dict[str, str], clock: Clock) -> None:
        self.root, self.environment = root, environment
        self.early, self.known, self.alone = (self.home(name) for name in ("early", "known", "alone"))
        self.forks = Forks(BACKFILL_OF_OLD, self.early.environment)
        clock.advance_to(LATE)
        self.run(self.known, "known")
        shutil.copytree(self.known.folder, self.alone.folder)
        self.moments = self.run(self.alone, *BACKFILL)
        self.fingerprint = self.alone.fingerprint()

    def home(self, name: str, ledger_url: str = "") -> Home:
        return Home(self.root / name, self.environment, ledger_url)

    def copy(self, home: Home, name: str) -> Home:
        shutil.copytree(home.folder, self.root / name)
        return self.home(name)

    def run(self, home: Home, *arguments: str, **more: str) -> int:
        """One command to its end, which must be good; to how many moments it came."""
        (ended,) = self.forks(Asked(arguments, {**home.environment, **more}))
        assert ended.code == 0, f"{' '.join(arguments)}: {ended}"
        return ended.moments

    def move(self, home: Home, url: str) -> None:
        """Its ledger, to an empty database."""
        self.run(home, "move", "--to-env", "THERE", THERE=url)

    def replay(self, source: Home, home: Home) -> None:
        """Its pages, into an empty ledger, without a key to ask anybody with."""
        keys = dict.fromkeys((OPENAI_KEY_VARIABLE, ANTHROPIC_KEY_VARIABLE), "")
        self.run(home, "replay", LLM_FINOPS_SOURCE_LEDGER_URL=source.url, **keys)


@contextmanager
def lantern_in(root: Path) -> Iterator[Lantern]:
    """The company, running in a folder of its own."""
    world = root / "world"
    clock = Clock(world / "clock")
    clock.advance_to(EARLY)
    with company(world, WINDOW) as (environment, _):
        for name, text in FILES.items():
            (world / name).write_text(text, encoding="utf-8")
        with (world / "finops.toml").open("a", encoding="utf-8") as toml:  # it ends with [reporting]
            toml.write(TABLES)
        clean = {name: of for name, of in environment.items() if name != "LLM_FINOPS_DATABASE_URL"}
        made = Lantern(root, clean, clock)
        yield made
        made.forks.close()
