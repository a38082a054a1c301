"""A little company: one provider on paper, a request log, revenue and prices, as files a test may change."""

import csv
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import dagster as dg
import sqlalchemy as sa

from llm_finops.config import Config, load
from llm_finops.definitions import build
from llm_finops.ledger import Ledger
from llm_finops.pipeline.graph import declared
from llm_finops.pipeline.outcome import FAULTS, Failed, failures
from llm_finops.pipeline.reference import book_reference
from llm_finops.pipeline.run import RunReport, run_range, run_ranges, tick_sensor
from llm_finops.pipeline.work import Finops, opened
from llm_finops_tests.pipeline import made
from llm_finops_tests.pipeline.made.paper import CALLS

DAYS = [f"2026-11-{day}" for day in range(17, 22)]
FIRST, LAST = DAYS[0], DAYS[-1]
MORNING = "2026-11-22T06:30:00Z"
KEY = "paper-canary-5f0c1e"
LOG = ["id", "time", "provider", "project", "key", "model", "customer", "feature", "tokens_in", "tokens_out"]
PRICES = ["provider", "model", "meter", "price_per_million", "currency", "from", "until"]
REVENUE = ["customer", "feature", "amount", "currency", "day"]
COSTS = ["BilledCost", "BillingCurrency", "ChargePeriodStart", "ChargePeriodEnd", "ChargeDescription"]

# Per day: (project, key, model, tokens in, tokens out) as the provider has it; the log knows the first two of three.
USED = [("red", "k1", "sheet-1", 900_000, 100_000), ("blue", "k2", "sheet-2", 300_000, 60_000)]
UNLOGGED = ("red", "k3", "sheet-1", 100_000, 50_000)

START = "start_date = 2026-11-17\n"
PROVIDER = '[providers.paper]\nfolder = "{folder}"\n'
LOG_TABLE = """
[requests.gateway]
paths = ["log/*.csv"]
[requests.gateway.columns]
id = "id"
time = "time"
provider = "provider"
project = "project"
api_key = "key"
model = "model"
customer = "customer"
feature = "feature"
input_uncached = "tokens_in"
output = "tokens_out"
"""
FILES = '[revenue.billing]\npaths = ["revenue/*.csv"]\n[prices]\npaths = ["prices*.csv"]\n'
TOML = START + PROVIDER + LOG_TABLE + FILES


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


class Little:
    """The company's files below `root`, its home in `root`/NAME: another name is another, empty home."""

    def __init__(self, root: Path, name: str = "home", ledger_url: str = "", package: ModuleType = made) -> None:
        self.root = root
        self.package = package  # where its connectors are looked for
        self.home = root / name
        self.paper = root / "paper"
        self.clock = root / "clock"
        self.environment = {
            "LLM_FINOPS_CONFIG": str(root / "finops.toml"),
            "LLM_FINOPS_HOME": str(self.home),
            "LLM_FINOPS_CLOCK": str(self.clock),
            "PAPER_KEY": KEY,
        }
        if ledger_url:
            self.environment["LLM_FINOPS_DATABASE_URL"] = ledger_url

    def found(self) -> "Little":
        """Write the company's files."""
        self.paper.mkdir(parents=True)
        self.set_clock(MORNING)
        self.configure()
        for day in DAYS:
            self.report(day)
            self.log(day)
            self.revenue(day)
        prices = [("sheet-1", "input_uncached", 2), ("sheet-1", "output", 10), ("sheet-2", "input_uncached", 1)]
        self.price([*prices, ("sheet-2", "output", 5)])
        return self

    def again(self, name: str) -> "Little":
        """The same company in another home, with nothing in it."""
        return Little(self.root, name)

    def set_clock(self, instant: str) -> None:
        self.clock.write_text(instant, encoding="utf-8")

    def configure(self, *more: str, toml: str = TOML) -> None:
        text = "\n".join([toml.format(folder=self.paper), *more])
        (self.root / "finops.toml").write_text(text, encoding="utf-8")

    def report(self, day: str, amount: str = "2.00", used: Sequence[Any] = (*USED, UNLOGGED)) -> None:
        """What the provider says of a day: usage, and its cost, of which `amount` is the first line."""
        costs = [["red", "sheet-1", "input", amount], ["red", "sheet-1", "output", "1.50"]]
        costs += [["blue", "sheet-2", "input", "0.30"], ["blue", "sheet-2", "output", "0.30"]]
        (self.paper / f"{day}.json").write_text(json.dumps({"usage": used, "costs": costs}), encoding="utf-8")

    def log(self, day: str, customers: Sequence[str] = ("ada", "bob"), name: str = "", key: str = "") -> Path:
        """The day's requests in a file: one a customer and model, each half of what was used."""
        rows = []
        for project, of_key, model, tokens_in, tokens_out in USED:
            for customer in customers:
                share = len(customers)
                about = ["paper", project, key or of_key, model, customer, "chat", tokens_in // share]
                rows.append([f"{day}-{customer}-{model}{name}", f"{day}T10:00:00Z", *about, tokens_out // share])
        return write_csv(self.root / "log" / f"{day}{name}.csv", LOG, rows)

    def revenue(self, day: str) -> Path:
        rows = [("ada", "", "5.00", "USD", day), ("bob", "chat", "0.40", "USD", day)]
        return write_csv(self.root / "revenue" / f"{day}.csv", REVENUE, rows)

    def price(self, rows: Sequence[tuple[str, str, object]], name: str = "prices.csv") -> Path:
        lines = [("paper", model, meter, dollars, "USD", "", "") for model, meter, dollars in rows]
        return write_csv(self.root / name, PRICES, lines)

    def call_projects(self, **names: str) -> None:
        """What the provider calls its projects from now on."""
        (self.paper / "names.json").write_text(json.dumps(names), encoding="utf-8")

    def clip(self, *days: str) -> None:
        """The days that are not over for the provider itself."""
        (self.paper / "clipped.json").write_text(json.dumps(days), encoding="utf-8")

    def calls(self) -> list[str]:
        """What the provider was asked, in order."""
        path = self.paper / CALLS
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    @property
    def config(self) -> Config:
        return load(self.environment, self.package)

    @property
    def finops(self) -> Finops:
        return Finops(self.environment, package=self.package)

    def run(self, first: str = FIRST, last: str = LAST, instance: dg.DagsterInstance | None = None) -> RunReport:
        finops = self.finops
        with dagster(instance) as used:
            return run_range(build(self.config, finops), finops, used, first, last)

    def settle(self, first: str = FIRST, last: str = LAST) -> RunReport:
        """What a whole run books, without Dagster around it: a sixth of the time."""
        failed: list[Failed] = []
        computed, crashed = 0, ""
        start = date.fromisoformat(first)
        days = [str(start + timedelta(days=n)) for n in range((date.fromisoformat(last) - start).days + 1)]
        with self.finops.work("settled") as work:
            before = work.ledger.seq()
            try:
                book_reference(work)
            except FAULTS as error:
                crashed = str(error)
            for asset in [] if crashed else declared(self.config):
                result = asset.step(work, days)
                failed += failures(asset.name, result)
                computed += result.computed
            made = work.ledger.versions_made(before)
        return RunReport(not failed and not crashed, failed, made, computed, "settled", crashed)

    def run_missing(self, first: str = FIRST, last: str = LAST) -> list[RunReport]:
        finops = self.finops
        with dagster(None) as used:
            return run_ranges(build(self.config, finops), finops, used, first, last, only_missing=True)

    def tick(self) -> list[bool]:
        finops = self.finops
        with dagster(None) as used:
            return tick_sensor(build(self.config, finops), finops, used)

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        with opened(self.config) as ledger:
            yield ledger

    def fingerprint(self) -> str:
        with self.ledger() as ledger:
            return ledger.fingerprint()

    def rows(self, sql: str, **values: object) -> list[tuple[Any, ...]]:
        """What a query of the public views says."""
        with self.ledger() as ledger, ledger.reading() as connection:
            return [tuple(row) for row in connection.execute(sa.text(sql), values)]


@contextmanager
def dagster(instance: dg.DagsterInstance | None) -> Iterator[dg.DagsterInstance]:
    if instance is not None:
        yield instance
        return
    with dg.DagsterInstance.ephemeral() as made_here:
        yield made_here


def copied(root: Path, to: Path) -> Little:
    """A copy of a company and of what it has booked; its files are named anew, so nothing points back."""
    shutil.copytree(root, to)
    company = Little(to)
    company.configure()
    return company
