"""The tables of finops.toml, as people write them. What a connector asks for is declared by the connector."""

from datetime import date, time
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Glob = Annotated[str, Field(min_length=1)]
Paths = Annotated[list[str], Field(min_length=1)]
MATCHES = ("account", "provider", "project", "api_key", "actor", "model", "environment")


class Table(BaseModel):
    """Unknown keys are refused: a typo must not silently change a number."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Files(Table):
    """`[costs.NAME]` and `[revenue.NAME]`: CSV files and our names for their columns."""

    paths: Paths
    columns: dict[str, str] = {}
    formerly: list[str] | None = None

    _lists = field_validator("paths", "formerly", mode="before")(_as_list)


class Prices(Table):
    """`[prices]`: the company's own price book, before any list price."""

    paths: Paths

    _paths = field_validator("paths", mode="before")(_as_list)


class Matching(Table):
    """What a rule applies to, and between which days (`until` exclusive)."""

    match: dict[str, Glob] = Field(min_length=1)
    since: date | None = Field(default=None, alias="from")
    until: date | None = None

    @field_validator("match")
    @classmethod
    def _known(cls, match: dict[str, str]) -> dict[str, str]:
        for name in match:
            if name not in MATCHES and not name.startswith("tag."):
                raise ValueError(f"cannot match {name!r}; allowed are {', '.join(MATCHES)} and tag.NAME")
        return match

    @model_validator(mode="after")
    def _some_day(self) -> Self:
        if self.since and self.until and self.since >= self.until:
            raise ValueError(f"from {self.since} until {self.until} is no day; until is exclusive")
        return self


class Owner(Matching):
    """`[[owners]]`: who owns what matches, or how it is labelled."""

    name: str = Field(min_length=1)
    customer: str | None = None
    feature: str | None = None
    environment: str | None = None
    cost_class: Literal["cogs", "opex", "excluded"] | None = None


class SpreadTable(Matching):
    """`[[spread]]`: what matches is shared out."""

    name: str | None = None
    by: Literal["usage", "even"] | dict[str, Annotated[int, Field(ge=0)]] = "usage"


class AllocationTable(Table):
    """`[allocation]`."""

    uncovered: Literal["ladder", "scale"] = "ladder"
    tax: bool = False
    credit: bool = False


class SlackTable(Table):
    """`[slack]`: the token is read from the environment variable named by `token_env`."""

    channel: str | None = None
    channel_env: str = "SLACK_CHANNEL"
    token_env: str = "SLACK_BOT_TOKEN"  # noqa: S105  (the name of a variable, not a token)
    base_url: str = "https://slack.com/api/"
    repost_unknown: bool = False


class Reporting(Table):
    """`[reporting]`: when the daily run starts, and how many past days it reads again."""

    at: time = time(6, 30)
    trailing_days: Annotated[int, Field(ge=1, le=31)] = 3
    coverage_min: Annotated[int, Field(ge=0, le=100)] = 50

    @field_validator("at", mode="before")
    @classmethod
    def _clock_time(cls, value: Any) -> Any:
        if isinstance(value, int | float):
            raise ValueError('write the time as text: at = "06:30"')  # noqa: TRY004  pydantic collects ValueError
        return value


class FinopsToml(Table):
    """The file. `providers` and `requests` are checked by the connector and the request log's own reader."""

    start_date: date
    providers: dict[str, dict[str, Any]] = {}
    requests: dict[str, dict[str, Any]] = {}
    costs: dict[str, Files] = {}
    revenue: dict[str, Files] = {}
    owners: list[Owner] = []
    spread: list[SpreadTable] = []
    models: dict[str, str] = {}
    allocation: AllocationTable = AllocationTable()
    prices: Prices | None = None
    slack: SlackTable = SlackTable()
    reporting: Reporting = Reporting()
