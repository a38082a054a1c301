"""The finops.toml that `init` writes: what was answered, and beside it, in comments, what can be said further."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from llm_finops.core.meters import FAMILIES
from llm_finops.recipes.kinds import KINDS

TODO = "TODO-"  # the beginning of a column that somebody has to name; `doctor` shows which there are

_RULES = """
# Who owns what no request log names: matched by account, project, api_key, actor or model, by id or name, with *.
# `llm-finops doctor` ends with the rule that would take most money out of (unallocated).
# [[owners]]
# name = "staging"
# match = { api_key = "staging-*" }
# environment = "staging"
# cost_class = "opex"
#
# Without a log, a shared key can be spread over customers by fixed shares:
# [[spread]]
# match = { api_key = "shared-*" }
# by = { "customer-a" = 60, "customer-b" = 40 }
"""
_SLACK = """
# The morning's message; the token is read from SLACK_BOT_TOKEN. Without, the message is printed.
# Its scopes: chat:write, channels:history, and files:write for the chart in the thread (chart = false: none).
# [slack]
# channel = "C0123456789"
"""
_INVOICES = """
# Your invoices, to be matched with what was reported, month by month (docs/invoices.md).
# [invoices.openai]
# account = "openai"
# paths = ["invoices/openai-*.csv"]
"""
_REVENUE = """
# What customers pay: without it margins are unknown. CSV with customer, amount, currency, and day or from/until.
# [revenue.billing]
# paths = ["revenue/*.csv"]
"""
_RATES = """
# Paid in one currency and charged in another: margins in one, at dated rates (docs/currencies.md).
# [reporting]
# currency = "EUR"
# [rates.ecb]
# paths = ["rates/eurofxref-hist.csv"]
# format = "ecb"
"""


@dataclass(frozen=True, slots=True)
class Account:
    """One `[providers.NAME]`: its connector, the variable of its key, and which key that is."""

    name: str
    connector: str
    variable: str
    key_kind: str


@dataclass(frozen=True, slots=True)
class Log:
    """The request log: its kind, where its files are, and, of files that are there, their columns as ours = theirs."""

    kind: str
    paths: str
    columns: Mapping[str, str]
    seen: tuple[str, ...] = ()  # all columns of a file that was looked at


@dataclass(frozen=True, slots=True)
class Asked:
    """What the person answered."""

    start: date
    accounts: tuple[Account, ...]
    log: Log | None = None
    revenue: str = ""
    revenue_columns: Mapping[str, str] = field(default_factory=dict)


def configuration(asked: Asked) -> str:
    """The text of finops.toml."""
    lines = [
        '# Written by `llm-finops init`; README, "Configuration" explains every key. Next: llm-finops doctor',
        "",
        f"start_date = {asked.start}  # the first day that is read and shown",
        *(line for account in asked.accounts for line in _account(account)),
        *(_log(asked.log, asked.accounts) if asked.log else _no_log()),
        *(_revenue(asked) if asked.revenue else [_REVENUE.rstrip()]),
        _INVOICES.rstrip(),
        _RULES.rstrip(),
        _RATES.rstrip(),
        _SLACK.rstrip(),
    ]
    return "\n".join(lines) + "\n"


def _account(account: Account) -> Iterator[str]:
    yield from ("", f"[providers.{_key(account.name)}]")
    if account.name != account.connector:
        yield f"connector = {_text(account.connector)}"
    yield f"# The variable that holds {account.key_kind}; never the key itself."
    yield f"admin_key_env = {_text(account.variable)}"


def _no_log() -> Iterator[str]:
    yield from ("", "# No request log: customers are found by the rules and spreads below.")


def _log(log: Log, accounts: tuple[Account, ...]) -> Iterator[str]:
    yield from (
        "",
        "# Who used what: Parquet, CSV or JSON lines, gzip too. A log may come late; its days are read again.",
    )
    yield "[requests.gateway]"
    yield f"paths = [{_text(log.paths)}]"
    yield from _speaks_for(accounts)
    yield from ("", "[requests.gateway.columns]  # our name = theirs")
    yield from (f"# {note}" for note in KINDS[log.kind].notes)
    if log.seen:
        yield f"# The file has: {', '.join(log.seen[:60])}"
        yield "# input_total counts cached tokens in. If yours leave them out (Anthropic's input_tokens do), the column"
        yield "# is input_uncached. api_key and project are the provider's own ids or names, else leave them out."
    for ours in _missing(log.columns):
        yield f"{ours} = {_text(TODO + ours)}  # name the log's column"
    yield from (f"{ours} = {_text(theirs)}" for ours, theirs in log.columns.items())
    if "customer" not in log.columns:
        yield '# customer = "..."  # no column seems to say it: without it no request finds its customer'


def _missing(columns: Mapping[str, str]) -> list[str]:
    """What no log can do without: a time, a model, and something that is counted."""
    counted = any(ours.startswith(FAMILIES) for ours in columns)
    needed = ["time", "model", *([] if counted else ["input_total", "output"])]
    return [ours for ours in needed if ours not in columns]


def _speaks_for(accounts: tuple[Account, ...]) -> Iterator[str]:
    """Of several accounts of a provider the log must say whose requests it holds."""
    first = {account.connector: account.name for account in reversed(accounts)}
    if len(first) < len(accounts):
        yield "# The log does not say of which organization a request is: these, or map a column `account`."
        yield f"speaks_for = {{ accounts = [{', '.join(_text(name) for name in sorted(first.values()))}] }}"


def _revenue(asked: Asked) -> Iterator[str]:
    yield from ("", "# What customers pay: customer, amount, currency, and day or from/until (exclusive).")
    yield from ("[revenue.billing]", f"paths = [{_text(asked.revenue)}]")
    if asked.revenue_columns:
        pairs = ", ".join(f"{_key(ours)} = {_text(theirs)}" for ours, theirs in asked.revenue_columns.items())
        yield f"columns = {{ {pairs} }}"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # which is TOML, too


def _key(name: str) -> str:
    plain = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if plain else json.dumps(name)
