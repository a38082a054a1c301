"""The rungs of the ladder, one small day each."""

import pytest

from llm_finops.core.allocate import Allocated, ConservationError
from llm_finops.core.allocate.conserve import conserve
from llm_finops.core.records import (
    ADJUSTMENT,
    COGS,
    CREDIT,
    EXCLUDED,
    INVOICED,
    NONE,
    OPEX,
    REPORTED,
    REQUEST_LOG,
    RULE,
    SPREAD,
    TAX,
    UNALLOCATED,
    Name,
)
from llm_finops.core.rules import UnknownSourceError
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


def test_a_log_above_the_usage_is_scaled_down_and_told() -> None:
    logs = {"log": [total(OPENAI, name, {"output": (60, 60)}, **M1) for name in ("acme", "bolt")]}
    done = run(OPENAI, [OUTPUT], [usage(OPENAI, 100, 100, **M1)], logs)
    assert costs(done, "customer") == {("acme",): 500, ("bolt",): 500}
    assert kinds(done) == [("log above usage", "log: m1 output", 20)]
    assert "api_key k" in done.findings[0].detail


def test_logged_requests_nobody_reports_are_told_with_their_list_cost() -> None:
    logs = {"log": [total(OPENAI, "acme", {"output": (60, 7)}, **{**M1, "model": "typo"})]}
    done = run(OPENAI, [OUTPUT], [usage(OPENAI, 100, 100, **M1)], logs)
    assert costs(done, "customer") == {(UNALLOCATED,): 1000}
    assert kinds(done) == [("logged, not reported", "log: typo output", 60)]
    assert "0.000000007 USD" in done.findings[0].detail


def test_a_log_without_tiers_is_told_where_usage_has_several() -> None:
    logs = {"log": [total(OPENAI, "acme", {"output": (20, 20)}, project="p", api_key="k", model="m1")]}
    day = [usage(OPENAI, 10, 10, **M1), usage(OPENAI, 10, 5, **{**M1, "service_tier": "batch"})]
    done = run(OPENAI, [OUTPUT], day, logs, Settings(requests=(source("log", "project", "api_key", "model"),)))
    assert costs(done, "customer", "service_tier") == {("acme", NONE): 1000}
    assert kinds(done) == [("tier not logged", "log: m1 output", 20)]


@pytest.mark.parametrize("unknown", [None, 0])
def test_where_list_cost_is_not_known_quantity_is_the_weight_and_told(unknown: int | None) -> None:
    rows = [total(OPENAI, "acme", {"output": (75, unknown)}, **M1), total(OPENAI, "bolt", {"output": (25, 0)}, **M1)]
    done = run(OPENAI, [OUTPUT], [usage(OPENAI, 100, 100, **M1)], {"log": rows})
    assert costs(done, "customer") == {("acme",): 750, ("bolt",): 250}
    assert kinds(done) == [("weights by quantity", "log: m1 output", 1000)]


def test_an_unpriced_usage_row_makes_its_line_go_by_quantity() -> None:
    day = [usage(OPENAI, 30, None, **M1), usage(OPENAI, 10, 990, **{**M1, "model": "m2"})]
    done = run(OPENAI, [line(OPENAI, 400, project="p")], day)
    assert costs(done, "model") == {("m1",): 300, ("m2",): 100}
    assert [kind for kind, _, _ in kinds(done)] == ["weights by quantity"]


def test_a_search_line_with_a_quantity_is_covered_by_the_searches_logged() -> None:
    searches = line(OPENAI, 10_000, project="p", meter="web_search", quantity=100, unit="requests")
    logs = {"log": [total(OPENAI, "acme", {"web_search": (1, 10)}, **M1)]}
    done = run(OPENAI, [searches], [], logs)
    assert costs(done, "customer", "project", "api_key") == {("acme", "p", NONE): 100, (UNALLOCATED, "p", NONE): 9900}
    assert kinds(done) == [("line without usage", "(any), web_search: model (any), meter web_search", 10_000)]
    assert "explain 1 requests" in done.findings[0].detail


@pytest.mark.parametrize(("logged", "taken"), [(10, 10), (99_999, 10_000)])
def test_a_search_line_without_a_quantity_is_covered_by_list_cost_at_most_whole(logged: int, taken: int) -> None:
    logs = {"log": [total(OPENAI, "acme", {"web_search": (1, logged), "output": (1, 5)}, **M1)]}
    done = run(OPENAI, [line(OPENAI, 10_000, project="p", meter="web_search")], [usage(OPENAI, 1, 5, **M1)], logs)
    assert costs(done, "customer").get((UNALLOCATED,), 0) == 10_000 - taken
    assert "line without usage" in [kind for kind, _, _ in kinds(done)]


def test_two_search_lines_share_the_log_they_both_meet() -> None:
    lines = [
        line(OPENAI, amount, project=project, meter="web_search", quantity=quantity, unit="requests")
        for project, amount, quantity in (("p", 1000, 100), ("q", 500, 50))
    ]
    logs = {"log": [total(OPENAI, "acme", {"web_search": (60, 600)}, model="m1")]}
    done = run(OPENAI, lines, [], logs, Settings(requests=(source("log", "model"),)))
    assert costs(done, "customer", "method")[("acme", REQUEST_LOG)] == 600


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


def test_a_true_up_meets_what_the_line_it_corrects_has_met() -> None:
    logs = {"log": [total(OPENAI, name, {"output": (n, n)}, **M1) for name, n in (("acme", 50), ("bolt", 20))]}
    searches = [total(OPENAI, "acme", {"web_search": (1, 10)}, **M1)]
    lines = [OUTPUT, line(OPENAI, 40, project="p", meter="web_search", quantity=4, unit="requests")]
    lines += [each._replace(basis=INVOICED, amount_nano=-each.amount_nano, quantity=None) for each in lines]
    done = run(OPENAI, lines, [usage(OPENAI, 100, 100, **M1)], {"log": logs["log"] + searches})
    assert {at: nano for at, nano in costs(done, "customer", "model").items() if nano} == {}
    assert costs(done, "customer", "basis")["acme", INVOICED] == -510


def test_a_true_up_leaves_a_family_what_it_had() -> None:
    day = [
        usage(OPENAI, 10, nano, meter=meter, **M1) for meter, nano in (("input_uncached", 30), ("input_cache_read", 10))
    ]
    lines = [line(OPENAI, 400, model="m1", meter="input")]
    lines.append(line(OPENAI, 4, model="m1", meter="input_cache_read", basis=INVOICED))
    done = run(OPENAI, lines, day, trace=True)
    assert {(each.basis, each.meter): each.nano for each in done.shares} == {
        (REPORTED, "input_uncached"): 300,
        (REPORTED, "input_cache_read"): 100,
        (INVOICED, "input_cache_read"): 4,
    }


def test_a_reversal_within_a_report_is_not_netted() -> None:
    lines = [line(OPENAI, nano, meter="web_search", line_id=str(nano)) for nano in (1000, -1000)]
    logs = {"log": [total(OPENAI, "acme", {"web_search": (1, 100)}, **M1)]}
    done = run(OPENAI, lines, [], logs, trace=True)
    assert {each.nano for each in done.shares if each.customer == "acme"} == {100, -100}
    assert done.allocations == []


def test_pieces_of_one_group_keep_to_the_rules_of_their_own_keys() -> None:
    day = [usage(OPENAI, 100, 100, **{**M1, "api_key": key}) for key in ("k1", "k2")]
    logs = {"log": [total(OPENAI, NONE, {"output": (200, 200)}, environment="staging", model="m1")]}
    rule = Rule("dev", {"api_key": "k1", "environment": "staging"}, customer="us", cost_class=OPEX)
    done = run(OPENAI, [OUTPUT], day, logs, Settings(requests=(source("log", "model"),), rules=(rule,)))
    assert costs(done, "customer", "cost_class") == {("us", OPEX): 500, (UNALLOCATED, COGS): 500}


@pytest.mark.parametrize("names", [("acme", "bolt"), ("bolt", "acme")])
def test_a_tie_goes_to_the_lesser_bytes_whoever_stands_first(names: tuple[str, str]) -> None:
    logs = {"log": [total(OPENAI, name, {"output": (50, 50)}, **M1) for name in names]}
    done = run(OPENAI, [OUTPUT._replace(amount_nano=1)], [usage(OPENAI, 100, 100, **M1)], logs)
    assert costs(done, "customer") == {("acme",): 1}


def test_a_context_band_is_met_where_usage_and_log_name_the_same() -> None:
    day = [usage(OPENAI, 10, 10, context_band=band, **M1) for band in ("0-200k", "200k-1M")]
    bands = [("acme", "0-200k"), ("bolt", "200k-1M")]
    logs = {"log": [total(OPENAI, name, {"output": (10, 10)}, context_band=band, **M1) for name, band in bands]}
    lines = [line(OPENAI, nano, context_band=band, model="m1") for band, nano in (("0-200k", 100), ("200k-1M", 900))]
    assert costs(run(OPENAI, lines, day, logs), "customer") == {("acme",): 100, ("bolt",): 900}
    coarse = {"log": [row._replace(context_band=NONE) for row in logs["log"]]}
    assert costs(run(OPENAI, lines, day, coarse), "customer") == {("acme",): 500, ("bolt",): 500}


def test_a_cache_write_of_unsaid_life_meets_every_life() -> None:
    day = [usage(OPENAI, 10, 10, meter=f"input_cache_write_{life}", **M1) for life in ("5m", "1h")]
    logs = {"log": [total(OPENAI, "acme", {"input_cache_write": (20, 20)}, **M1)]}
    done = run(OPENAI, [line(OPENAI, 100, model="m1")], day, logs)
    assert costs(done, "customer") == {("acme",): 100}
    assert done.findings == []


def test_a_null_key_is_a_key_of_its_own_and_any_is_not() -> None:
    day = [usage(OPENAI, 10, 10, **{**M1, "api_key": key}) for key in (NONE, "k")]
    lines = [line(OPENAI, 100, api_key=NONE), line(OPENAI, 10)]
    rules = (Rule("console", {"api_key": "(none)"}, customer="us"), Rule("keys", {"api_key": "*"}, customer="acme"))
    done = run(OPENAI, [*lines, line(OPENAI, 7, meter="other")], day, settings=Settings(rules=rules))
    assert costs(done, "customer") == {("us",): 105, ("acme",): 5, (UNALLOCATED,): 7}


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


def test_requests_of_another_account_of_the_provider_cover_nothing_here() -> None:
    here = total(OPENAI, "acme", {"output": (100, 100)}, **M1)
    logs = {"log": [here._replace(pool=here.pool._replace(account="openai-eu"))]}
    assert costs(run(OPENAI, [OUTPUT], [usage(OPENAI, 100, 100, **M1)], logs), "customer") == {(UNALLOCATED,): 1000}


def test_a_rule_meets_a_key_by_its_name() -> None:
    settings = Settings(rules=(Rule("batch", {"api_key": "back-office *"}, customer="acme"),))
    names = (Name("api_key", "k", "back-office [eu]", "p"),)
    done = run(OPENAI, [OUTPUT], [usage(OPENAI, 1, 1, **M1)], settings=settings, names=names)
    assert costs(done, "customer", "rule") == {("acme", "batch"): 1000}


def test_a_source_the_settings_lack_is_refused_by_name() -> None:
    with pytest.raises(UnknownSourceError, match="'old': the settings know log"):
        run(OPENAI, [], [], {"old": []})


def test_shares_that_do_not_add_up_name_account_day_and_line() -> None:
    with pytest.raises(
        ConservationError, match=r"account openai, 2026-11-20: the shares of line x add up to 2 .* expected 3"
    ):
        conserve(OPENAI, "2026-11-20", "line x", 3, 2)
