"""The next mapping of a company that was played: pasted, it takes what it said, and the one after it is another."""

import re

import pytest

from llm_finops.doctor import proposals
from llm_finops_tests.pipeline.little import LOG_TABLE, TOML, Little

OPEN = "select sum(cost_nano) from current_allocations where customer = '(unallocated)' and cost_class = 'cogs'"


def unallocated(company: Little) -> int:
    ((nano,),) = company.rows(OPEN)
    return int(nano or 0)


@pytest.mark.slow
def test_the_rule_as_it_is_pasted_takes_what_it_said(played: Little) -> None:
    general, (proposal,) = proposals(played.environment, played.package)
    before = unallocated(played)

    assert general == "Of 5 days with data, 2026-11-17 to 2026-11-21."
    assert re.fullmatch(r"key k3, account paper: \$[\d.]+ a month; coverage [\d.]+ % → 100\.0 %", proposal.said)
    assert proposal.mapping.unallocated_nano == before
    assert proposal.monthly_nano == proposal.mapping.taken_nano * 30 // 5

    played.configure(proposal.toml.replace("CUSTOMER", "carol"))
    assert played.settle().ok
    assert before - unallocated(played) == proposal.mapping.taken_nano
    assert proposals(played.environment, played.package)[0].startswith("Nothing to map: all cogs name a customer")


@pytest.mark.slow
def test_a_log_that_maps_no_customer_is_told_so_first(played: Little) -> None:
    played.configure(toml=TOML.replace(LOG_TABLE, LOG_TABLE.replace('customer = "customer"\n', "")))
    assert played.settle().ok
    _, mappings = proposals(played.environment, played.package)

    assert mappings[0].said.startswith("the log gateway maps no customer: about $")
    assert mappings[0].toml == ""


def test_without_a_ledger_nothing_is_made(bare: Little) -> None:
    assert proposals(bare.environment, bare.package) == ("Not known yet: nothing is booked.", [])
    assert not bare.home.exists()
