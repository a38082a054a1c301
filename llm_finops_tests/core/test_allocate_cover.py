"""Who used what, and which usage a line stands for: one small day each."""

import pytest

from llm_finops.core.allocate import Allocated
from llm_finops.core.records import (
    INVOICED,
    NONE,
    REPORTED,
    REQUEST_LOG,
    UNALLOCATED,
)
from llm_finops.core.rules import UnknownSourceError
from llm_finops.core.settings import Rule, Settings
from llm_finops_tests.core.little_world import OPENAI, WHOLE, costs, line, run, source, total, usage

LOG = (source("log", *WHOLE),)
M1 = {"project": "p", "api_key": "k", "model": "m1", "service_tier": "standard"}
OUTPUT = line(OPENAI, 1000, project="p", model="m1", meter="output")


def kinds(done: Allocated) -> list[tuple[str, str, int]]:
    return [(finding.kind, finding.subject, finding.amount) for finding in done.findings]


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


@pytest.mark.parametrize("names", [("acme", "bolt"), ("bolt", "acme")])
def test_a_tie_goes_to_the_lesser_bytes_whoever_stands_first(names: tuple[str, str]) -> None:
    logs = {"log": [total(OPENAI, name, {"output": (50, 50)}, **M1) for name in names]}
    done = run(OPENAI, [OUTPUT._replace(amount_nano=1)], [usage(OPENAI, 100, 100, **M1)], logs)
    assert costs(done, "customer") == {("acme",): 1}


def test_a_context_band_is_met_where_usage_and_log_name_the_same() -> None:
    day = [usage(OPENAI, 10, 10, context_band=band, **M1) for band in ("0-200k", "200k-1M")]
    bands = [("acme", "0-200k"), ("bolt", "200k-")]
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


def test_a_line_without_a_tier_leaves_to_the_line_that_names_it_what_is_its_own() -> None:
    day = [usage(OPENAI, 10, 10, **{**M1, "service_tier": tier}) for tier in ("standard", "batch")]
    tiers = {
        tier: total(OPENAI, tier, {"output": (10, 10)}, **{**M1, "service_tier": tier})
        for tier in ("standard", "batch")
    }
    logs = {"log": list(tiers.values())}
    bill = [line(OPENAI, 100, model="m1", meter="output")]
    assert costs(run(OPENAI, bill, day, logs), "customer") == {("standard",): 50, ("batch",): 50}
    bill.append(line(OPENAI, 30, model="m1", meter="output", service_tier="batch"))
    assert costs(run(OPENAI, bill, day, logs), "customer") == {("standard",): 100, ("batch",): 30}


def test_a_null_key_is_a_key_of_its_own_and_any_is_not() -> None:
    day = [usage(OPENAI, 10, 10, **{**M1, "api_key": key}) for key in (NONE, "k")]
    lines = [line(OPENAI, 100, api_key=NONE), line(OPENAI, 10)]
    rules = (Rule("console", {"api_key": "(none)"}, customer="us"), Rule("keys", {"api_key": "*"}, customer="acme"))
    done = run(OPENAI, [*lines, line(OPENAI, 7, meter="other")], day, settings=Settings(rules=rules))
    assert costs(done, "customer") == {("us",): 105, ("acme",): 5, (UNALLOCATED,): 7}


def test_requests_of_another_account_of_the_provider_cover_nothing_here() -> None:
    here = total(OPENAI, "acme", {"output": (100, 100)}, **M1)
    logs = {"log": [here._replace(pool=here.pool._replace(account="openai-eu"))]}
    assert costs(run(OPENAI, [OUTPUT], [usage(OPENAI, 100, 100, **M1)], logs), "customer") == {(UNALLOCATED,): 1000}


def test_a_source_the_settings_lack_is_refused_by_name() -> None:
    with pytest.raises(UnknownSourceError, match="'old': the settings know log"):
        run(OPENAI, [], [], {"old": []})


def test_a_true_up_set_apart_by_a_rule_moves_no_other_line() -> None:
    rows = [total(OPENAI, "acme", {"output": (1, 1)}, environment=name, **M1) for name in ("production", "staging")]
    rule = Rule("team", {"tag.team": "a"}, environment="staging")
    upon = line(OPENAI, 5, meter="input", tags='{"team":"a"}', basis=INVOICED)
    day, logs, known = [usage(OPENAI, 2, 2, **M1)], {"log": rows}, Settings(requests=LOG, rules=(rule,))
    before, after = (run(OPENAI, bill, day, logs, known) for bill in ([OUTPUT], [OUTPUT, upon]))
    assert costs(before, "environment") == {("production",): 500, ("staging",): 500}
    assert costs(after, "environment", "basis")["staging", REPORTED] == 500
