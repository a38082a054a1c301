"""The rungs of the ladder, one small day each."""

import pytest

from llm_finops.core.allocate import Allocated, ConservationError
from llm_finops.core.allocate.conserve import conserve
from llm_finops.core.records import (
    ADJUSTMENT,
    COGS,
    CREDIT,
    EXCLUDED,
    NONE,
    OPEX,
    REQUEST_LOG,
    RULE,
    SPREAD,
    TAX,
    UNALLOCATED,
    Name,
)
from llm_finops.core.settings import Account, Rule, Settings, Spread
from llm_finops_tests.core.little_world import OPENAI, WHOLE, costs, line, run, source, total, usage

LOG = (source("log", *WHOLE),)
M1 = {"project": "p", "api_key": "k", "model": "m1", "service_tier": "standard"}
OUTPUT = line(OPENAI, 1000, project="p", model="m1", meter="output")


def kinds(done: Allocated) -> list[tuple[str, str, int]]:
    return [(finding.kind, finding.subject, finding.amount) for finding in done.findings]


def test_the_covered_part_goes_by_log_and_the_rest_down_the_ladder() -> None:
    logs = {"log": [total(OPENAI, "acme", {"output": (60, 60)}, **M1)]}
    done = run(OPENAI, [OUTPUT], [usage(OPENAI, 100, 100, **M1)], logs)
    assert costs(done, "customer", "feature", "method", "cost_class", "environment") == {
        ("acme", "chat", REQUEST_LOG, COGS, "production"): 600,
        (UNALLOCATED, NONE, "unallocated", COGS, "production"): 400,
    }
    assert [(row.quantity, row.covered) for row in done.coverage] == [(100, 60)]
    assert done.findings == []


def test_scale_gives_what_a_log_left_to_its_customers() -> None:
    logs = {"log": [total(OPENAI, "a", {"output": (30, 30)}, **M1), total(OPENAI, NONE, {"output": (30, 30)}, **M1)]}
    day = [usage(OPENAI, 100, 100, **M1), usage(OPENAI, 100, 100, **{**M1, "api_key": "other"})]
    done = run(OPENAI, [line(OPENAI, 2000, meter="output")], day, logs, Settings(requests=LOG, uncovered="scale"))
    assert costs(done, "customer", "api_key") == {
        ("a", "k"): 700,
        (UNALLOCATED, "k"): 300,
        (UNALLOCATED, "other"): 1000,
    }
    assert [row.covered for row in done.coverage] == [30, 0]


def test_storage_goes_to_rules_whatever_tokens_were_logged() -> None:
    storage = line(OPENAI, 500, project="p", line_item="file storage", meter="other")
    settings = Settings(requests=LOG, rules=(Rule("docs", {"project": "p"}, customer="acme", feature="docs"),))
    logs = {"log": [total(OPENAI, "bolt", {"output": (10, 10)}, **M1)]}
    done = run(OPENAI, [storage, OUTPUT], [usage(OPENAI, 10, 10, **M1)], logs, settings)
    assert costs(done, "customer", "feature", "method", "rule") == {
        ("acme", "docs", RULE, "docs"): 500,
        ("bolt", "chat", REQUEST_LOG, NONE): 1000,
    }


def test_a_logged_request_without_customer_keeps_its_feature_and_environment() -> None:
    rows = [total(OPENAI, NONE, {"output": (40, 40)}, feature="eval", environment="staging", **M1)]
    rows.append(total(OPENAI, "acme", {"output": (60, 60)}, environment="production", **M1))
    settings = Settings(requests=LOG, rules=(Rule("stage", {"environment": "staging"}, cost_class=OPEX),))
    done = run(OPENAI, [OUTPUT], [usage(OPENAI, 100, 100, **M1)], {"log": rows}, settings)
    assert costs(done, "customer", "feature", "environment", "cost_class", "method") == {
        (UNALLOCATED, "eval", "staging", OPEX, "unallocated"): 400,
        ("acme", "chat", "production", COGS, REQUEST_LOG): 600,
    }
    assert [row.covered for row in done.coverage] == [60]


def test_a_rule_names_the_feature_and_leaves_open_for_whom() -> None:
    """A key whose purpose is known and whose customers are not: on every rung, and only where nobody knows better."""
    rules = (
        Rule("helpdesk", {"api_key": "k"}, feature="support"),
        Rule("never met first", {"api_key": "k*"}, feature="other"),
        Rule("owner of m2", {"model": "m2"}, customer="bolt"),
        Rule("owner of m3", {"model": "m3"}, customer="bolt", feature="own"),
    )
    spread = Spread("seats", {"model": "m4"}, {"a": 1, "b": 3})
    rows = [total(OPENAI, "acme", {"output": (50, 50)}, **M1), total(OPENAI, NONE, {"output": (20, 20)}, **M1)]
    rows.append(total(OPENAI, NONE, {"output": (20, 20)}, feature=NONE, **M1))
    used = [usage(OPENAI, 100, 100, **{**M1, "model": model}) for model in ("m1", "m2", "m3", "m4")]
    lines = [line(OPENAI, 1000, project="p", model=model, meter="output") for model in ("m1", "m2", "m3", "m4")]
    done = run(OPENAI, lines, used, {"log": rows}, Settings(requests=LOG, rules=rules, spreads=(spread,)))
    assert costs(done, "model", "customer", "feature") == {
        ("m1", "acme", "chat"): 500,  # the log's word stands
        ("m1", UNALLOCATED, "chat"): 200,
        ("m1", UNALLOCATED, "support"): 300,  # a request without feature, and what was not logged
        ("m2", "bolt", "support"): 1000,
        ("m3", "bolt", "own"): 1000,
        ("m4", "a", "support"): 250,
        ("m4", "b", "support"): 750,
    }
    assert sum(row.covered for row in done.coverage) == 50  # whoever a log names keeps it


def test_the_owner_and_the_label_are_two_walks_and_the_label_holds_on_every_rung() -> None:
    rules = (
        Rule("label", {"api_key": "k"}, environment="staging", cost_class=OPEX),
        Rule("owner", {"api_key": "k*"}, customer="acme", cost_class=COGS),
    )
    logs = {"log": [total(OPENAI, "bolt", {"output": (5, 5)}, environment="production", **M1)]}
    day = [usage(OPENAI, 10, 10, **M1), usage(OPENAI, 10, 10, **{**M1, "api_key": "x"})]
    done = run(OPENAI, [OUTPUT], day, logs, Settings(requests=LOG, rules=rules))
    assert costs(done, "api_key", "customer", "environment", "cost_class") == {
        ("k", "bolt", "staging", OPEX): 250,
        ("k", "acme", "staging", OPEX): 250,
        ("x", UNALLOCATED, "production", COGS): 500,
    }


def test_a_rule_by_tag_reads_the_tags_of_a_line() -> None:
    tagged = line("aws", 70, tags='{"team":"search"}')
    rules = (Rule("team", {"tag.team": "sea*"}, customer="acme"),)
    settings = Settings(accounts=(Account("aws", "aws", kind="costs"),), rules=rules)
    done = run("aws", [tagged, line("aws", 30, line_id="plain")], [], settings=settings)
    assert costs(done, "customer") == {("acme",): 70, (UNALLOCATED,): 30}
    assert done.findings == []


def spread_day(spread: Spread) -> Allocated:
    rules = (Rule("stage", {"environment": "staging"}, cost_class=OPEX),)
    rows = [total("other", name, {"output": (cost, cost)}, **M1) for name, cost in (("acme", 30), ("bolt", 10))]
    rows.append(total("other", "nobody", {"output": (50, 50)}, environment="staging", **M1))
    rows.append(total("other", "abroad", {"output": (50, 50)}, currency="EUR", **M1))
    rows.append(total("other", NONE, {"output": (50, 50)}, **M1))
    settings = Settings(requests=LOG, rules=rules, spreads=(spread,))
    return run(OPENAI, [line(OPENAI, 1000, meter="other", project="p")], [], {"log": rows}, settings)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("usage", {"acme": 750, "bolt": 250}),
        ("even", {"abroad": 334, "acme": 333, "bolt": 333}),
        ({"x": 1, "y": 3}, {"x": 250, "y": 750}),
    ],
)
def test_a_spread_shares_out_by_usage_evenly_or_by_fixed_shares(
    by: str | dict[str, int], expected: dict[str, int]
) -> None:
    done = spread_day(Spread("platform", {"project": "p"}, by))
    got = {customer: nano for (customer,), nano in costs(done, "customer").items()}
    assert got == expected
    assert {(row.method, row.rule, row.feature) for row in done.allocations} == {(SPREAD, "platform", NONE)}


def test_a_spread_on_a_day_without_usage_goes_on_and_is_told() -> None:
    settings = Settings(requests=LOG, spreads=(Spread("platform", {}),))
    done = run(OPENAI, [line(OPENAI, 1000, meter="other")], [], {}, settings)
    assert costs(done, "customer") == {(UNALLOCATED,): 1000}
    assert ("spread without usage", "platform", 1000) in kinds(done)


def test_taxes_and_credits_are_excluded_unless_configured_in() -> None:
    lines = [OUTPUT] + [line(OPENAI, n, charge_category=c, line_id=c) for c, n in ((TAX, 190), (CREDIT, -50))]
    lines.append(line(OPENAI, 20, charge_category=ADJUSTMENT, line_id="adjustment"))
    logs = {"log": [total(OPENAI, "acme", {"output": (10, 10)}, **M1)]}
    day = [usage(OPENAI, 10, 10, **M1)]
    done = run(OPENAI, lines, day, logs)
    assert costs(done, "customer", "cost_class") == {("acme", COGS): 1020, (UNALLOCATED, EXCLUDED): 140}
    done = run(OPENAI, lines, day, logs, Settings(requests=LOG, allocate_tax=True, allocate_credit=True))
    assert costs(done, "customer", "cost_class") == {("acme", COGS): 1160}


def test_pieces_of_one_group_keep_to_the_rules_of_their_own_keys() -> None:
    day = [usage(OPENAI, 100, 100, **{**M1, "api_key": key}) for key in ("k1", "k2")]
    logs = {"log": [total(OPENAI, NONE, {"output": (200, 200)}, environment="staging", model="m1")]}
    rule = Rule("dev", {"api_key": "k1", "environment": "staging"}, customer="us", cost_class=OPEX)
    done = run(OPENAI, [OUTPUT], day, logs, Settings(requests=(source("log", "model"),), rules=(rule,)))
    assert costs(done, "customer", "cost_class") == {("us", OPEX): 500, (UNALLOCATED, COGS): 500}


def test_the_trace_adds_up_to_lines_and_to_allocations() -> None:
    logs = {"log": [total(OPENAI, "acme", {"output": (60, 60)}, **M1)]}
    day = [usage(OPENAI, 100, 100, actor=actor, **M1) for actor in ("ann", "bob")]
    done = run(OPENAI, [OUTPUT], day, logs, trace=True)
    assert sum(share.nano for share in done.shares if share.line_id == OUTPUT.line_id) == 1000
    assert {(s.customer, s.actor, s.method, s.nano) for s in done.shares} == {
        ("acme", "(any)", REQUEST_LOG, 300),
        (UNALLOCATED, "ann", "unallocated", 350),
        (UNALLOCATED, "bob", "unallocated", 350),
    }
    assert run(OPENAI, [OUTPUT], day, logs).shares == []


def test_a_rule_meets_a_key_by_its_name() -> None:
    settings = Settings(rules=(Rule("batch", {"api_key": "back-office *"}, customer="acme"),))
    names = (Name("api_key", "k", "back-office [eu]", "p"),)
    done = run(OPENAI, [OUTPUT], [usage(OPENAI, 1, 1, **M1)], settings=settings, names=names)
    assert costs(done, "customer", "rule") == {("acme", "batch"): 1000}


def test_shares_that_do_not_add_up_name_account_day_and_line() -> None:
    with pytest.raises(
        ConservationError, match=r"account openai, 2026-11-20: the shares of line x add up to 2 .* expected 3"
    ):
        conserve(OPENAI, "2026-11-20", "line x", 3, 2)


def test_tags_of_a_log_are_met_by_rules_and_the_rest_of_a_line_keeps_its_own() -> None:
    tags = ('{"team":"search"}', '{"team":"chat"}', None)
    rows = [total(OPENAI, NONE, {"output": (20, 20)}, **M1)._replace(tags=of) for of in tags]
    rows.append(total(OPENAI, "acme", {"output": (20, 20)}, **M1)._replace(tags=tags[0]))
    rules = (
        Rule("search", {"tag.team": "sea*", "project": "p"}, customer="s"),
        Rule("search is ours", {"tag.team": "search"}, cost_class=OPEX),
    )
    done = run(OPENAI, [OUTPUT], [usage(OPENAI, 100, 100, **M1)], {"log": rows}, Settings(requests=LOG, rules=rules))
    assert costs(done, "customer", "method", "rule", "cost_class") == {
        ("s", RULE, "search", OPEX): 200,
        ("acme", REQUEST_LOG, NONE, OPEX): 200,
        (UNALLOCATED, "unallocated", NONE, COGS): 600,
    }


def test_pieces_that_a_logs_tag_parts_are_not_split_together() -> None:
    log = source("log", "model")  # it knows no project, so both projects meet it in one group
    rows = [total(OPENAI, NONE, {"output": (100, 100)}, model="m1")._replace(tags='{"team":"x"}')]
    day = [usage(OPENAI, 50, 50, **{**M1, "project": project}) for project in ("p", "q")]
    settings = Settings(requests=(log,), rules=(Rule("x of p", {"tag.team": "x", "project": "p"}, customer="acme"),))
    done = run(OPENAI, [line(OPENAI, 1000, model="m1", meter="output")], day, {"log": rows}, settings)
    assert costs(done, "customer") == {("acme",): 500, (UNALLOCATED,): 500}


def test_a_tag_that_no_rule_reads_changes_nothing() -> None:
    rows = [total(OPENAI, name, {"output": (33, 33)}, **M1) for name in ("a", "b", "c")]
    tagged = [row._replace(tags=f'{{"n":"{n}"}}') for n, row in enumerate(rows)]
    asked = (OPENAI, [OUTPUT], [usage(OPENAI, 100, 100, **M1)])
    assert run(*asked, {"log": rows}) == run(*asked, {"log": tagged})
