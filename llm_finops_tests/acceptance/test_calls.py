"""A backfill of ninety days asks the providers little."""

from datetime import date
from pathlib import Path

import pytest

from llm_finops.connectors import _openai_usage as openai_usage
from llm_finops.demo.world import Window
from llm_finops_tests.acceptance.playing import calls_of_backfill

DAYS = 90
REPORTS = (
    *(f"/v1/organization/usage/{name}" for name in openai_usage.REPORTS),
    "/v1/organization/costs",
    "/v1/organizations/analytics/usage",
    "/v1/organizations/analytics/cost",
)


@pytest.mark.slow
def test_ninety_days_take_at_most_a_tenth_of_a_call_a_day_and_report(tmp_path: Path) -> None:
    calls = calls_of_backfill(tmp_path, Window(date(2026, 10, 2), DAYS))
    assert set(REPORTS) <= calls.keys()
    assert sum(calls[path] for path in REPORTS) <= len(REPORTS) * DAYS // 10, calls
    assert all(count < DAYS // 4 for count in calls.values()), calls  # look-ups and refused calls included
