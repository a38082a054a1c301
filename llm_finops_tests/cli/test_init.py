"""`llm-finops init`: what it writes is valid, it overwrites nothing, and it asks where there is a terminal."""

import os
import pty
import subprocess
import sys
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from llm_finops.config import Config, load
from llm_finops.recipes import KINDS
from llm_finops_tests.cli.conftest import Command, Said


def config(folder: Path) -> Config:
    return load({"LLM_FINOPS_CONFIG": str(folder / "finops.toml")})


def one_line(said: Said) -> str:
    return " ".join(said.err.replace("│", " ").split())


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_log_gives_a_valid_configuration_and_the_files_that_make_it(
    command: Command, tmp_path: Path, kind: str
) -> None:
    done = command("init", "--provider", "openai", "--log-kind", kind, "--start", "2026-09-01")

    assert done.code == 0
    found = config(tmp_path)
    assert (found.start_date, list(found.providers)) == (date(2026, 9, 1), ["openai"])
    assert list(found.requests) == ([] if kind == "none" else ["gateway"])
    for name in KINDS[kind].files:
        assert (tmp_path / name).read_text(encoding="utf-8")
        assert name in done.out
    assert "export OPENAI_ADMIN_KEY=..." in done.out
    assert "llm-finops doctor" in done.out


def test_several_organizations_get_names_and_variables_of_their_own(command: Command, tmp_path: Path) -> None:
    asked = ("--provider", "openai", "--provider", "anthropic", "--provider", "openai:openai-eu")
    done = command("init", *asked, "--log-kind", "sdk")

    assert done.code == 0
    found = config(tmp_path)
    assert {name: of.options.admin_key_env for name, of in found.providers.items()} == {
        "openai": "OPENAI_ADMIN_KEY",
        "anthropic": "ANTHROPIC_ADMIN_KEY",
        "openai-eu": "OPENAI_EU_ADMIN_KEY",
    }
    # The log does not say which of the two its OpenAI requests belong to: the first, until somebody says otherwise.
    assert found.settings.requests[0].accounts == {"openai": "openai", "anthropic": "anthropic"}


def test_the_columns_of_files_that_are_there_are_looked_up(command: Command, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    names = ["request_id", "ts", "provider", "model", "prompt_tokens", "cached_tokens", "completion_tokens", "tenant"]
    pq.write_table(pa.table({name: ["1"] for name in names}), tmp_path / "logs" / "a.parquet")
    (tmp_path / "money.csv").write_text("client_id;amount;currency;date\nacme;5;EUR;2026-11-01\n", encoding="utf-8")
    done = command("init", "--provider", "openai", "--log", "logs/*.parquet", "--revenue", "money.csv")

    assert done.code == 0
    found = config(tmp_path)
    assert found.requests["gateway"].source.columns == {
        "id": "request_id",
        "time": "ts",
        "provider": "provider",
        "model": "model",
        "customer": "tenant",
        "input_total": "prompt_tokens",
        "input_cache_read": "cached_tokens",
        "output": "completion_tokens",
    }
    assert found.revenue["billing"].columns == {"customer": "client_id", "day": "date"}


def test_a_column_that_no_name_gives_away_is_left_to_name(command: Command, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("when,what,model\n", encoding="utf-8")
    command("init", "--provider", "openai", "--log", "log.csv")
    text = (tmp_path / "finops.toml").read_text(encoding="utf-8")

    assert 'time = "TODO-time"  # name the log\'s column' in text
    assert "# The file has: when, what, model" in text
    assert "# customer = " in text
    assert config(tmp_path).requests["gateway"].source.columns["model"] == "model"


def test_nothing_is_overwritten_silently(command: Command, tmp_path: Path) -> None:
    (tmp_path / "finops.toml").write_text("start_date = 2026-01-01\n", encoding="utf-8")
    (tmp_path / "log_requests.py").write_text("mine = True\n", encoding="utf-8")
    refused = command("init", "--provider", "openai", "--log-kind", "sdk")

    assert refused.code == 2
    assert "finops.toml is there already; --force writes a new one and keeps it beside" in one_line(refused)
    assert (tmp_path / "finops.toml").read_text(encoding="utf-8") == "start_date = 2026-01-01\n"

    forced = command("init", "--provider", "openai", "--log-kind", "sdk", "--force")
    assert forced.code == 0
    assert (tmp_path / "finops.toml.old-1").read_text(encoding="utf-8") == "start_date = 2026-01-01\n"
    assert (tmp_path / "log_requests.py").read_text(encoding="utf-8") == "mine = True\n"
    assert "log_requests.py, which is another than this program's" in forced.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "nobody to ask here: say --provider anthropic --log-kind sdk, for example"),
        (("--provider", "open-ai"), "--provider open-ai: there are connectors for anthropic, openai"),
        (("--provider", "openai", "--provider", "openai"), "two are called 'openai'; name them apart"),
        (("--provider", "openai", "--log-kind", "xml"), "--log-kind xml: expected one of litellm|"),
        (("--provider", "openai", "--log", "log.txt"), "--log log.txt: cannot tell the format"),
        (("--provider", "openai:a.b", "--provider", "openai:a-b"), "are too alike"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_writes_nothing(
    command: Command, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = command("init", *arguments)

    assert done.code == 2
    assert said in one_line(done)
    assert list(tmp_path.iterdir()) == []


def test_at_a_terminal_it_asks(tmp_path: Path) -> None:
    """A real terminal: providers are offered by discovery, kinds with what they are, and no key is asked for."""
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LLM_FINOPS")}
    program = [sys.executable, "-c", "from llm_finops.cli import main; main()", "init"]
    running = subprocess.Popen(program, cwd=tmp_path, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    os.write(ours, b"n\ny\nsdk\n\n\n")
    said = b""
    try:
        while chunk := os.read(ours, 4096):
            said += chunk
    except OSError:
        pass  # the other end has closed, which a terminal tells so
    os.close(ours)

    assert running.wait() == 0
    text = said.decode()
    assert "Do you pay anthropic?" in text
    assert "litellm-table  LiteLLM: an export of its table LiteLLM_SpendLogs" in text
    assert "sk-ant" not in text
    found = config(tmp_path)
    assert (list(found.providers), found.requests["gateway"].paths) == (["openai"], ("logs/*.jsonl",))
