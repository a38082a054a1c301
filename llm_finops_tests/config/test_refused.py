"""What finops.toml may not say: names that stand for none, values that mean something else than they seem to."""

import re
from datetime import time
from pathlib import Path

import pytest

from llm_finops.config import load
from llm_finops.core.digest import Threshold
from llm_finops.core.records import Setting
from llm_finops.core.settings import from_rows, to_rows
from llm_finops_tests.config.test_config import START, gateway, read, refused, written

OWNER = '[[owners]]\nname = "x"\nmatch = {{ project = "y" }}\n{}\n'
SPREAD = '[[spread]]\nname = "x"\nmatch = {{ project = "y" }}\nby = {}\n'
NONE_OF_THESE = "it may be neither empty nor one of (unallocated), (none), (all), (any)"
ALLOWED = "letters, digits, '-', '_' and '.', beginning with a letter or a digit"
OPENAI = "[providers.openai]\n"


@pytest.mark.parametrize("name", ["", " ", "(unallocated)", "(none)", "(all)", "(any)"])
@pytest.mark.parametrize("key", ["customer", "feature", "environment"])
def test_what_a_rule_gives_is_a_name(tmp_path: Path, key: str, name: str) -> None:
    said = refused(tmp_path, START + OWNER.format(f'cost_class = "cogs"\n{key} = "{name}"'))
    assert said.startswith(f"finops.toml: [[owners]] 'x'.{key}: saw {name!r}; expected a name; {NONE_OF_THESE}")


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('[[owners]]\nname = "(none)"\nmatch = { project = "y" }\ncustomer = "z"', "[[owners]] '(none)'.name: saw"),
        ('[[owners]]\nmatch = { project = "y" }\ncustomer = "z"', "[[owners]] number 1.name: missing; it is required"),
        (SPREAD.format('{ "(unallocated)" = 1 }'), f"[[spread]] 'x'.by: saw a table; expected a name; {NONE_OF_THESE}"),
        (
            SPREAD.format("{ ada = true }"),
            "[[spread]] 'x'.by: saw a table; the share of 'ada': expected a whole number",
        ),
        (SPREAD.format("{ ada = -1 }"), "[[spread]] 'x'.by: saw a table; the share of 'ada': expected a whole number"),
        (
            SPREAD.format('"usag"'),
            "[[spread]] 'x'.by: saw 'usag'; expected \"usage\", \"even\", or a table of whole shares by customer: ",
        ),
        (2 * SPREAD.format('"even"'), "two [[spread]] are called 'x'; give each its own name"),
        (SPREAD.replace("x", "(none)", 1).format('"even"'), "[[spread]] '(none)'.name: saw '(none)'"),
        (
            '[slack]\nbase_url = "http://slack.example/api/"',
            "slack.base_url: saw 'http://slack.example/api/'; expected",
        ),
        (
            '[reporting]\nat = "06:30+02:00"',
            "reporting.at: saw '06:30+02:00'; write the time as text, such as \"06:30\"",
        ),
        ('[reporting]\nat = "06:30:15"', "reporting.at: saw '06:30:15'; write the time as text, such as \"06:30\""),
        ("[reporting]\nat = 06:30:15", "reporting.at: saw datetime.time(6, 30, 15); write the time"),
        ("[reporting]\ntrailing_days = true", "reporting.trailing_days: saw True; Input should be a valid integer"),
        ('[allocation]\ntax = "yes"', "allocation.tax: saw 'yes'; Input should be a valid boolean"),
        ('[allocation]\ncredit = "no"', "allocation.credit: saw 'no'; Input should be a valid boolean"),
        ('[slack]\ndeadline = "noon"', "slack.deadline: saw 'noon'; write the time as text, such as"),
        ("[slack]\nrestate_min = 0.5", "slack.restate_min: saw 0.5; expected a percentage and an amount"),
        ('[slack]\nrestate_min = "0.5%"', "slack.restate_min: saw '0.5%'; expected a percentage and an amount"),
        ('[slack]\nrestate_min = "0.5% and -1"', "slack.restate_min: saw '0.5% and -1'; expected"),
        ("[slack]\nchart = 1", "slack.chart: saw 1; Input should be a valid boolean"),
        ("[slack]\nrepost_unknown = 1", "slack.repost_unknown: saw 1; Input should be a valid boolean"),
        ('[models]\n"gpt-*" = "gpt-5"', "models: saw the alias 'gpt-*'; an alias is one name in full"),
        ('[models]\n"" = "gpt-5"', "models: saw the alias ''; an alias is one name in full"),
        ('[models]\na = ""', "models.a: saw ''; expected the provider's name of one model, in full"),
        ('[models]\na = "b"\nb = "c"', "models.a: saw 'b', an alias too; name the provider's model in each"),
        (
            '[costs.b]\npaths = "x.csv"\nformerly = [""]',
            "costs.b.formerly: saw ''; expected a name, or a list of names",
        ),
        ("[costs.b]\npaths = 'x.csv'\nformerly = 'b'", "costs.b.formerly: saw 'b', which is the name of [costs.b]"),
        (
            "[costs.b]\npaths = 'x'\nformerly = 'a'\n[costs.c]\npaths = 'x'\nformerly = 'a'",
            "costs.c.formerly: saw 'a', which costs.b.formerly names already",
        ),
        ('[models]\na = "a"', "models.a: saw 'a', itself; leave it out"),
        (
            '[costs.gpu]\npaths = "x.csv"\ncolumns = { BiledCost = "c" }',
            "costs.gpu.columns: unknown 'BiledCost'; allowed are BilledCost, EffectiveCost,",
        ),
        (
            '[revenue.billing]\npaths = "x.csv"\ncolumns = { costumer = "c" }',
            "revenue.billing.columns: unknown 'costumer'; allowed are customer, feature,",
        ),
        (
            '[revenue.billing]\npaths = "x.csv"\ncolumns = { customer = "" }',
            "revenue.billing.columns.customer: saw ''; expected the name of the file's column",
        ),
        (
            OPENAI + gateway(more=', provider = "p", status = 3'),
            'requests.gateway.columns.status: expected the name of a column, or a constant: { const = "..." }',
        ),
        ('[providers.x]\nconnector = ["openai"]', "providers.x.connector: saw a list; there are connectors for"),
        (
            OWNER.format('customer = "z"').replace("project", '"tag."'),
            "[[owners]] 'x'.match: saw a table; cannot match",
        ),
        (OWNER.format('customer = "z"\nfrom = 20261101'), "[[owners]] 'x'.from: saw 20261101; write the day as a date"),
    ],
)
def test_a_value_that_means_something_else_is_refused(tmp_path: Path, toml: str, said: str) -> None:
    found = refused(tmp_path, START + toml)
    assert found.startswith(f"finops.toml: {said}")
    assert len(found.splitlines()) == 1
    assert not re.search(r"literal\[|dict\[|constrained|function-", found)


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('[reporting]\ncurrency = "euro"', "reporting.currency: saw 'euro'; expected a three-letter currency code"),
        ('[rates.ecb]\nformat = "ecb"', "rates.ecb.paths: missing; it is required"),
        ('[rates.ecb]\npaths = "x"\nformat = "xml"', "rates.ecb.format: saw 'xml'"),
        ('[rates.ecb]\npaths = "x"\nform = "ecb"', "rates.ecb.form: unknown key; did you mean format?"),
        (
            '[rates.x]\npaths = "x"\ncolumns = { day = "d" }',
            "rates.x.columns: unknown 'day'; allowed are date, base",
        ),
        ('[rates.x]\npaths = "x"\nformat = "ecb"\ncolumns = { date = "d" }', 'rates.x: saw a table; format = "ecb" kn'),
    ],
)
def test_what_is_asked_of_rates_and_the_reporting_currency(tmp_path: Path, toml: str, said: str) -> None:
    assert refused(tmp_path, START + toml).startswith(f"finops.toml: {said}")


def test_a_reporting_currency_decides_numbers_and_without_one_nothing_is_said_of_it(tmp_path: Path) -> None:
    euros = read(tmp_path, START + '[reporting]\ncurrency = "eur"\n').settings
    assert euros.reporting_currency == "EUR"
    assert from_rows(to_rows(euros)) == euros
    assert {*to_rows(euros)} - {*to_rows(read(tmp_path, START).settings)} == {
        Setting("option", 0, "reporting_currency", '"EUR"')
    }


@pytest.mark.parametrize("day", ["20261101", "2201-01-01", '"9999-12-31"'])
def test_a_start_that_nobody_meant_is_refused(tmp_path: Path, day: str) -> None:
    assert refused(tmp_path, f"start_date = {day}").startswith("finops.toml: start_date: saw ")


@pytest.mark.parametrize("name", ["*", "", "(none)", "a/b", "..", "a b", ".hidden", "-x", "a\\\\b", "a\\nb"])
@pytest.mark.parametrize("kind", ["providers", "requests", "costs", "revenue", "rates"])
def test_names_of_accounts_and_sources_are_of_few_characters(tmp_path: Path, kind: str, name: str) -> None:
    said = refused(tmp_path, START + f'[{kind}."{name}"]\npaths = "x"\n')
    assert re.search(rf"^finops.toml: {kind}: saw the name '.*'; allowed are {re.escape(ALLOWED)}$", said, re.MULTILINE)


def test_a_restatement_is_measured_in_whole_units(tmp_path: Path) -> None:
    assert read(tmp_path, START).slack.restate_min == Threshold(5_000, 10**9)
    toml = '[slack]\nrestate_min = "12.0001 % and 0.000000001"\ndeadline = "00:30"\n'
    slack = read(tmp_path, START + toml).slack
    assert (slack.restate_min, slack.deadline) == (Threshold(120_001, 1), time(0, 30))


def test_plain_names_and_a_loopback_slack_are_fine(tmp_path: Path) -> None:
    toml = START + '[slack]\nbase_url = "http://127.0.0.1:99/api/"\n[reporting]\nat = 06:30:00\n'
    config = read(tmp_path, toml + '[costs."Azure-EU_2.west"]\npaths = "x.csv"\n')
    assert config.slack.chart
    assert list(config.costs) == ["Azure-EU_2.west"]


def test_mistakes_of_every_kind_are_said_at_once(tmp_path: Path) -> None:
    said = refused(
        tmp_path,
        START
        + '[providers.openai]\nsettle_hours = -1\n[providers.a]\n[models]\na = "a"\n[reporting]\nat = "noon"\n'
        + gateway(more=', modle = "x"')
        + '[costs.gpu]\npaths = "x"\ncolumns = { Cost = "c" }\n',
    )
    assert [line.split(": ")[1] for line in said.splitlines()] == [
        "costs.gpu.columns",
        "models.a",
        "reporting.at",
        "providers.openai.settle_hours",
        "providers.a.connector",
        "requests.gateway.columns",
    ]


def test_what_is_ambiguous_is_said_at_once_too(tmp_path: Path) -> None:
    rules = 2 * '[[owners]]\nname = "x"\nmatch = { project = "y" }\n'
    said = refused(tmp_path, START + OPENAI + rules + gateway("one") + gateway("two"))
    assert [line.split(": ")[1][:30] for line in said.splitlines()] == [
        "two [[owners]] are called 'x';",
        "[[owners]] 'x' decides nothing",
        "[[owners]] 'x' decides nothing",
        "requests.one and requests.two ",
    ]


def test_logs_that_name_different_things_are_told_what_to_name(tmp_path: Path) -> None:
    logs = gateway("one", speaks_for='{ projects = ["p"] }') + gateway("two", speaks_for='{ api_keys = ["k"] }')
    said = refused(tmp_path, START + OPENAI + logs)
    assert "both speak for accounts openai; one names projects, two api_keys, which may be the same requests" in said
    assert said.endswith("name projects in both, or api_keys in both")


def test_a_byte_order_mark_at_the_beginning_is_no_mistake(tmp_path: Path) -> None:
    environment = written(tmp_path, "\ufeff" + START)
    assert (tmp_path / "finops.toml").read_bytes()[:3] == b"\xef\xbb\xbf"
    assert str(load(environment).start_date) == "2026-11-01"


INVOICES = OPENAI + '[invoices.x]\npaths = "x.csv"\n'


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        (INVOICES, "invoices.x.account: missing; it is required"),
        (
            INVOICES + 'account = "opnai"',
            "invoices.x.account: no account is called 'opnai'; did you mean 'openai'? there are openai",
        ),
        (INVOICES + 'account = "openai"\nformerly = "y"', "invoices.x.formerly: saw 'y'; leave it out: invoices are"),
        (INVOICES + 'account = "openai"\ndue_days = -1', "invoices.x.due_days: saw -1; Input should be greater"),
        (INVOICES + 'account = "openai"\ndue_day = 3', "invoices.x.due_day: unknown key; did you mean due_days?"),
        (INVOICES + 'account = "openai"\ncolumns = { Number = "n" }', "invoices.x.columns: unknown 'Number'; allowed"),
        (OPENAI + 'billing = "prepayed"', "providers.openai.billing: saw 'prepayed'; Input should be 'invoice' or"),
        ('[costs.a]\npaths = "x.csv"\nbilling = "no"', "costs.a.billing: saw 'no'; Input should be 'invoice' or"),
    ],
)
def test_whose_invoices_they_are_is_said_and_known(tmp_path: Path, toml: str, said: str) -> None:
    assert refused(tmp_path, START + toml).startswith(f"finops.toml: {said}")
