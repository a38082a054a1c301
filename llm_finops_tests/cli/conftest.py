"""The demo's company, small, behind a provider that a test may spoil, and the command line in this process."""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
import stamina

from llm_finops.cli import main
from llm_finops.demo.clock import Clock
from llm_finops.demo.play import company
from llm_finops.demo.standins import Standins
from llm_finops.demo.standins.server import Answer, Call, serve
from llm_finops.demo.world import Window

WINDOW = Window(date(2026, 11, 5), 3)  # early in a month: revenue of a month is made from all its days
AFTER = datetime(2026, 11, 8, 6, 30, tzinfo=UTC)  # everything is settled


class Said(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Command = Callable[..., Said]


@dataclass
class Spoiled:
    """OpenAI's stand-in, with an unreadable amount in the cost report of some days."""

    app: Callable[[Call], Answer]
    days: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def __call__(self, call: Call) -> Answer:
        if start := call.one("start_time"):
            first, until = (datetime.fromtimestamp(int(at or 0), UTC).date() for at in (start, call.one("end_time")))
            self.asked.append(f"{call.path.rpartition('organization/')[2]} {first} {until - timedelta(days=1)}")
        answer = self.app(call)
        if not call.path.endswith("/costs") or answer.status != 200:
            return answer
        body = json.loads(answer.body)
        for bucket in body["data"]:
            if str(datetime.fromtimestamp(bucket["start_time"], UTC).date()) in self.days:
                bucket["results"][0]["amount"]["value"] = "12,50"
        return replace(answer, body=json.dumps(body).encode())


@dataclass
class Lantern:
    """The small demo company: its environment, its stand-ins, and the provider in front of OpenAI's."""

    environment: dict[str, str]
    standins: Standins
    openai: Spoiled


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    """Tries are made as configured, without the pauses between them."""
    with stamina.set_testing(True, attempts=100, cap=True):
        yield


@pytest.fixture(scope="session")
def lantern() -> Iterator[Lantern]:
    """The company, running; every test that books says so, since all share its home."""
    with tempfile.TemporaryDirectory(prefix="llm-finops-") as folder:
        home = Path(folder) / "home"
        Clock(home / "clock").advance_to(AFTER)
        with company(home, WINDOW) as (environment, standins):
            spoiled = Spoiled(standins.openai)
            served = serve(spoiled)
            file = home / "finops.toml"
            toml = file.read_text(encoding="utf-8").replace(standins.openai_url, f"{served.base_url}/v1")
            file.write_text(toml, encoding="utf-8")
            yield Lantern(environment, standins, spoiled)
            served.stop()


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Command]:
    """`llm-finops ARGUMENTS` in this process; `environment` replaces ours."""

    def run(*arguments: str, environment: dict[str, str] | None = None) -> Said:
        monkeypatch.chdir(tmp_path)
        for name in [name for name in os.environ if name.startswith(("LLM_FINOPS", "DAGSTER", "SLACK"))]:
            monkeypatch.delenv(name)
        for name, value in (environment or {}).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["llm-finops", *arguments])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        out, err = capsys.readouterr()
        return Said(code, out, err)

    yield run
    os.environ.pop("DAGSTER_HOME", None)
