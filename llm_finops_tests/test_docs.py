"""The pages that people rely on say what the program does."""

import json
import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from llm_finops import connectors
from llm_finops.cli import app
from llm_finops.config import load, tables
from llm_finops.connectors.contract import about, discover
from llm_finops.core.meters import UNITS
from llm_finops.demo.standins.slack import SCOPES
from llm_finops.ledger import schema

ROOT = Path(__file__).parents[1]


def _documented() -> dict[str, set[str]]:
    """{table: the words in backticks of its line} of docs/schema.md."""
    page = (ROOT / "docs" / "schema.md").read_text(encoding="utf-8")
    found = {}
    for line in page.splitlines():
        if match := re.match(r"\| `(\w+)` \|", line):
            found[match[1]] = set(re.findall(r"`(\w+)`", line))
    return found


@pytest.mark.parametrize("table", sorted(schema.METADATA.tables))
def test_every_table_and_column_is_documented(table: str) -> None:
    documented = _documented()
    assert table in documented, f"docs/schema.md says nothing of {table}"
    told = set(documented[table])
    if table == "priced_usage":
        told |= documented["usage"]
    columns = set(schema.METADATA.tables[table].columns.keys()) - {"version_id", "day"}
    assert columns - told == set()


def test_no_table_is_documented_that_is_not_there() -> None:
    assert set(_documented()) == set(schema.METADATA.tables)


def test_every_command_of_the_readme_exists_and_every_command_is_in_it() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    told = set(re.findall(r"llm-finops (\w+)", readme))
    commands = {str(command.name or getattr(command.callback, "__name__", "")) for command in app.registered_commands}
    assert told == commands


def test_every_target_of_the_readme_is_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for page in ("README.md", "CONTRIBUTING.md"):
        for target in set(re.findall(r"(?:`|^)make ([\w-]+)", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{page}: make {target}"


PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_of_ours_leads_to_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)|src=\"([^\"]+)\"", text):
        (path,) = filter(None, target)
        assert "://" in path or (page.parent / path).exists(), f"{page.name} leads to {path}"
    named, given = set(re.findall(r"\]\[(\w+)\]", text)), set(re.findall(r"^\[(\w+)\]: http", text, re.MULTILINE))
    assert named <= given


@pytest.mark.parametrize(
    "table",
    [
        tables.Owner,
        tables.SpreadTable,
        tables.AllocationTable,
        tables.SlackTable,
        tables.Reporting,
        tables.CostFiles,
        tables.InvoiceTable,
        tables.Rates,
        tables.Checks,
        tables.LedgerTable,
    ],
)
def test_every_key_of_the_configuration_is_in_the_readme(table: type[BaseModel]) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, field in table.model_fields.items():
        assert f"`{field.alias or name}`" in readme, f"README, 'Configuration' says nothing of {name}"


def test_the_examples_of_the_readme_are_valid(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", readme, re.DOTALL)
    file = tmp_path / "finops.toml"
    file.write_text(example, encoding="utf-8")
    config = load({"LLM_FINOPS_CONFIG": str(file)})
    assert sorted(config.providers) == ["anthropic", "openai"]
    assert config.settings.rules[0].match == {"api_key": "staging-*"}


def test_the_manifest_asks_for_the_scopes_that_the_page_explains() -> None:
    page = (ROOT / "docs" / "slack.md").read_text(encoding="utf-8")
    (manifest,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    asked = json.loads(manifest)["oauth_config"]["scopes"]["bot"]
    assert asked == re.findall(r"^\| `([\w:]+)`", page, re.MULTILINE)
    assert set(asked) == set(SCOPES.split(","))


def test_every_meter_is_documented_with_its_unit() -> None:
    page = (ROOT / "docs" / "meters.md").read_text(encoding="utf-8")
    told: dict[str, str] = {}
    for line in page.splitlines():
        if match := re.match(r"\| (`\w+`(?:, `\w+`)*) \| (\w+) \|", line):
            told |= dict.fromkeys(re.findall(r"`(\w+)`", match[1]), match[2])
    assert told == UNITS


@pytest.mark.parametrize("provider", sorted(discover(connectors)))
def test_every_provider_has_a_page_that_says_what_its_connector_knows(provider: str) -> None:
    module = discover(connectors)[provider]
    page = (ROOT / "docs" / "providers" / f"{provider}.md").read_text(encoding="utf-8")
    of, options = about(module), module.Options()
    place = of.made_at.partition(",")[0]
    scopes = re.findall(r"[a-z]+[.:][a-z.]+[a-z]", of.scope)

    assert place.startswith("https://")
    assert scopes
    for said in (of.begins, place, options.admin_key_env, options.base_url, "365", *scopes, *of.other_keys):
        assert said in page
    assert f"| `settle_hours` | {options.settle_hours} |" in page
    assert f"docs/providers/{provider}.md" in (ROOT / "README.md").read_text(encoding="utf-8")
    for example in re.findall(r"```toml\n(.*?)```", page, re.DOTALL):
        assert f"[providers.{provider}]" in example
