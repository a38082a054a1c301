"""An organization gets Anthropic's new interface while it is being read: nothing counts twice."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from llm_finops.demo.world import Window
from llm_finops.pipeline import ingest
from llm_finops.pipeline.work import Work
from llm_finops_tests.acceptance.playing import _working, company, rows

WINDOW = Window(date(2026, 10, 2), 4)
ACCOUNT = "anthropic"
USED = "select day, project, model, meter, sum(quantity) from current_usage group by 1, 2, 3, 4 order by 1, 2, 3, 4"
COST = USED.replace("quantity", "amount_nano").replace("current_usage", "current_cost_lines")
LINES = "select day, count(*), count(distinct api_key) from current_cost_lines group by 1 order by 1"


def read(work: Work, days: Sequence[str]) -> None:
    for step in (ingest.load_usage, ingest.load_costs):
        assert not step(work, ACCOUNT, list(days)).failed()


@pytest.mark.slow
def test_a_switch_in_the_middle_doubles_nothing(tmp_path: Path) -> None:
    company(tmp_path, WINDOW)
    days = [str(day) for day in WINDOW.dates()]
    with _working(tmp_path, WINDOW) as (work, standins):
        standins.anthropic.lacks_analytics = 403
        read(work, days)
        used, cost = rows(tmp_path, USED), rows(tmp_path, COST)
        standins.anthropic.lacks_analytics = None
        read(work, days[2:])
        assert rows(tmp_path, USED) == used
        assert near(rows(tmp_path, COST), cost)
        # Days of the older interface have lines of no key, the others a line for each.
        keys = [of_key > 1 for _, _, of_key in rows(tmp_path, LINES)]
        assert keys == [False, False, True, True]
        standins.anthropic.lacks_analytics = 400
        read(work, days)
        assert (rows(tmp_path, USED), rows(tmp_path, COST)) == (used, cost)
    told = rows(tmp_path, "select distinct subject, day from current_findings where kind = 'older interface'")
    assert sorted(told) == sorted((subject, day) for subject in ("cost", "usage") for day in days)


def near(one: list[tuple[Any, ...]], other: list[tuple[Any, ...]]) -> bool:
    """Equal but for each line's own rounding to a nano-unit."""
    same_places = [row[:-1] for row in one] == [row[:-1] for row in other]
    return same_places and all(abs(a[-1] - b[-1]) <= 10 for a, b in zip(one, other, strict=True))
