"""The tables of finops.toml, as people write them. What a connector asks for is declared by the connector."""

from datetime import time
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, field_validator, model_validator

from llm_finops.config.names import (
    ClockTime,
    Currency,
    Day,
    Named,
    PageUrl,
    RestateMin,
    SafeUrl,
    Shares,
    StartDay,
    Variable,
    Whole,
)
from llm_finops.core.digest import Threshold

Glob = Annotated[str, Field(min_length=1)]
Paths = Annotated[list[str], Field(min_length=1)]
Billing = Literal["invoice", "prepaid"]  # prepaid: it is paid in advance, no invoice of its usage is expected
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
    formerly: str | list[str] | None = None  # read by config.formerly, for every kind of table alike

    _paths = field_validator("paths", mode="before")(_as_list)


class CostFiles(Files):
    """`[costs.NAME]`."""

    billing: Billing = "invoice"


class InvoiceTable(Files):
    """`[invoices.NAME]`: whose invoices they are, and from when on one that is not there is late."""

    account: Named
    due_days: Annotated[Whole, Field(ge=0, le=366)] = 10  # after the month's end
    accept: list[Named] = []  # numbers whose other content takes the place of what is booked

    @field_validator("formerly")
    @classmethod
    def _needless(cls, _: Any) -> None:
        raise ValueError("leave it out: invoices are booked by their account, whatever this table is called")


class Rates(Table):
    """`[rates.NAME]`: dated rates of exchange, our own columns or the European Central Bank's files as they come."""

    paths: Paths
    columns: dict[str, str] = {}
    format: Literal["csv", "ecb"] = "csv"

    _paths = field_validator("paths", mode="before")(_as_list)

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.columns and self.format == "ecb":
            raise ValueError('format = "ecb" knows its columns; leave out `columns`, or `format`')
        return self


class Prices(Table):
    """`[prices]`: the company's own price book, before any list price."""

    paths: Paths

    _paths = field_validator("paths", mode="before")(_as_list)


class Matching(Table):
    """What a rule applies to, and between which days (`until` exclusive)."""

    match: dict[str, Glob] = Field(min_length=1)
    since: Day | None = Field(default=None, alias="from")
    until: Day | None = None

    @field_validator("match")
    @classmethod
    def _known(cls, match: dict[str, str]) -> dict[str, str]:
        for name in match:
            if name not in MATCHES and not (name.startswith("tag.") and name != "tag."):
                raise ValueError(f"cannot match {name!r}; allowed are {', '.join(MATCHES)} and tag.NAME")
        return match

    @model_validator(mode="after")
    def _some_day(self) -> Self:
        if self.since and self.until and self.since >= self.until:
            raise ValueError(f"from {self.since} until {self.until} is no day; until is exclusive")
        return self


class Owner(Matching):
    """`[[owners]]`: who owns what matches, which feature it serves, or how it is labelled."""

    name: Named
    customer: Named | None = None
    feature: Named | None = None
    environment: Named | None = None
    cost_class: Literal["cogs", "opex", "excluded"] | None = None


class SpreadTable(Matching):
    """`[[spread]]`: what matches is shared out."""

    name: Named | None = None
    by: Shares = "usage"


class AllocationTable(Table):
    """`[allocation]`."""

    uncovered: Literal["ladder", "scale"] = "ladder"
    tax: StrictBool = False
    credit: StrictBool = False


class SlackTable(Table):
    """`[slack]`: the token is read from the environment variable named by `token_env`. `deadline` is UTC.

    `chart`: each day's message has a picture of thirty days in its thread.
    """

    channel: str | None = None
    channel_env: Variable = "SLACK_CHANNEL"
    token_env: Variable = "SLACK_BOT_TOKEN"  # noqa: S105  (the name of a variable, not a token)
    base_url: SafeUrl = "https://slack.com/api/"
    repost_unknown: StrictBool = False
    chart: StrictBool = True
    deadline: ClockTime = time(12)
    restate_min: RestateMin = Threshold(millionths=5_000, nano=10**9)


class Reporting(Table):
    """`[reporting]`: when the daily run starts, how many past days it reads again, and what is shown where."""

    at: ClockTime = time(6, 30)
    trailing_days: Annotated[Whole, Field(ge=1, le=31)] = 3
    currency: Currency | None = None
    dashboard_url: PageUrl | None = None  # where people open the dashboard: links to it are made of this
    dagster_url: PageUrl | None = None  # where people open the Dagster UI: the dashboard links its runs to it
    customer_names_in_dagster: StrictBool = False  # whoever sees the pipeline need not see who the customers are


class Checks(Table):
    """`[checks]`: from where on Dagster shows a day in yellow. They decide no number; percent, and hours."""

    coverage_min: Annotated[Whole, Field(ge=0, le=100)] = 50
    unpriced_max: Annotated[Whole, Field(ge=0, le=100)] = 0
    variance_max: Annotated[Whole, Field(ge=0, le=100)] = 1
    fresh_hours: Annotated[Whole, Field(ge=1, le=24 * 31)] = 36


class LedgerTable(Table):
    """`[ledger]`: how long what a provider said is kept beside what was booked of it."""

    pages_days: Annotated[Whole, Field(ge=0)] = 400


class FinopsToml(Table):
    """The file. `providers` and `requests` are checked by the connector and the request log's own reader."""

    start_date: StartDay
    providers: dict[str, dict[str, Any]] = {}
    requests: dict[str, dict[str, Any]] = {}
    costs: dict[str, CostFiles] = {}
    revenue: dict[str, Files] = {}
    invoices: dict[str, InvoiceTable] = {}
    rates: dict[str, Rates] = {}
    owners: list[Owner] = []
    spread: list[SpreadTable] = []
    models: dict[str, str] = {}
    allocation: AllocationTable = AllocationTable()
    prices: Prices | None = None
    slack: SlackTable = SlackTable()
    reporting: Reporting = Reporting()
    checks: Checks = Checks()
    ledger: LedgerTable = LedgerTable()
