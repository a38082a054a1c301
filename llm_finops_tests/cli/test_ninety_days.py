"""One unreadable amount in ninety days, by the command: what it costs, what Dagster records, what mending reads."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

import dagster as dg
import pytest

from llm_finops.demo.clock import Clock
from llm_finops.demo.standins import openai
from llm_finops.demo.standins.server import serve
from llm_finops.demo.world import Window
from llm_finops_tests.acceptance.playing import documented, rows
from llm_finops_tests.cli.conftest import Command, Spoiled

WINDOW = Window(date(2026, 11, 22), 90)
DAYS = [str(day) for day in WINDOW.dates()]
BAD = "2026-10-14"
# The least a company can start with: a provider's key and one rule; prices are the public list's.
TOML = """
start_date = {first}
[providers.openai]
admin_key_env = "OPENAI_ADMIN_KEY"
base_url = "{url}/v1"
[[owners]]
name = "all of it"
match = {{ account = "openai" }}
customer = "northwind"
"""
BASES = "select day, group_concat(distinct basis) from {} where account = 'openai' group by day"


class Ninety(NamedTuple):
    """Ninety days at a provider that a test may spoil, and the environment the command finds them in."""

    home: Path
    environment: dict[str, str]
    openai: Spoiled

    def materialised(self, asset: str) -> list[str]:
        """The days of an asset that Dagster's own record holds."""
        home = str(self.home / "dagster")
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("DAGSTER_HOME", home)  # by which the storage finds its files
            record = dg.DagsterInstance.from_config(home)
        with record:
            return sorted(record.get_materialized_partitions(dg.AssetKey(asset)))

    def bases(self, view: str) -> dict[str, str]:
        """The basis of each day in a view; where a day has more than one, all."""
        return dict(rows(self.home, BASES.format(view)))


@pytest.fixture
def ninety(tmp_path: Path) -> Iterator[Ninety]:
    clock = Clock(tmp_path / "clock")
    clock.advance_to(datetime(2026, 11, 25, 6, 30, tzinfo=UTC))  # everything is settled
    spoiled = Spoiled(openai.OpenAI(clock.now))
    served = serve(spoiled)
    config = tmp_path / "finops.toml"
    config.write_text(TOML.format(first=WINDOW.first, url=served.base_url), encoding="utf-8")
    named = {"LLM_FINOPS_HOME": tmp_path, "LLM_FINOPS_CONFIG": config, "LLM_FINOPS_CLOCK": clock.path}
    environment = {name: str(path) for name, path in named.items()}
    yield Ninety(tmp_path, {**environment, "OPENAI_ADMIN_KEY": openai.ADMIN_KEY}, spoiled)
    served.stop()


@pytest.mark.slow
def test_a_bad_day_of_ninety_is_estimated_and_after_mending_the_only_one_read(ninety: Ninety, command: Command) -> None:
    ninety.openai.days = {BAD}
    spoiled = command("backfill", "--days", "90", "--to", DAYS[-1], environment=ninety.environment)

    assert spoiled.code == 1
    assert f"failed: openai_cost_lines openai {BAD}: openai (account openai), {BAD}: " in spoiled.err
    assert spoiled.err.count("failed: ") == 1
    good = [day for day in DAYS if day != BAD]
    assert (len(good), ninety.materialised("openai_cost_lines")) == (89, good)
    assert (len(DAYS), ninety.materialised("margins")) == (90, DAYS)
    for view in ("current_cost_lines", "current_allocations"):
        assert ninety.bases(view) == {**dict.fromkeys(DAYS, "reported"), BAD: "estimated"}, view
    _margins_hold_every_cent(ninety)

    ninety.openai.days = set()
    ninety.openai.asked.clear()
    mended = command("backfill", "--missing", "--to", DAYS[-1], environment=ninety.environment)

    assert (mended.code, "failed: " in mended.err) == (0, False)
    assert set(ninety.openai.asked) == {f"costs {BAD} {BAD}"}
    assert ninety.materialised("openai_cost_lines") == DAYS
    for view in ("current_cost_lines", "current_allocations"):
        assert ninety.bases(view) == dict.fromkeys(DAYS, "reported"), view
    _margins_hold_every_cent(ninety)


def _margins_hold_every_cent(ninety: Ninety) -> None:
    assert rows(ninety.home, documented("every cent is allocated")) == []
    assert rows(ninety.home, documented("every cent of cogs is in a margin")) == []
    costs = rows(ninety.home, "select day from current_margins group by day having sum(cost_nano) > 0 order by day")
    assert [day for (day,) in costs] == DAYS
