"""finops.toml: what is read, and how each mistake is said."""

from datetime import date, time
from pathlib import Path

import pytest

from llm_finops.config import Config, ConfigError, load

START = "start_date = 2026-11-01\n"
GATEWAY = """
[requests.{name}]
paths = ["{name}/*.csv"]
columns = {{ time = "t", model = "m", input_total = "i"{more} }}
"""
SECRET = "sk-admin-5F0c1eCanary"


def written(folder: Path, toml: str) -> dict[str, str]:
    file = folder / "finops.toml"
    file.write_text(toml, encoding="utf-8")
    return {"LLM_FINOPS_CONFIG": str(file)}


def read(folder: Path, toml: str) -> Config:
    return load(written(folder, toml))


def refused(folder: Path, toml: str) -> str:
    """What is said of a file that cannot be used, its path taken out."""
    environment = written(folder, toml)
    with pytest.raises(ConfigError) as caught:
        load(environment)
    said = str(caught.value)
    assert said.startswith(environment["LLM_FINOPS_CONFIG"])
    return said.replace(environment["LLM_FINOPS_CONFIG"], "finops.toml")


def gateway(name: str = "gateway", more: str = ', provider = "p"', speaks_for: str = "") -> str:
    text = GATEWAY.format(name=name, more=more)
    return text + (f"speaks_for = {speaks_for}\n" if speaks_for else "")


MISTAKES: list[tuple[str, str]] = [
    ("", "finops.toml: start_date: missing; it is required"),
    ('start_date = "2026-13-01"', "finops.toml: start_date: saw '2026-13-01'; Input should be a valid date"),
    (START + "start = 1", "finops.toml: start: unknown key; README, 'Configuration' lists the keys"),
    (
        START + "[allocation]\ntax = 'perhaps'",
        "finops.toml: allocation.tax: saw 'perhaps'; Input should be a valid boolean",
    ),
    (START + "[reporting]\ntrailing_days = 0", "finops.toml: reporting.trailing_days: saw 0; Input should be greater"),
    (START + "[reporting]\nat = 630", 'finops.toml: reporting.at: saw 630; write the time as text, such as "06:30"'),
    (START + "[costs.a]\npaths = []", "finops.toml: costs.a.paths: saw a list; List should have at least 1 item"),
    (
        START + "[providers.a]",
        "finops.toml: providers.a.connector: saw 'a'; there are connectors for anthropic, openai",
    ),
    (
        START + "[providers.openai]\nsettle_hours = -1",
        "finops.toml: providers.openai.settle_hours: saw -1; Input should be greater than or equal to 0",
    ),
    (
        START + '[providers.openai]\nbase_url = "http://169.254.169.254/v1"',
        (
            "finops.toml: providers.openai.base_url: saw 'http://169.254.169.254/v1'; expected https://HOST "
            "(plain http only to this machine), saw scheme 'http'"
        ),
    ),
    (
        START + '[[owners]]\nname = "x"\nmatch = { projekt = "y" }\ncustomer = "z"',
        (
            "finops.toml: [[owners]] 'x'.match: saw a table; cannot match 'projekt'; allowed are account, provider, "
            "project, api_key, actor, model, environment and tag.NAME"
        ),
    ),
    (
        START + '[[owners]]\nname = "x"\nmatch = { project = "y" }',
        "finops.toml: [[owners]] 'x' decides nothing: give it customer, feature, environment or cost_class",
    ),
    (
        START
        + '[[owners]]\nname = "x"\nmatch = { project = "y" }\ncustomer = "z"\nfrom = 2026-11-02\nuntil = 2026-11-02',
        "finops.toml: [[owners]] 'x': saw a table; from 2026-11-02 until 2026-11-02 is no day; until is exclusive",
    ),
    (
        START + '[[spread]]\nmatch = { project = "y" }\nby = { ada = 0 }',
        "finops.toml: [[spread]] number 1 has shares of 0 only; give one of them a share above 0",
    ),
    (
        START + '[providers.openai]\n[costs.openai]\npaths = "x.csv"',
        "finops.toml: two accounts are called 'openai'; give each its own name",
    ),
    (
        START + '[providers.openai-eu]\nconnector = "openai"\n[costs.openai_eu]\npaths = "x.csv"',
        "finops.toml: the accounts 'openai-eu' and 'openai_eu' are too alike: both would be openai_eu in Dagster",
    ),
    (
        START + 2 * '[[owners]]\nname = "x"\nmatch = { project = "y" }\ncustomer = "z"\n',
        "finops.toml: two [[owners]] are called 'x'; give each its own name",
    ),
    (START + "[providers.openai]\n[providers.openai]", "finops.toml is not TOML: Cannot declare"),
    (
        START + "[providers.openai]\n" + gateway("one") + gateway("two"),
        "finops.toml: requests.one and requests.two may hold the same requests: both speak for accounts openai",
    ),
    (
        START + '[providers.openai]\n[providers.second]\nconnector = "openai"\n' + gateway(),
        (
            "finops.toml: requests.gateway does not say which account of openai its rows belong to (openai or second): "
            "map `account`, or name one of them in speaks_for"
        ),
    ),
    (
        START + "[providers.openai]\n[providers.anthropic]\n" + gateway(more=""),
        "finops.toml: requests.gateway does not say whose requests it holds: map `account` or `provider`",
    ),
    (
        START + "[providers.openai]\n" + gateway(speaks_for='{ accounts = ["opnai"] }'),
        "finops.toml: requests.gateway.speaks_for.accounts: no [providers.opnai]; there are openai",
    ),
    (
        START + "[providers.openai]\n" + gateway(more=', account = { const = "nope" }'),
        "finops.toml: requests.gateway.columns.account: no account is called 'nope'; there are openai",
    ),
    (
        START + "[providers.openai]\n" + gateway(more=', account = "a"', speaks_for='{ accounts = ["gpu-*"] }'),
        "finops.toml: requests.gateway.speaks_for.accounts: no account is called 'gpu-*'; there are openai",
    ),
    (
        START + "[providers.openai]\n" + gateway(more=', modle = "x"'),
        "finops.toml: requests.gateway.columns: unknown field 'modle'; allowed are id, time,",
    ),
]


def test_a_whole_file_becomes_settings(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        START
        + gateway()
        + """
[providers.openai-eu]
connector = "openai"
admin_key_env = "EU_KEY"
[providers.anthropic]
[costs.azure]
paths = "azure/*.csv"
[revenue.billing]
paths = ["revenue.csv"]
[[owners]]
name = "staging"
match = { environment = "staging" }
cost_class = "opex"
from = 2026-11-05
[[spread]]
match = { project = "shared-*" }
by = { ada = 2, bob = 1 }
[models]
gpt-5 = "gpt-5-2025-08-07"
[reporting]
at = "05:00"
trailing_days = 4
""",
    )

    assert config.start_date == date(2026, 11, 1)
    assert [(a.name, a.provider, a.kind) for a in config.settings.accounts] == [
        ("anthropic", "anthropic", "provider"),
        ("azure", "azure", "costs"),
        ("openai-eu", "openai", "provider"),
    ]
    assert config.providers["openai-eu"].options.admin_key_env == "EU_KEY"
    assert config.providers["openai-eu"].settle_hours == 24
    assert config.settings.requests[0].accounts == {"openai": "openai-eu", "anthropic": "anthropic"}
    (rule,) = config.settings.rules
    assert (rule.name, rule.cost_class, rule.valid_from, rule.valid_until) == (
        "staging",
        "opex",
        "2026-11-05",
        "9999-12-31",
    )
    (spread,) = config.settings.spreads
    assert (spread.name, spread.by) == ("spread 1", {"ada": 2, "bob": 1})
    assert config.settings.model("gpt-5") == "gpt-5-2025-08-07"
    assert (config.reporting.at, config.reporting.trailing_days) == (time(5), 4)


def test_the_order_of_tables_decides_nothing(tmp_path: Path) -> None:
    tables = ["[providers.openai]\n", "[providers.anthropic]\n", '[costs.azure]\npaths = "a.csv"\n', gateway()]

    assert read(tmp_path, START + "".join(tables)).settings == read(tmp_path, START + "".join(tables[::-1])).settings


@pytest.mark.parametrize(("toml", "said"), MISTAKES, ids=[said.split(": ")[1][:40] for _, said in MISTAKES])
def test_a_mistake_is_said_with_file_key_seen_and_allowed(tmp_path: Path, toml: str, said: str) -> None:
    assert refused(tmp_path, toml).startswith(said)


def test_all_mistakes_of_the_tables_are_said_at_once(tmp_path: Path) -> None:
    said = refused(tmp_path, START + "typo = 1\n[reporting]\nat = 630\ntrailing_days = 101\n")

    assert [line.split(": ")[1] for line in said.splitlines()] == ["reporting.at", "reporting.trailing_days", "typo"]


@pytest.mark.parametrize(
    ("toml", "key"),
    [
        (f'[providers.openai]\nadmin_key = "{SECRET}"', "providers.openai.admin_key"),
        (f'[providers.openai]\nadmin_key_env = "{SECRET}"', "providers.openai.admin_key_env"),
        ('[slack]\ntoken = "xoxb-1234-Canary"', "slack.token"),
        ('[slack]\ntoken_env = "xoxb-1234-Canary"', "slack.token_env"),
        ('[slack]\nchannel_env = "xapp-1234-Canary-5F0c1e"', "slack.channel_env"),
        ('[providers.openai]\nbase_url = "https://ada:5F0c1eCanary@api.openai.com"', "providers.openai.base_url"),
        (f'[reporting]\nat = "{SECRET}"', "reporting.at"),
        ('[reporting]\ndashboard_url = "https://ada:5F0c1eCanary@board.test"', "reporting.dashboard_url"),
    ],
)
def test_a_key_in_the_file_is_refused_and_never_repeated(tmp_path: Path, toml: str, key: str) -> None:
    said = refused(tmp_path, START + toml)

    assert f"finops.toml: {key}: " in said
    assert "Canary" not in said


def test_a_missing_key_is_named_by_its_variable_only(tmp_path: Path) -> None:
    config = read(tmp_path, START)

    with pytest.raises(ConfigError, match=r"the environment variable OPENAI_ADMIN_KEY is not set; put the key there"):
        config.secret("OPENAI_ADMIN_KEY")


def test_two_logs_of_different_keys_are_fine_and_so_are_two_accounts_named(tmp_path: Path) -> None:
    tables = '[providers.openai]\n[providers.second]\nconnector = "openai"\n'
    logs = gateway("one", speaks_for='{ accounts = ["openai"] }') + gateway(
        "two", speaks_for='{ accounts = ["second"] }'
    )

    sources = read(tmp_path, START + tables + logs).settings.requests

    assert [(source.name, source.accounts) for source in sources] == [
        ("one", {"openai": "openai"}),
        ("two", {"openai": "second"}),
    ]


def test_an_account_may_be_named_in_any_script(tmp_path: Path) -> None:
    import dagster as dg

    from llm_finops.definitions import from_environment

    toml = START + '[providers."münchen-1"]\nconnector = "openai"\n'
    definitions = from_environment(written(tmp_path, toml))

    dg.Definitions.validate_loadable(definitions)
    names = {key.to_user_string() for key in definitions.resolve_asset_graph().get_all_asset_keys()}
    assert "m_nchen_1_cost_lines" in names


def test_relative_paths_start_beside_the_file_and_come_in_the_order_of_their_bytes(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "B.csv", "deep/er/c.csv", "d.csv/inside.csv"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).touch()
    config = read(tmp_path, START)

    def found(*patterns: str) -> list[str]:
        return [str(path.relative_to(tmp_path)) for path in config.files(patterns)]

    assert found("in/*.csv") == ["in/B.csv", "in/a.csv", "in/b.csv"]
    assert found("in/b.csv", str(tmp_path / "in" / "b.csv"), "in/?.csv") == ["in/B.csv", "in/a.csv", "in/b.csv"]
    assert found("in/**/c.csv") == ["in/deep/er/c.csv"]
    assert found("nothing/*.csv") == []


def test_home_and_database_follow_the_file_unless_the_environment_says_otherwise(tmp_path: Path) -> None:
    environment = written(tmp_path, START)
    config = load(environment)
    assert config.home == tmp_path / ".llm_finops"
    assert config.database_url == f"sqlite:///{tmp_path}/.llm_finops/ledger.sqlite"
    assert config.dagster_home == tmp_path / ".llm_finops" / "dagster"

    elsewhere = load(
        {**environment, "LLM_FINOPS_HOME": str(tmp_path / "x"), "LLM_FINOPS_DATABASE_URL": "postgresql://h/d"}
    )
    assert elsewhere.home == tmp_path / "x"
    assert elsewhere.database_url == "postgresql://h/d"


def test_without_a_file_it_says_where_it_looked_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load({"LLM_FINOPS_CONFIG": str(tmp_path / "no.toml")})

    assert str(caught.value).startswith(f"no configuration at {tmp_path / 'no.toml'}. Run `llm-finops demo`")


def test_a_file_that_is_no_text_is_said_to_be_none(tmp_path: Path) -> None:
    environment = written(tmp_path, START)
    (tmp_path / "finops.toml").write_bytes(b"start_date = \xff")

    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        load(environment)


def test_loading_makes_nothing(tmp_path: Path) -> None:
    read(tmp_path, START + "[providers.openai]\n")

    assert [path.name for path in tmp_path.iterdir()] == ["finops.toml"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:8501", "https://finops.example.com/ai", "http://board:8501/"])
def test_the_addresses_of_pages_are_kept_without_their_last_slash(tmp_path: Path, url: str) -> None:
    config = read(tmp_path, START + f'[reporting]\ndashboard_url = "{url}"\ndagster_url = "{url}"')
    assert config.reporting.dashboard_url == config.reporting.dagster_url == url.rstrip("/")
    assert not config.reporting.customer_names_in_dagster


@pytest.mark.parametrize(
    "url",
    [
        "board",
        "ftp://board.test",
        "javascript:alert(1)",
        "https://",
        "https://a.test/?q=1",
        "https://a.test/#x",
        "https://a.test/<b>",
        "https://a.test/a|b",
        "https://a.test/ b",
        "https://a.test/" + "x" * 300,
    ],
)
def test_an_address_that_nobody_can_open_or_slack_would_read_otherwise_is_refused(tmp_path: Path, url: str) -> None:
    said = refused(tmp_path, START + f'[reporting]\ndashboard_url = "{url}"')
    assert "reporting.dashboard_url: saw" in said
    assert "such as https://finops.example.com" in said
