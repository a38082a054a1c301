"""Settings become rows and come back the same; rows say all that decides a number, and nothing else."""

import json
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.core.records import Setting
from llm_finops.core.settings import (
    VERBS,
    Account,
    Invoiced,
    RequestSource,
    RevenueSource,
    Rule,
    Settings,
    Spread,
    from_rows,
    to_rows,
)

NAMES = st.text("abcé-0", min_size=1, max_size=4)
MATCH = st.dictionaries(st.sampled_from(["account", "project", "tag.team"]), NAMES, max_size=2)


def _distinct(made: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(made, max_size=3, unique_by=lambda item: item.name).map(tuple)  # type: ignore[attr-defined]


SETTINGS = st.builds(
    Settings,
    accounts=_distinct(st.builds(Account, NAMES, NAMES, st.sampled_from(["provider", "costs"]), st.integers(0, 48))),
    requests=_distinct(
        st.builds(
            RequestSource,
            NAMES,
            columns=st.dictionaries(NAMES, NAMES | st.fixed_dictionaries({"const": NAMES}), max_size=2),
            accounts=st.dictionaries(NAMES, NAMES, max_size=2),
            speaks_for=st.dictionaries(st.just("accounts"), st.lists(NAMES, max_size=2).map(tuple)),
        )
    ),
    revenue=_distinct(st.builds(RevenueSource, NAMES, st.booleans())),
    invoiced=_distinct(st.builds(Invoiced, NAMES, st.booleans(), st.lists(NAMES, max_size=2).map(tuple))),
    rules=_distinct(st.builds(Rule, NAMES, MATCH, st.none() | NAMES)),
    spreads=_distinct(st.builds(Spread, NAMES, MATCH, st.just("even") | st.dictionaries(NAMES, st.integers(1, 9)))),
    aliases=st.dictionaries(NAMES, NAMES, max_size=2),
    uncovered=st.sampled_from(["ladder", "scale"]),
    allocate_tax=st.booleans(),
)


def _by_name(settings: Settings) -> Settings:
    """The order of accounts and sources decides nothing and is not kept; that of rules does and is."""
    return replace(
        settings,
        accounts=tuple(sorted(settings.accounts, key=lambda item: item.name)),
        requests=tuple(sorted(settings.requests, key=lambda item: item.name)),
        revenue=tuple(sorted(settings.revenue, key=lambda item: item.name)),
        invoiced=tuple(sorted(settings.invoiced, key=lambda item: item.name)),
    )


@given(settings=SETTINGS, seed=st.integers(0, 99))
def test_settings_come_back_from_their_rows_in_any_order(settings: Settings, seed: int) -> None:
    rows = to_rows(settings)
    assert from_rows(random.Random(seed).sample(rows, len(rows))) == _by_name(settings)
    assert to_rows(from_rows(rows)) == rows
    canonical = [json.dumps(json.loads(row.value), sort_keys=True, separators=(",", ":")) for row in rows]
    assert [row.value for row in rows] == canonical


def test_the_order_of_rules_is_said_and_that_of_accounts_is_not() -> None:
    rules = (Rule("first", {"project": "a"}), Rule("second", {"project": "b"}))
    accounts = (Account("one", "openai"), Account("two", "anthropic"))
    settings = Settings(accounts=accounts, rules=rules)
    assert to_rows(replace(settings, accounts=accounts[::-1])) == to_rows(settings)
    assert to_rows(replace(settings, rules=rules[::-1])) != to_rows(settings)
    assert [rule.name for rule in from_rows(to_rows(replace(settings, rules=rules[::-1]))).rules] == ["second", "first"]


def test_nothing_configured_is_only_the_options() -> None:
    assert to_rows(Settings()) == [
        Setting("option", 0, "allocate_credit", "false"),
        Setting("option", 0, "allocate_tax", "false"),
        Setting("option", 0, "uncovered", '"ladder"'),
        Setting("verbs", 0, "version", str(VERBS)),
    ]
    assert from_rows([]) == from_rows(to_rows(Settings())) == Settings()


def test_accounts_and_models_are_found_by_name() -> None:
    account = Account("openai-eu", "openai", settle_hours=24)
    settings = Settings(accounts=(account,), aliases={"our-gpt": "gpt-5"})
    assert settings.account("openai-eu") is account
    assert (settings.model("our-gpt"), settings.model("gpt-5-mini")) == ("gpt-5", "gpt-5-mini")
    with pytest.raises(KeyError, match="openai-us"):
        settings.account("openai-us")


def test_a_request_log_knows_the_dimensions_it_maps_and_always_its_account() -> None:
    source = RequestSource("gateway", {"project": "proj", "model": "model", "customer": "tenant", "actor": "user"})
    assert source.mapped == {"account", "provider", "project", "model"}
