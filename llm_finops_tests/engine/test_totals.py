"""What a day of a request log comes to: each rule by a row or two that it is about."""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from llm_finops.core.records import NONE, Finding, Price
from llm_finops.engine import DayTotals, Workspace
from llm_finops_tests.engine.made import COLUMNS, DAY, NOON, PRICES, one_day, price, row, run, source, write


def kinds(answer: DayTotals) -> dict[str, int]:
    return {finding.kind: finding.amount for finding in answer.findings}


def found(answer: DayTotals, kind: str) -> Finding:
    (finding,) = [finding for finding in answer.findings if finding.kind == kind]
    return finding


def test_an_operation_is_counted_once_in_the_row_of_its_last_request(tmp_path: Path) -> None:
    first = row(request_id="r1", op="o1", status="error", ts=f"{DAY}T10:00:00Z")
    retry = row(request_id="r2", op="o1", status="ok", ts=f"{DAY}T10:00:05Z")
    alone = row(request_id="r3", op=None, status="ok")
    answer = one_day(tmp_path, [retry, first, alone])
    assert {(t.status, t.requests, t.operations) for t in answer.totals} == {("error", 1, 0), ("ok", 2, 2)}


def test_failed_requests_count_with_the_input_they_are_billed_for(tmp_path: Path) -> None:
    (total,) = one_day(tmp_path, [row(status="error", completion=0)]).totals
    assert (total.status, total.meters, total.list_cost_nano) == ("error", '{"input_uncached":[100,300000]}', 300_000)


def test_the_price_is_the_one_in_force_at_the_time_of_the_request(tmp_path: Path) -> None:
    prices = [price("output", 15, valid_until=NOON), price("output", 30, valid_from=NOON)]
    before, after = row(ts=f"{DAY}T11:59:59.999999Z"), row(request_id="r2", ts=NOON)
    (total,) = one_day(tmp_path, [before, after], prices=[*PRICES[:2], *prices]).totals
    assert json.loads(total.meters)["output"] == [20, 10 * 15_000 + 10 * 30_000]


def test_above_the_band_every_token_costs_the_band_s_price(tmp_path: Path) -> None:
    banded = [price("input_uncached", 1, context_band="0-200k"), price("input_uncached", 2, context_band="200k-")]
    banded += [price("input_cache_read", 1), price("output", 1)]
    exactly, above = row(prompt=200_000, cached=150_000), row(request_id="r2", prompt=200_001, cached=150_000)
    answer = one_day(tmp_path, [exactly, above], prices=banded)
    costs = {t.context_band: json.loads(t.meters)["input_uncached"] for t in answer.totals}
    assert costs == {"0-200k": [50_000, 50_000_000], "200k-": [50_001, 100_002_000]}


def test_an_unknown_model_is_unpriced_and_never_free(tmp_path: Path) -> None:
    answer = one_day(tmp_path, [row(), row(request_id="r2", model="gpt-9")])
    unknown = next(t for t in answer.totals if t.pool.model == "gpt-9")
    assert (unknown.pool.currency, unknown.list_cost_nano) == (NONE, None)
    assert unknown.meters == '{"input_uncached":[100,null],"output":[10,null]}'
    unpriced = [(f.subject, f.unit, f.amount) for f in answer.findings if f.kind == "unpriced"]
    assert unpriced == [
        ("openai gpt-9 standard input_uncached", "tokens", 100),
        ("openai gpt-9 standard output", "tokens", 10),
    ]
    assert kinds(answer)["list cost unknown"] == 1
    assert [(q.grouping, q.key, q.requests) for q in answer.quantiles if q.grouping == "all"] == [("all", "(all)", 1)]


def test_another_tier_s_price_is_never_taken(tmp_path: Path) -> None:
    (total,) = one_day(tmp_path, [row(tier="flex")]).totals
    assert (total.pool.service_tier, total.list_cost_nano) == ("flex", None)


def test_a_log_without_tiers_is_weighed_as_standard_and_says_so(tmp_path: Path) -> None:
    columns = {ours: theirs for ours, theirs in COLUMNS.items() if ours != "service_tier"}
    answer = one_day(tmp_path, [row(tier="flex")], source=source(columns))
    assert answer.totals[0].pool.service_tier == NONE
    assert answer.totals[0].list_cost_nano == 300_000 + 150_000
    assert found(answer, "priced as standard").amount == 1


def test_missing_tokens_are_not_zero_tokens(tmp_path: Path) -> None:
    aborted, empty = row(completion=None), row(request_id="r2", prompt=0, completion=0)
    answer = one_day(tmp_path, [aborted, empty])
    (total,) = answer.totals
    assert (total.requests, total.meters) == (2, '{"input_uncached":[100,300000]}')
    assert found(answer, "tokens missing").amount == 1
    (overall,) = [q for q in answer.quantiles if q.grouping == "all"]
    assert (overall.requests, overall.max_nano) == (1, 0), "only the request that says 0 is known to cost 0"


def test_the_same_row_twice_is_one_request(tmp_path: Path) -> None:
    a, b = write(tmp_path / "a.csv", [row(), row()]), write(tmp_path / "b.jsonl", [row()])
    (answer,) = run(tmp_path, [a, b])
    assert (answer.rows, answer.duplicates, answer.totals[0].requests) == (3, 2, 1)


def test_of_one_id_with_other_content_the_later_is_kept_and_the_other_shown(tmp_path: Path) -> None:
    early, late = row(completion=10), row(completion=20, ts=f"{DAY}T10:00:01Z")
    answer = one_day(tmp_path, [late, early, early])
    assert [json.loads(t.meters)["output"][0] for t in answer.totals] == [20]
    assert (answer.rows, answer.duplicates) == (3, 1)
    assert [(bad.reason, bad.detail) for bad in answer.quarantined] == [("conflict", "id r1")]


def test_of_two_at_the_same_time_the_greater_bytes_are_kept(tmp_path: Path) -> None:
    answer = one_day(tmp_path, [row(customer="b"), row(customer="a")])
    assert [t.customer for t in answer.totals] == ["b"]


def test_an_id_is_of_its_provider_and_parts_are_not_joined(tmp_path: Path) -> None:
    rows = [row(provider="a-b", request_id="c"), row(provider="a", request_id="b-c"), row(provider="b", request_id="c")]
    answer = one_day(tmp_path, rows)
    assert (sum(t.requests for t in answer.totals), answer.duplicates, answer.quarantined) == (3, 0, [])


def test_requests_without_an_id_are_each_their_own_and_flagged(tmp_path: Path) -> None:
    answer = one_day(tmp_path, [row(request_id=None), row(request_id=None)])
    assert (answer.totals[0].requests, answer.duplicates) == (2, 0)
    assert found(answer, "no request id").amount == 2


def test_names_are_kept_byte_for_byte_and_alike_ones_are_shown(tmp_path: Path) -> None:
    names = ["Zoë", "Zoe\u0308", "zoë ", "Robert'); DROP TABLE costs;--", "$$"]
    answer = one_day(tmp_path, [row(request_id=name, customer=name) for name in names])
    assert {t.customer for t in answer.totals} == set(names)
    assert found(answer, "names alike").amount == 3


def test_a_blank_cell_names_nobody(tmp_path: Path) -> None:
    answer = one_day(tmp_path, [row(customer="  ", feature=None, project="NULL")])
    (total,) = answer.totals
    assert (total.customer, total.feature, total.pool.project) == (NONE, NONE, NONE)


def test_our_own_words_are_no_customers(tmp_path: Path) -> None:
    answer = one_day(tmp_path, [row(customer="(unallocated)")])
    assert [bad.reason for bad in answer.quarantined] == ["reserved word in customer"]


def test_a_nul_character_is_quarantined_and_spelt_out(tmp_path: Path) -> None:
    (answer,) = run(tmp_path, [write(tmp_path / "a.jsonl", [row(customer="a\0b")])])
    assert [(bad.reason, bad.detail) for bad in answer.quarantined] == [
        ("NUL character in customer", "id r1: saw a\\0b")
    ]


def test_tokens_that_are_no_whole_number_are_quarantined_with_what_was_seen(tmp_path: Path) -> None:
    odd = ["-5", "NaN", "Infinity", "1e3", "1.5", "1_000", "+5", " 12 ", "1,234", "١٢", str(2**63), "9" * 5000]
    answer = one_day(tmp_path, [row(request_id=str(i), completion=seen) for i, seen in enumerate(odd)])
    assert len(answer.quarantined) == len(odd)
    assert {bad.reason for bad in answer.quarantined} == {"output is not a whole number from 0 to 2^63-1"}
    assert "id 0: saw -5" in {bad.detail for bad in answer.quarantined}
    assert max(len(bad.detail) for bad in answer.quarantined) < 200


def test_the_largest_numbers_stay_exact(tmp_path: Path) -> None:
    rows = [row(request_id=str(i), completion=n, model="gpt-9") for i, n in enumerate([2**53 + 1, 2**62])]
    (total,) = one_day(tmp_path, rows).totals
    assert json.loads(total.meters)["output"] == [2**53 + 1 + 2**62, None]


def test_a_day_whose_sums_fit_no_column_is_refused_and_does_not_wrap(tmp_path: Path) -> None:
    rows = [row(request_id=str(i), completion=2**63 - 1, model="gpt-9") for i in range(2)]
    path = write(tmp_path / "log.csv", [*rows, row(ts="2026-09-02T00:00:00Z")])
    refused, fine = run(tmp_path, [path], [DAY, "2026-09-02"])
    assert "requests.gateway" in refused.refused
    assert "64-bit" in refused.refused
    assert refused.totals == []
    assert (fine.refused, len(fine.totals)) == ("", 1)


def test_a_cost_that_no_column_can_hold_is_quarantined(tmp_path: Path) -> None:
    dear = row(request_id="r2", completion=2**63 - 1)
    answer = one_day(tmp_path, [row(), dear, {**dear, "request_id": "r3", "prompt": None}])
    assert [(bad.reason, bad.detail) for bad in answer.quarantined] == [
        ("list cost beyond 64 bits", "id r2"),
        ("list cost beyond 64 bits", "id r3"),
    ]
    assert answer.totals[0].requests == 1


def test_more_cache_than_input_is_a_contradiction(tmp_path: Path) -> None:
    answer = one_day(tmp_path, [row(prompt=10, cached=11)])
    assert [bad.reason for bad in answer.quarantined] == ["input_total is less than its parts"]


def test_aliases_are_applied_at_reading(tmp_path: Path) -> None:
    answer = one_day(tmp_path, [row(model="our-gpt"), row(request_id="r2")], aliases={"our-gpt": "gpt"})
    assert [(t.pool.model, t.requests) for t in answer.totals] == [("gpt", 2)]


def test_the_price_book_is_asked_for_the_pairs_of_the_log_only(tmp_path: Path) -> None:
    asked: list[tuple[str, str]] = []

    def look_up(pairs: Collection[tuple[str, str]]) -> Sequence[Price]:
        asked.extend(pairs)
        return PRICES

    answer = one_day(
        tmp_path,
        [row(), row(request_id="r2", model="gpt-9"), row(request_id="r3", completion=-1, model="x")],
        prices=look_up,
    )
    assert asked == [("openai", "gpt"), ("openai", "gpt-9")]
    assert answer.totals[0].list_cost_nano == 450_000


def test_whose_a_row_is_comes_from_the_log_or_from_the_source(tmp_path: Path) -> None:
    one = {k: v for k, v in COLUMNS.items() if k != "provider"}
    sole = source(one, accounts={"anthropic": "main"})
    assert one_day(tmp_path, [row()], source=sole).totals[0].pool[:2] == ("main", "anthropic")
    named = source({**one, "account": "project"}, accounts={})
    space = Workspace(tmp_path / "scratch", providers={"p1": "openai"})
    answer = one_day(tmp_path, [row(), row(request_id="r2", project="p9")], source=named, workspace=space)
    assert {t.pool[:2] for t in answer.totals} == {("p1", "openai"), ("p9", NONE)}
    stranger = one_day(tmp_path, [row(provider="mistral")])
    assert stranger.totals[0].pool[:2] == (NONE, "mistral")
    assert found(stranger, "no account").amount == 1


def test_a_constant_stands_for_a_column(tmp_path: Path) -> None:
    fixed = source({**COLUMNS, "model": {"const": "gpt"}, "environment": {"const": "staging"}})
    (total,) = one_day(tmp_path, [row(model="whatever")], source=fixed).totals
    assert (total.pool.model, total.environment, total.list_cost_nano) == ("gpt", "staging", 450_000)


def test_days_are_utc_and_half_open_and_only_those_asked_for(tmp_path: Path) -> None:
    times = [f"{DAY}T00:00:00Z", f"{DAY}T23:59:59.9999999Z", "2026-09-02T00:00:00Z", "2026-09-02T05:29:59+05:30"]
    path = write(tmp_path / "log.csv", [row(request_id=str(i), ts=ts) for i, ts in enumerate(times)])
    answers = run(tmp_path, [path], [DAY, "2026-09-03"])
    assert [(a.day, a.rows, sum(t.requests for t in a.totals)) for a in answers] == [(DAY, 3, 3), ("2026-09-03", 0, 0)]


def test_a_mapped_column_that_says_nothing_all_day_is_shown(tmp_path: Path) -> None:
    answer = one_day(tmp_path, [row(customer=None)])
    empty = [(f.subject, f.amount) for f in answer.findings if f.kind == "column empty"]
    assert empty == [("customer", 1), ("operation", 1)]


def test_what_is_not_mapped_is_never_quoted(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(
        json.dumps({**row(completion=-1), "messages": "my secret prompt"}) + "\nnot json: my secret prompt\n"
    )
    (answer,) = run(tmp_path, [path])
    assert len(answer.quarantined) == 1
    assert "secret" not in repr(answer)


def test_meters_are_canonical_json(tmp_path: Path) -> None:
    (total,) = one_day(tmp_path, [row(cached=40)]).totals
    said = json.loads(total.meters)
    assert total.meters == json.dumps(said, sort_keys=True, separators=(",", ":"))
    assert said == {"input_cache_read": [40, 40_000], "input_uncached": [60, 180_000], "output": [10, 150_000]}
    assert total.list_cost_nano == 370_000


def test_money_is_rounded_once_half_even_by_row_and_meter(tmp_path: Path) -> None:
    halves = [price("output", 1)._replace(price_nano=500_000), *PRICES[:2]]

    def cost(*tokens: int) -> tuple[int | None, list[int]]:
        rows = [row(request_id=str(i), prompt=0, completion=n) for i, n in enumerate(tokens)]
        answer = one_day(tmp_path, rows, prices=halves)
        (overall,) = [q for q in answer.quantiles if q.grouping == "all"]
        return answer.totals[0].list_cost_nano, [overall.p50_nano, overall.max_nano]

    assert [cost(n)[0] for n in (1, 2, 3, 5)] == [0, 1, 2, 2]
    assert cost(1, 1) == (1, [0, 0]), "the sum of two halves is one, though either alone rounds to none"
    assert cost(3, 5) == (4, [2, 2])


def test_two_currencies_of_one_request_are_not_added(tmp_path: Path) -> None:
    answer = one_day(tmp_path, [row()], prices=[*PRICES[:2], price("output", 15, currency="EUR")])
    (total,) = answer.totals
    assert (total.pool.currency, total.list_cost_nano) == ("USD", None)
    assert found(answer, "unpriced").subject == "openai gpt standard output"


def test_tags_part_the_rows_that_have_them_and_a_repeat_with_another_tag_is_a_conflict(tmp_path: Path) -> None:
    tags: Mapping[str, str | Mapping[str, str]] = {"tag.team": "feature", "tag.région": "op", "tag.set": {"const": "x"}}
    columns = {name: of for name, of in COLUMNS.items() if name not in {"feature", "operation"}}
    rows = [row(request_id="1", op="é"), row(request_id="2", op="é"), row(request_id="3"), row(request_id="3", op="o")]
    (answer,) = run(tmp_path, [write(tmp_path / "l.csv", rows)], source=source({**columns, **tags}))
    assert sorted((total.tags, total.requests) for total in answer.totals) == [
        ('{"r\\u00e9gion":"\\u00e9","set":"x","team":"chat"}', 2),
        ('{"set":"x","team":"chat"}', 1),
    ]
    assert [bad.reason for bad in answer.quarantined] == ["conflict"]
    (plain,) = run(tmp_path, [write(tmp_path / "l.csv", rows)], source=source(columns))
    assert {total.tags for total in plain.totals} == {None}
