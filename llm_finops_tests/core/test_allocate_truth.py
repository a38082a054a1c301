"""Allocations against a day whose truth is known for each request (little_world)."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from llm_finops.core.records import COGS, NONE, OPEX, UNALLOCATED, CostLine, Name
from llm_finops.core.settings import Rule, Settings
from llm_finops_tests.core.little_world import (
    ANTHROPIC,
    FAMILY,
    OPENAI,
    WHOLE,
    Day,
    Request,
    costs,
    made_up,
    run,
    source,
)

SEEDS = (1, 2, 3)
NOISE = 100  # nano-units of any customer and day: rounding, nothing else

BY = {OPENAI: ("project", "model"), ANTHROPIC: ("project", "api_key", "model")}


def bill(day: Day) -> list[CostLine]:
    return day.lines(BY[day.account])


def worst_error(got: dict[tuple[str, ...], int], truth: dict[str, Fraction]) -> Fraction:
    given = {customer: nano for (customer, *_), nano in got.items()}
    return max(abs(given.get(at, 0) - truth.get(at, Fraction(0))) for at in given.keys() | truth.keys())


def by_meter(_model: str, meter: str) -> Fraction:
    return Fraction(7, 10) if meter == "input_cache_read" else Fraction(93, 100)


def by_model(model: str, _meter: str) -> Fraction:
    return {"m1": Fraction(1), "m2": Fraction(9, 10), "m3": Fraction(83, 100)}[model]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("account", [OPENAI, ANTHROPIC])
@pytest.mark.parametrize("contract", [by_model, by_meter])
@pytest.mark.parametrize("mapped", [WHOLE, ("project", "model", "service_tier"), ("model", "service_tier")])
def test_a_whole_log_gives_every_customer_their_true_cost(
    account: str, contract: Callable[[str, str], Fraction], mapped: tuple[str, ...], seed: int
) -> None:
    day = replace(made_up(account, seed), contract=contract)
    done = run(
        account, bill(day), day.usage(), {"log": day.totals(mapped)}, Settings(requests=(source("log", *mapped),))
    )
    assert worst_error(costs(done, "customer"), day.truth()) <= NOISE
    assert done.findings == []
    assert all(row.covered == row.quantity for row in done.coverage)


def test_a_log_without_keys_books_no_key_it_does_not_know() -> None:
    day = made_up(OPENAI, 1)
    mapped = ("project", "model", "service_tier")
    done = run(
        OPENAI, bill(day), day.usage(), {"log": day.totals(mapped)}, Settings(requests=(source("log", *mapped),))
    )
    assert {key for (key,) in costs(done, "api_key")} == {NONE}
    assert {project for (project,) in costs(done, "project")} == {"p0", "p1", "p2"}


@pytest.mark.parametrize("seed", SEEDS)
def test_an_input_line_beside_a_cached_input_line_covers_what_the_other_leaves(seed: int) -> None:
    day = replace(made_up(OPENAI, seed), contract=by_meter)
    lines = day.lines(BY[OPENAI], FAMILY)
    done = run(OPENAI, lines, day.usage(), {"log": day.totals(WHOLE)})
    assert worst_error(costs(done, "customer"), day.truth()) <= NOISE


def test_one_input_line_for_both_is_split_at_the_accounts_own_prices() -> None:
    day = replace(made_up(OPENAI, 1), contract=by_meter, price_at=by_meter)
    lines = day.lines(BY[OPENAI], dict.fromkeys(["input_uncached", "input_cache_read"], "input"))
    done = run(OPENAI, lines, day.usage(), {"log": day.totals(WHOLE)})
    assert worst_error(costs(done, "customer"), day.truth()) <= NOISE


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
@pytest.mark.parametrize("account", [OPENAI, ANTHROPIC])
def test_two_logs_of_different_grain_each_cover_what_the_other_leaves(account: str, names: tuple[str, str]) -> None:
    day = made_up(account, 4)
    keyed, keyless = names
    coarse = ("model", "service_tier")
    day.requests = [r for r in day.requests if r.api_key in {"k0", "k1", "k2"}]
    totals = {
        keyed: day.totals(WHOLE, lambda r: r.api_key == "k0"),
        keyless: day.totals(coarse, lambda r: r.api_key != "k0"),
    }
    settings = Settings(requests=(source(keyed, *WHOLE), source(keyless, *coarse)))
    done = run(account, bill(day), day.usage(), totals, settings)
    assert worst_error(costs(done, "customer"), day.truth()) <= NOISE
    assert done.findings == []


def test_a_line_with_an_alias_of_the_model_meets_its_usage() -> None:
    day = made_up(OPENAI, 5)
    lines = [line._replace(model=line.model.replace("m1", "m-one")) for line in bill(day)]
    settings = Settings(requests=(source("log", *WHOLE),), aliases={"m-one": "m1"})
    done = run(OPENAI, lines, day.usage(), {"log": day.totals(WHOLE)}, settings)
    assert worst_error(costs(done, "customer"), day.truth()) <= NOISE


def test_a_log_that_names_keys_and_projects_by_name_meets_their_ids() -> None:
    day = made_up(ANTHROPIC, 6)
    called = {"k0": "prod", "k1": "prod", "k2": "assistant", "k3": "k3", "k4": "batch"}
    of = {r.api_key: r.project for r in day.requests}
    names = [Name("api_key", key, name, of[key]) for key, name in called.items()]
    names += [Name("project", f"p{n}", f"Project {n}", NONE) for n in range(3)]
    says = {name.id: name.name for name in names}
    totals = [
        row._replace(pool=row.pool._replace(project=says[row.pool.project], api_key=says[row.pool.api_key]))
        for row in day.totals(WHOLE)
    ]
    done = run(ANTHROPIC, bill(day), day.usage(), {"log": totals}, names=names)
    assert worst_error(costs(done, "customer"), day.truth()) <= NOISE
    assert done.findings == []


@pytest.mark.parametrize("account", [OPENAI, ANTHROPIC])
def test_a_key_that_is_not_logged_is_unallocated_exactly(account: str) -> None:
    day = made_up(account, 7)
    done = run(account, bill(day), day.usage(), {"log": day.totals(WHOLE, lambda r: r.api_key != "k3")})
    truth = day.truth(lambda r: r.api_key != "k3")
    truth[UNALLOCATED] = sum(day.truth(lambda r: r.api_key == "k3").values(), Fraction(0))
    assert worst_error(costs(done, "customer"), truth) <= NOISE
    assert {key for key, customer in costs(done, "api_key", "customer") if customer == UNALLOCATED} == {"k3"}


@pytest.mark.parametrize("account", [OPENAI, ANTHROPIC])
def test_what_a_log_missed_is_unallocated_and_nobody_else_moves(account: str) -> None:
    day = made_up(account, 8)

    def logged(request: Request) -> bool:
        return request.meters["output"] % 10 < 6

    done = run(account, bill(day), day.usage(), {"log": day.totals(WHOLE, logged)})
    truth = day.truth(logged)
    truth[UNALLOCATED] = sum(day.truth(lambda r: not logged(r)).values(), Fraction(0))
    assert worst_error(costs(done, "customer"), truth) <= NOISE
    assert sum(row.covered for row in done.coverage) == sum(sum(r.meters.values()) for r in day.requests if logged(r))


def at_keys(*keys: str) -> Callable[[Request], bool]:
    return lambda request: request.api_key in keys


KEYLESS = ("project", "model", "service_tier")
NORMAL = ("production", COGS)
STAGING = Rule("staging", {"api_key": "k4"}, environment="staging", cost_class=OPEX)
ASSISTANT = Rule("assistant", {"api_key": "k2"}, customer="us", cost_class=OPEX)
PARTNER = Rule("partner", {"api_key": "k3"}, customer="them")


@pytest.mark.parametrize("mapped", [KEYLESS, ("model", "service_tier")])
def test_a_key_rule_goes_before_a_log_that_cannot_see_its_key(mapped: tuple[str, ...]) -> None:
    day = made_up(OPENAI, 9)
    ours = {"k2": "us", "k3": "them", "k4": UNALLOCATED}
    settings = Settings(requests=(source("log", *mapped),), rules=(STAGING, ASSISTANT, PARTNER))
    totals = day.totals(mapped, lambda r: r.api_key not in ours)
    done = run(OPENAI, bill(day), day.usage(), {"log": totals}, settings)
    truth = day.truth(lambda r: r.api_key not in ours)
    for key, customer in ours.items():
        truth[customer] = sum(day.truth(at_keys(key)).values(), Fraction(0))
    assert worst_error(costs(done, "customer"), truth) <= NOISE
    assert {at for at in costs(done, "customer", "environment", "cost_class") if at[2] == OPEX} == {
        (UNALLOCATED, "staging", OPEX),
        ("us", "production", OPEX),
    }


def test_a_staging_key_meets_only_the_staging_rows_of_a_log_without_keys() -> None:
    day = made_up(OPENAI, 10)
    day.requests = [replace(r, environment="staging" if r.api_key == "k4" else "production") for r in day.requests]
    settings = Settings(requests=(source("log", *KEYLESS),), rules=(STAGING,))
    done = run(OPENAI, bill(day), day.usage(), {"log": day.totals(KEYLESS)}, settings)
    for keys, cost_class in ((("k4",), OPEX), (("k0", "k1", "k2", "k3"), COGS)):
        got = {at[:1]: nano for at, nano in costs(done, "customer", "cost_class").items() if at[1] == cost_class}
        assert worst_error(got, day.truth(at_keys(*keys))) <= NOISE
    assert done.findings == []


def test_a_key_rule_leaves_the_same_environment_of_other_projects_to_the_log() -> None:
    day = made_up(OPENAI, 11)
    staging = {"k2", "k4"}  # k2 is in a project of its own, which the log names
    day.requests = [replace(r, environment="staging" if r.api_key in staging else "production") for r in day.requests]
    settings = Settings(requests=(source("log", *KEYLESS),), rules=(STAGING,))
    done = run(OPENAI, bill(day), day.usage(), {"log": day.totals(KEYLESS)}, settings)
    for keys, label in ((("k4",), ("staging", OPEX)), (("k2",), ("staging", COGS)), (("k0", "k1", "k3"), NORMAL)):
        found = costs(done, "customer", "environment", "cost_class").items()
        assert worst_error({at[:1]: nano for at, nano in found if at[1:] == label}, day.truth(at_keys(*keys))) <= NOISE
    assert done.findings == []


def test_a_key_that_is_production_by_rule_meets_only_production_of_a_log_that_names_it() -> None:
    day = made_up(OPENAI, 12)
    day.requests = [replace(r, environment="dev" if r.api_key == "k4" else "production") for r in day.requests]
    rules = tuple(Rule(key, {"api_key": key}, environment="production") for key in ("k0", "k1", "k2", "k3"))
    settings = Settings(requests=(source("log", "model", "service_tier"),), rules=rules)
    done = run(OPENAI, bill(day), day.usage(), {"log": day.totals(("model", "service_tier"))}, settings)
    for keys, environment in ((("k4",), "dev"), (("k0", "k1", "k2", "k3"), "production")):
        found = costs(done, "customer", "environment").items()
        got = {at[:1]: nano for at, nano in found if at[1] == environment}
        assert worst_error(got, day.truth(at_keys(*keys))) <= NOISE
    assert done.findings == []
