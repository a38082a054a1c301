"""Which usage a log row speaks of, where a rule or the actor tells some of a place's usage apart."""

import pytest

from llm_finops.core.allocate import Allocated
from llm_finops.core.records import NONE, OPEX, RULE, UNALLOCATED, CostLine, PricedUsage, RequestTotal
from llm_finops.core.settings import RequestSource, Rule, Settings
from llm_finops_tests.core.little_world import OPENAI, costs, line, run, source, total, usage

STAGING = Rule("k4 is staging", {"api_key": "k4"}, environment="staging", cost_class=OPEX)
PRODUCTION = Rule("k0 is production", {"api_key": "k0"}, environment="production")
OURS = Rule("u2 is ours", {"actor": "u2"}, customer="us", cost_class=OPEX)


def used(key: str, count: int = 100, project: str = "p", **known: str) -> PricedUsage:
    return usage(OPENAI, count, count, project=project, api_key=key, model="m", **known)


def bill(nano: int, project: str = "p", **known: str) -> CostLine:
    return line(OPENAI, nano, project=project, model="m", meter="output", **known)


def logged(customer: str, environment: str, count: int = 100, project: str = "p", **known: str) -> RequestTotal:
    output = {"output": (count, count)}
    return total(OPENAI, customer, output, project=project, model="m", environment=environment, **known)


def by_log(
    lines: list[CostLine], rows: list[PricedUsage], log: list[RequestTotal], *rules: Rule, actor: bool = False
) -> Allocated:
    """A day with one log that maps project and model, and no keys."""
    of = RequestSource("log", source("log", "project", "model", *(["actor"] if actor else [])).columns)
    return run(OPENAI, lines, rows, {"log": log}, Settings(requests=(of,), rules=rules))


def kinds(done: Allocated) -> list[str]:
    return [finding.kind for finding in done.findings]


def test_a_rule_on_a_key_takes_no_log_row_of_another_project_away() -> None:
    log = [logged("acme", "staging", 60, "p0"), logged("bob", "production", 40, "p0"), logged("dev", "staging")]
    rows, lines = [used("k0", project="p0"), used("k4")], [bill(100, "p0"), bill(100)]
    done = by_log(lines, rows, log, STAGING)
    assert costs(done, "customer", "environment", "cost_class") == {
        ("acme", "staging", "cogs"): 60,
        ("bob", "production", "cogs"): 40,
        ("dev", "staging", OPEX): 100,
    }
    assert done.findings == []


def test_a_rule_on_usage_takes_no_search_line_its_log_row() -> None:
    searches = line(OPENAI, 100, project="p", model="n", meter="web_search", quantity=5, unit="requests")
    log = [total(OPENAI, "acme", {"web_search": (5, 5)}, project="p", model="n", environment="staging")]
    done = by_log([bill(100), searches], [used("k4")], [*log, logged("dev", "staging")], STAGING)
    assert costs(done, "customer", "environment") == {("acme", "staging"): 100, ("dev", "staging"): 100}


def test_within_a_place_rows_of_the_environment_set_apart_meet_only_the_rules_usage() -> None:
    done = by_log([bill(200)], [used("k0"), used("k4")], [logged("dev", "staging", 150)], STAGING)
    assert costs(done, "customer", "cost_class") == {("dev", OPEX): 100, (UNALLOCATED, "cogs"): 100}
    assert [(finding.kind, finding.amount) for finding in done.findings] == [("log above usage", 50)]


def test_usage_without_quantity_sets_nothing_apart() -> None:
    done = by_log([bill(100)], [used("k0"), used("k4", 0)], [logged("acme", "staging")], STAGING)
    assert costs(done, "customer") == {("acme",): 100}


@pytest.mark.parametrize("rule", [PRODUCTION, STAGING])
def test_a_key_meets_the_environment_a_rule_gives_it_whichever_key_the_rule_is_on(rule: Rule) -> None:
    log = [logged("acme", "production"), logged("dev", "staging")]
    done = by_log([bill(200)], [used("k0"), used("k4")], log, rule)
    assert costs(done, "customer", "environment") == {("acme", "production"): 100, ("dev", "staging"): 100}
    assert done.findings == []


def test_production_by_rule_takes_production_first_and_leaves_the_rest_to_keys_nothing_is_said_of() -> None:
    log = [logged("acme", "production", 150), logged("dev", "staging", 40)]
    done = by_log([bill(200)], [used("k0"), used("k1")], log, PRODUCTION)
    assert costs(done, "customer", "environment") == {
        ("acme", "production"): 150,
        ("dev", "staging"): 40,
        (UNALLOCATED, "production"): 10,
    }
    assert [(row.api_key, row.covered) for row in done.coverage] == [("k0", 100), ("k1", 90)]


def test_a_request_of_no_environment_is_production_where_a_rule_sets_that_apart() -> None:
    log = [logged("acme", NONE), logged("bolt", "production"), logged("dev", "dev")]
    done = by_log([bill(300)], [used("k0", 200), used("k1")], log, PRODUCTION)
    assert costs(done, "customer", "environment") == {
        ("acme", "production"): 100,
        ("bolt", "production"): 100,
        ("dev", "dev"): 100,
    }


def test_a_rule_that_says_production_changes_nothing_in_a_log_that_does_not() -> None:
    log = [logged("acme", NONE), logged("dev", "dev")]
    rows = [used("k0"), used("k1")]
    done, without = by_log([bill(200)], rows, log, PRODUCTION), by_log([bill(200)], rows, log)
    assert costs(done, "customer") == costs(without, "customer") == {("acme",): 100, ("dev",): 100}
    assert done.coverage == without.coverage


def test_log_and_usage_meet_on_the_actor_both_name() -> None:
    log = [logged("acme", NONE, actor="u1"), logged("bob", NONE, actor="u2")]
    rows = [used("k", 200, actor="u1"), used("k", actor="u2")]
    lines = [bill(300)]
    done = by_log(lines, rows, log, actor=True)
    assert costs(done, "customer") == {("acme",): 100, ("bob",): 100, (UNALLOCATED,): 100}
    assert [(row.actor, row.covered) for row in done.coverage] == [("u1", 100), ("u2", 100)]


def test_a_rule_on_an_actor_does_not_go_before_a_log_that_names_him() -> None:
    log = [logged("acme", NONE, actor="u1"), logged("bob", NONE, actor="u2"), logged("cy", NONE)]
    rows = [used("k", actor="u1"), used("k", 200, actor="u2"), used("k")]
    done = by_log([bill(400)], rows, log, OURS, actor=True)
    assert costs(done, "customer", "cost_class") == {
        ("acme", "cogs"): 100,
        ("bob", OPEX): 100,
        ("us", OPEX): 100,  # what the log does not have of u2 is the rule's, and no unnamed actor's
        ("cy", "cogs"): 100,
    }


def test_a_rule_on_an_actor_goes_before_a_log_that_does_not_name_him_there() -> None:
    log = [logged("acme", NONE, 200), logged("bob", NONE, actor="u2", project="q")]
    done = by_log([bill(200)], [used("k", actor="u1"), used("k", actor="u2")], log, OURS, actor=True)
    assert costs(done, "customer", "method")["us", RULE] == 100
    assert costs(done, "customer")["acme",] == 100
    assert kinds(done) == ["log above usage", "logged, not reported"]


@pytest.mark.parametrize("actors", [(NONE, NONE), ("user-1", NONE), ("user-1", "user-2")])
def test_actors_the_other_side_does_not_name_keep_nothing_from_meeting(actors: tuple[str, str]) -> None:
    log = [logged("acme", NONE, actor="ann@example.com"), logged("bob", NONE, 60), logged("cy", NONE, 40, actor="bo")]
    done = by_log([bill(200)], [used(f"k{at}", actor=actor) for at, actor in enumerate(actors)], log, actor=True)
    assert costs(done, "customer") == {("acme",): 100, ("bob",): 60, ("cy",): 40}
    assert done.findings == []


def test_an_actor_logged_above_his_usage_takes_nobody_elses() -> None:
    log = [logged("acme", NONE, 150, actor="u1")]
    done = by_log([bill(200)], [used("k", actor="u1"), used("k", actor="u2")], log, actor=True)
    assert costs(done, "customer") == {("acme",): 100, (UNALLOCATED,): 100}
    assert ["actor u1" in finding.detail for finding in done.findings] == [True]


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_of_two_logs_the_one_that_names_actors_goes_first(names: tuple[str, str]) -> None:
    keen, plain = names
    totals = {keen: [logged("acme", NONE, actor="u1")], plain: [logged("bob", NONE, 60)]}
    known = Settings(requests=(source(keen, "project", "model", "actor"), source(plain, "project", "model")))
    done = run(OPENAI, [bill(200)], [used("k", actor="u1"), used("k", actor="u2")], totals, known)
    assert costs(done, "customer") == {("acme",): 100, ("bob",): 60, (UNALLOCATED,): 40}
    assert [(row.actor, row.covered) for row in done.coverage] == [("u1", 100), ("u2", 60)]
    assert done.findings == []
