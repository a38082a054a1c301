"""Two organizations of one provider: one connector, two accounts that share nothing but its name."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import llm_finops.connectors
from llm_finops.demo.keys import OPENAI
from llm_finops.demo.standins.openai import OpenAI
from llm_finops.demo.standins.server import Answer, Call, serve
from llm_finops.demo.truth import cost_by_key
from llm_finops_tests.pipeline.little import Little

EU, US = "openai-eu", "openai-us"
CUSTOMERS = {EU: "europe", US: "america"}
KEYS = {EU: "sk-admin-canary-eu-4c1d", US: "sk-admin-canary-us-9b7e"}
DAYS = ("2026-11-19", "2026-11-20")
MORNING = "2026-11-23T06:30:00Z"
NEAR = 1_000  # nano-units: each line is rounded by itself


class Organization:
    """A stand-in that notes how many calls it had to answer at once."""

    def __init__(self, account: str) -> None:
        # Only one of them gives costs by key, so that what is found out of one must not be taken for the other's.
        now = datetime.fromisoformat(MORNING).astimezone(UTC)
        self._app = OpenAI(lambda: now, costs_by_key=account == US, admin_key=KEYS[account])
        self._lock = threading.Lock()
        self._now = 0
        self.at_once = 0

    def __call__(self, call: Call) -> Answer:
        with self._lock:
            self._now += 1
            self.at_once = max(self.at_once, self._now)
        try:
            return self._app(call)
        finally:
            with self._lock:
                self._now -= 1


@contextmanager
def company_of_two(root: Path) -> Iterator[tuple[Little, dict[str, Organization]]]:
    company = Little(root / "company", package=llm_finops.connectors)
    company.root.mkdir()
    company.set_clock(MORNING)
    organizations = {account: Organization(account) for account in KEYS}
    toml = [f"start_date = {DAYS[0]}"]
    with ExitStack() as stack:
        for account, organization in organizations.items():
            served = serve(organization)
            stack.callback(served.stop)
            variable = account.upper().replace("-", "_")
            company.environment[variable] = KEYS[account]
            toml += [
                f'[providers.{account}]\nconnector = "openai"\nadmin_key_env = "{variable}"',
                f'base_url = "{served.base_url}/v1"',
                f'[[owners]]\nname = "{account}"\nmatch = {{ account = "{account}" }}',
                f'customer = "{CUSTOMERS[account]}"',
            ]
        (company.root / "finops.toml").write_text("\n".join(toml), encoding="utf-8")
        yield company, organizations


@pytest.mark.slow
def test_two_organizations_of_one_provider_stay_apart(root: Path) -> None:
    with company_of_two(root) as (company, organizations):
        report = company.settle(*DAYS)
        assert (report.ok, report.failed) == (True, [])

        # Both tell of the same projects and keys, by the same ids, and each is booked whole for itself.
        truth = {day: sum(cost_by_key(date.fromisoformat(day), OPENAI).values()) // 10**6 for day in DAYS}
        found = company.rows(
            "select account, scope, day, sum(amount_nano) from current_cost_lines group by 1, 2, 3 order by 1, 2, 3"
        )
        assert [row[:3] for row in found] == [(account, account, day) for account in (EU, US) for day in DAYS]
        assert all(abs(nano - truth[day]) < NEAR for _, _, day, nano in found)
        assert company.rows("select distinct account, customer, method from current_allocations order by 1") == [
            (EU, "europe", "rule"),
            (US, "america", "rule"),
        ]
        ids = {
            account: company.rows(
                "select kind, id, name from current_names where scope = :of order by 1, 2", of=account
            )
            for account in KEYS
        }
        assert ids[EU] == ids[US] != []
        assert company.rows("select distinct account from current_findings where kind = 'coarser grain'") == [(EU,)]
        assert company.rows("select source, outcome, count(*) from loads group by 1, 2 order by 1") == [
            (EU, "whole", 3),
            (US, "whole", 3),
        ]
        assert {organization.at_once for organization in organizations.values()} == {1}


@pytest.mark.slow
def test_one_organization_that_refuses_its_key_is_named_and_leaves_the_other_alone(root: Path) -> None:
    with company_of_two(root) as (company, _):
        company.environment["OPENAI_US"] = KEYS[EU]  # the other organization's key is no key here
        report = company.settle(*DAYS)

        assert not report.ok
        assert {failed.subject for failed in report.failed} == {US}
        assert all(key not in str(report.failed) for key in KEYS.values())
        assert company.rows("select distinct account from current_cost_lines") == [(EU,)]
        details = company.rows("select distinct source from loads where outcome = 'failed'")
        assert details == [(US,)]
