"""From finops.toml and the environment to one validated `Config`."""

import glob
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import ValidationError

from llm_finops import connectors
from llm_finops.config.formerly import FORMERLY, formerly_of
from llm_finops.config.settings_of import settings_of
from llm_finops.config.tables import Files, FinopsToml, Reporting, SlackTable
from llm_finops.connectors import contract
from llm_finops.core.settings import Settings
from llm_finops.inputs.requests import RequestLog, RequestLogError, request_log
from llm_finops.ledger import sqlite_url, utc_now

CONFIG_NAME = "finops.toml"
_SHOWN_MAX = 200
# Known beginnings of keys, a user in an address, or a long run of letters and digits mixed.
_SECRET = re.compile(r"(?i)\b(sk|xox[a-z]|pk|ghp|glpat|api|key)-|://[^/]*@|(?=\w*\d)(?=\w*[a-z])\w{24,}")


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
    costs: Mapping[str, Files]
    revenue: Mapping[str, Files]
    price_patterns: tuple[str, ...]
    slack: SlackTable
    reporting: Reporting
    formerly: Mapping[str, tuple[str, ...]]  # KIND.NAME -> the names it had, where it says so
    environment: Mapping[str, str]

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
    tables = _parse(file)
    providers = {name: _provider(file, name, dict(table), package) for name, table in tables.providers.items()}
    logs = {name: _request_log(file, name, table) for name, table in tables.requests.items()}
    home = Path(environment.get("LLM_FINOPS_HOME") or file.parent / ".llm_finops").expanduser().resolve()
    try:
        formerly = formerly_of(tables)
        settings = settings_of(tables, {name: p.connector.PROVIDER for name, p in providers.items()}, logs)
    except ValueError as error:
        raise ConfigError(f"{file}: {error}") from error
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
        price_patterns=tuple(tables.prices.paths) if tables.prices else (),
        slack=tables.slack,
        reporting=tables.reporting,
        formerly=formerly,
        environment=environment,
    )


def _parse(file: Path) -> FinopsToml:
    try:
        return FinopsToml.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is not UTF-8 text: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not TOML: {error}") from error
    except ValidationError as error:
        raise ConfigError(explained(file, "", error)) from error


def explained(file: Path, prefix: str, error: ValidationError) -> str:
    """All mistakes at once, a line each: file, key, what was seen, what is allowed."""
    lines = []
    for mistake in error.errors(include_url=False):
        key = ".".join([*([prefix] if prefix else []), *(str(part) for part in mistake["loc"])])
        if mistake["type"] == "extra_forbidden":
            # Its value is not repeated: it may well be a key that was put here instead of in the environment.
            lines.append(f"{file}: {key}: unknown key; README, 'Configuration' lists the keys")
        elif mistake["type"] == "missing":
            lines.append(f"{file}: {key}: missing; it is required")
        else:
            said = mistake["msg"].removeprefix("Value error, ")
            lines.append(f"{file}: {key}: saw {_shown(mistake['input'])}; {said}")
    return "\n".join(lines)


def _shown(value: object) -> str:
    """What was seen, unless it is long or may hold a secret: messages end up in logs."""
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    if isinstance(value, str) and _SECRET.search(value):
        return "something that looks like a key (not shown); keys belong in the environment"
    return repr(value)[:_SHOWN_MAX]


def _provider(file: Path, name: str, table: dict[str, Any], package: ModuleType) -> Provider:
    known = contract.discover(package)
    kind = table.pop("connector", name)
    table.pop(FORMERLY, None)
    if kind not in known:
        raise ConfigError(
            f"{file}: providers.{name}.connector: saw {kind!r}; there are connectors for {', '.join(sorted(known))}"
        )
    try:
        options = known[kind].Options.model_validate(table)
    except ValidationError as error:
        raise ConfigError(explained(file, f"providers.{name}", error)) from error
    return Provider(name, known[kind], options)


def _request_log(file: Path, name: str, table: dict[str, Any]) -> RequestLog:
    try:
        return request_log(name, {key: value for key, value in table.items() if key != FORMERLY})
    except ValidationError as error:
        raise ConfigError(explained(file, f"requests.{name}", error)) from error
    except RequestLogError as error:
        raise ConfigError(f"{file}: {error}") from error
