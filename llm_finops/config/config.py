"""From finops.toml and the environment to one validated `Config`."""

import glob
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from pydantic import ValidationError

from llm_finops import connectors
from llm_finops.config.formerly import formerly_of, without
from llm_finops.config.invoiced import invoiced_of
from llm_finops.config.mistakes import explained, inner, keys_for_names, refused, shown
from llm_finops.config.settings_of import settings_of
from llm_finops.config.tables import Checks, CostFiles, Files, FinopsToml, InvoiceTable, Rates, Reporting, SlackTable
from llm_finops.connectors import contract
from llm_finops.core.settings import Settings
from llm_finops.inputs.requests import RequestLog, RequestLogError, request_log
from llm_finops.ledger import sqlite_url, utc_now

CONFIG_NAME = "finops.toml"


class ConfigError(Exception):
    """The configuration cannot be used; the message names file, key, what was seen and what is allowed."""


@dataclass(frozen=True)
class Provider:
    """One `[providers.NAME]`: the connector that reads it and its validated options."""

    account: str
    connector: ModuleType
    options: Any

    @property
    def settle_hours(self) -> int:
        """How long after a day's end the provider may still change it."""
        return int(self.options.settle_hours)


@dataclass(frozen=True)
class Config:
    """Everything the program needs to know. `root` is the folder of finops.toml: relative paths start there."""

    file: Path
    home: Path
    database_url: str
    start_date: date
    settings: Settings
    providers: Mapping[str, Provider]
    requests: Mapping[str, RequestLog]
    costs: Mapping[str, CostFiles]
    revenue: Mapping[str, Files]
    invoices: Mapping[str, InvoiceTable]
    rates: Mapping[str, Rates]
    price_patterns: tuple[str, ...]
    slack: SlackTable
    reporting: Reporting
    checks: Checks
    formerly: Mapping[str, tuple[str, ...]]  # KIND.NAME -> the names it had, where it says so
    environment: Mapping[str, str]
    pages_days: int = 400  # how long the pages of loads are kept; 0: not at all

    @property
    def root(self) -> Path:
        """Where relative paths start."""
        return self.file.parent

    @property
    def dagster_home(self) -> Path:
        """Dagster's own home, inside ours."""
        return self.home / "dagster"

    def now(self) -> str:
        """The clock: the wall's, or that of the made-up world (a file named by LLM_FINOPS_CLOCK)."""
        return read_clock(self.environment)()

    def secret(self, variable: str) -> str:
        """The value of an environment variable that holds a key; ConfigError names the variable if it is empty."""
        if value := self.environment.get(variable, "").strip():
            return value
        raise ConfigError(
            f"{self.file}: the environment variable {variable} is not set; put the key there, not in the file"
        )

    def files(self, patterns: tuple[str, ...] | list[str]) -> list[Path]:
        """The files that paths or globs name, relative to the configuration's folder, in order of their names."""
        return expand(self.root, patterns)


def expand(root: Path, patterns: tuple[str, ...] | list[str]) -> list[Path]:
    """Files by path or glob, sorted by the bytes of their names, each once."""
    found = {Path(name) for pattern in patterns for name in glob.glob(str(root / pattern), recursive=True)}  # noqa: PTH207  absolute patterns too
    return sorted((path for path in found if path.is_file()), key=lambda path: str(path).encode())


def read_clock(environment: Mapping[str, str]) -> Callable[[], str]:
    """The clock that journals and finality go by."""
    if not (path := environment.get("LLM_FINOPS_CLOCK")):
        return utc_now

    def made_up() -> str:
        at = datetime.fromisoformat(Path(path).read_text(encoding="utf-8").strip())
        return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    return made_up


def find_config(environment: Mapping[str, str]) -> Path:
    """LLM_FINOPS_CONFIG, or finops.toml in the working directory."""
    path = Path(environment.get("LLM_FINOPS_CONFIG") or CONFIG_NAME).expanduser().resolve()
    if path.is_file():
        return path
    raise ConfigError(
        f"no configuration at {path}. Run `llm-finops demo` to see a made-up company, or write a {CONFIG_NAME} "
        "(README, 'Your own company'), or point LLM_FINOPS_CONFIG at yours."
    )


def load(environment: Mapping[str, str], package: ModuleType = connectors) -> Config:
    """Find, read and check the configuration; `package` is where connectors are looked for."""
    file = find_config(environment)
    raw = _parse(file)
    if mistakes := keys_for_names(raw):
        raise ConfigError("\n".join(f"{file}: {mistake}" for mistake in mistakes))
    mistakes = list(refused(raw))
    formerly, unclear = formerly_of(raw)
    mistakes += unclear
    tables = _checked(mistakes, "", FinopsToml.model_validate, raw)
    providers = dict(_providers(mistakes, inner(raw, "providers"), package))
    logs = dict(_request_logs(mistakes, inner(raw, "requests")))
    settings = None
    if tables and not mistakes:
        settings, mistakes = settings_of(tables, {name: p.connector.PROVIDER for name, p in providers.items()}, logs)
        prepaid = {name for name, p in providers.items() if p.options.billing == "prepaid"}
        invoiced, unknown = invoiced_of(tables, providers, prepaid, formerly)
        settings, mistakes = replace(settings, invoiced=invoiced), [*mistakes, *unknown]
    if mistakes or not tables or not settings:
        raise ConfigError("\n".join(f"{file}: {mistake}" for mistake in mistakes))
    home = Path(environment.get("LLM_FINOPS_HOME") or file.parent / ".llm_finops").expanduser().resolve()
    return Config(
        file=file,
        home=home,
        database_url=environment.get("LLM_FINOPS_DATABASE_URL") or sqlite_url(home / "ledger.sqlite"),
        start_date=tables.start_date,
        settings=settings,
        providers=providers,
        requests=logs,
        costs=tables.costs,
        revenue=tables.revenue,
        invoices=tables.invoices,
        rates=tables.rates,
        price_patterns=tuple(tables.prices.paths) if tables.prices else (),
        slack=tables.slack,
        reporting=tables.reporting,
        checks=tables.checks,
        formerly=formerly,
        environment=environment,
        pages_days=tables.ledger.pages_days,
    )


def _parse(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))  # Windows' editors begin a file with a mark
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is not UTF-8 text: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not TOML: {error}") from error


Made = TypeVar("Made")


def _checked(mistakes: list[str], prefix: str, make: Callable[[dict[str, Any]], Made], table: Any) -> Made | None:
    """What is made of a table, or None and what is wrong with it among the mistakes."""
    try:
        return make(table)
    except ValidationError as error:
        mistakes += explained(prefix, error, table)
    except RequestLogError as error:
        mistakes.append(str(error))
    return None


def _providers(mistakes: list[str], tables: Mapping[str, Any], package: ModuleType) -> Iterator[tuple[str, Provider]]:
    known = contract.discover(package)
    for name, table in tables.items():
        if not isinstance(table, dict):
            continue  # said by the table of tables
        kind = table.get("connector", name)
        if not isinstance(kind, str) or kind not in known:
            allowed = ", ".join(sorted(known))
            mistakes.append(f"providers.{name}.connector: saw {shown(kind)}; there are connectors for {allowed}")
            continue
        given = {option: value for option, value in without(table).items() if option != "connector"}
        options = _checked(mistakes, f"providers.{name}", known[kind].Options.model_validate, given)
        if options is not None:
            yield name, Provider(name, known[kind], options)


def _request_logs(mistakes: list[str], tables: Mapping[str, Any]) -> Iterator[tuple[str, RequestLog]]:
    for name, table in tables.items():
        if isinstance(table, dict):
            log = _checked(mistakes, f"requests.{name}", partial(request_log, name), without(table))
            if log is not None:
                yield name, log
