"""The next mapping in words: what it would take out of (unallocated) a month, and the rule to paste."""

import json
from collections.abc import Mapping
from types import ModuleType
from typing import NamedTuple

from llm_finops import connectors
from llm_finops.config import Config, ConfigError, load
from llm_finops.core.digest.words import amount_text, percent_text
from llm_finops.core.next_mapping import (
    ACTOR,
    API_KEY,
    COLUMN,
    DIMENSIONS,
    FEATURE,
    RULE,
    UNLOGGED,
    NextMapping,
    next_mappings,
)
from llm_finops.core.rules import Names
from llm_finops.ledger import Ledger, LedgerError, Standing, inspect_ledger, standing
from llm_finops.ledger import datasets as d

DAYS = 30
_WORDS = {API_KEY: "key", ACTOR: "actor"}


class Proposal(NamedTuple):
    """One currency's next mapping; `toml` is '' where no rule helps, but the log's own columns would."""

    said: str
    toml: str
    monthly_nano: int
    mapping: NextMapping


def proposals(environment: Mapping[str, str], package: ModuleType = connectors) -> tuple[str, list[Proposal]]:
    """(in general, the next mapping of each currency), of the last 30 days with data. Nothing is booked."""
    try:
        config = load(environment, package)
        if not inspect_ledger(config.database_url).is_ours:
            return "Not known yet: nothing is booked.", []
    except (ConfigError, LedgerError):
        return "Not known: see the problems above.", []
    ledger = Ledger(config.database_url, config.now)
    try:
        now = standing(ledger, DAYS)
        if not now.days:
            return "Not known yet: no day is allocated.", []
        found = _found(config, now)
        return _general(now, found), [_proposal(config, ledger, now, one) for one in found]
    finally:
        ledger.close()


def _found(config: Config, now: Standing) -> list[NextMapping]:
    settings = config.settings
    seen: dict[str, set[str]] = {}
    for source in settings.requests:
        speaks = {a.name for a in settings.accounts} if "account" in source.columns else set(source.accounts.values())
        for account in speaks:
            seen[account] = seen.get(account, set(DIMENSIONS)) & source.columns.keys()
    customers = {source.name: "customer" in source.columns for source in settings.requests}
    return next_mappings(now.spent, now.uncovered, now.nameless, seen, customers)


def _general(now: Standing, found: list[NextMapping]) -> str:
    days = f"{len(now.days)} day{'' if len(now.days) == 1 else 's'} with data, {now.days[0]} to {now.days[-1]}"
    return f"Of {days}." if found else f"Nothing to map: all cogs name a customer ({days})."


def _proposal(config: Config, ledger: Ledger, now: Standing, of: NextMapping) -> Proposal:
    monthly = of.taken_nano * DAYS // len(now.days)
    before = percent_text(of.whole_nano - of.unallocated_nano, of.whole_nano)
    after = percent_text(of.whole_nano - of.unallocated_nano + of.taken_nano, of.whole_nano)
    worth = f"{amount_text(monthly, of.currency)} a month; coverage {before} → {after}"
    if of.kind == RULE:
        return _rule(config, ledger, of, monthly, worth)
    said = {
        UNLOGGED: f"{_what(ledger, of)}: {worth}. {amount_text(of.logged_nano * DAYS // len(now.days), of.currency)} "
        "of it a month find customers in a request log; the rest are requests that it misses. Log them, or, if they "
        "are spread as the logged ones, say "
        '[allocation] uncovered = "scale"',
        COLUMN: f"the log {of.value} maps no customer: about {worth}. Add the column to "
        f'[requests.{of.value}.columns], customer = "..."; if there is none, let the gateway or application write it',
        FEATURE: f"requests of the feature {of.value} that name no customer: {worth}. Let the application pass it",
    }
    return Proposal(said[of.kind], "", monthly, of)


def _what(ledger: Ledger, of: NextMapping) -> str:
    called = _called(ledger, of)
    which = f"{called} (id {of.value})" if called != of.value else called
    kind = _WORDS.get(of.dimension, of.dimension)
    return f"{kind} {which}" + (f", account {of.account}" if kind != "account" else "")


def _called(ledger: Ledger, of: NextMapping) -> str:
    names = Names(ledger.read(d.NAMES, of.account, "*")).called(of.dimension, of.value)
    return names[1] if len(names) > 1 else of.value


def _rule(config: Config, ledger: Ledger, of: NextMapping, monthly: int, worth: str) -> Proposal:
    called = _called(ledger, of)
    taken = {rule.name for rule in config.settings.rules}
    free = next(name for n in range(1, 10_000) if (name := called if n == 1 else f"{called} {n}") not in taken)
    lines = [
        "[[owners]]",
        f"name = {_text(free)}",
        f"match = {{ account = {_text(of.account)}, {of.dimension} = {_text(of.value)} }}",
        'customer = "CUSTOMER"  # whose it is; cost_class = "opex" instead, if it is the company\'s own',
    ]
    about = "about " if of.dimension == ACTOR else ""  # shared out by quantity, not by money
    return Proposal(f"{_what(ledger, of)}: {about}{worth}", "\n".join(lines), monthly, of)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
