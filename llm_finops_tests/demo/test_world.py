"""The made-up company: the same every time, of the promised size, and exact."""

import hashlib
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from llm_finops.demo.billing import revenue_of
from llm_finops.demo.company import CUSTOMERS, FEATURES, LOSING, OPENED, TRYING
from llm_finops.demo.keys import ANTHROPIC, INTERNAL, KEYS, OPENAI, PROJECTS, PROVIDERS
from llm_finops.demo.prices import METERS, changes, price, price_rows
from llm_finops.demo.streams import STREAMS
from llm_finops.demo.truth import (
    UNALLOCATED,
    Owner,
    cost_by_customer,
    cost_by_key,
    cost_by_method,
    cost_by_owner,
    cost_of,
)
from llm_finops.demo.world import SEED, Window, requests_of, settled_at, visible

TUESDAY = date(2026, 11, 17)
WINDOW = Window(date(2026, 11, 23))
DIGEST = (
    "import hashlib; from datetime import date; from llm_finops.demo.world import requests_of; "
    "print(hashlib.sha256(repr(requests_of(date(2026, 11, 17))).encode()).hexdigest())"
)


def test_a_day_is_the_same_in_another_process() -> None:
    here = hashlib.sha256(repr(requests_of(TUESDAY)).encode()).hexdigest()
    environment = {"PYTHONHASHSEED": "17", "PYTHONPATH": ":".join(sys.path)}
    there = subprocess.run([sys.executable, "-c", DIGEST], env=environment, capture_output=True, text=True, check=True)
    assert there.stdout.strip() == here


def test_a_day_does_not_depend_on_what_was_asked_before() -> None:
    first = requests_of(TUESDAY)
    requests_of.cache_clear()
    for day in Window(TUESDAY, 3).dates():
        requests_of(day)
    requests_of.cache_clear()
    assert requests_of(TUESDAY) == first


def test_another_seed_is_another_company_day() -> None:
    assert requests_of(TUESDAY, SEED + 1) != requests_of(TUESDAY)


def test_nothing_happened_before_the_company_opened() -> None:
    assert requests_of(OPENED - timedelta(days=1)) == ()
    assert requests_of(OPENED)


def test_every_request_lies_within_its_day_and_has_a_name_of_its_own() -> None:
    requests = requests_of(TUESDAY)
    begins = int(datetime(2026, 11, 17, tzinfo=UTC).timestamp()) * 1000
    assert all(begins <= request.at_ms < begins + 86_400_000 for request in requests)
    assert len({request.id for request in requests}) == len(requests)
    assert [request.at_ms for request in requests] == sorted(request.at_ms for request in requests)


@pytest.mark.parametrize("until", [date(2026, 11, 23), date(2026, 5, 31), date(2029, 2, 28)])
def test_days_are_of_the_promised_size_and_weekends_are_quieter(until: date) -> None:
    sizes = {day: len(requests_of(day)) for day in Window(until, 14).dates()}
    assert all(1_300 <= size <= 3_500 for size in sizes.values()), sizes
    weekend = [size for day, size in sizes.items() if day.weekday() >= 5]
    assert max(weekend) < min(size for day, size in sizes.items() if day.weekday() < 5)


def test_requests_fail_and_are_made_again_within_one_operation() -> None:
    requests = requests_of(TUESDAY)
    statuses = Counter(request.status for request in requests)
    assert statuses["ok"] > 9 * (statuses["retried"] + statuses["error"]) > 0
    assert all(request.tokens[-1] == 0 for request in requests if request.status != "ok")
    failed = [sum(request.tokens) for request in requests if request.status != "ok"]
    assert 0 in failed
    assert max(failed) > 0, "some failed requests are charged for their input"
    done = {request.operation for request in requests if request.status == "ok"}
    assert all(request.operation in done for request in requests if request.status == "retried")
    per_operation = Counter(request.operation for request in requests)
    assert max(per_operation.values()) >= 3


def test_the_company_has_what_was_promised() -> None:
    assert 38 <= len(CUSTOMERS) <= 42
    assert len({customer.id for customer in CUSTOMERS}) == len(CUSTOMERS)
    assert len(FEATURES) == 6
    assert {len([k for k in KEYS if k.project.provider == p]) for p in PROVIDERS} == {6, 5}
    assert any(project.archived for project in PROJECTS)
    assert any(not key.listed for key in KEYS)
    assert {stream.provider for stream in STREAMS if stream.key is None} == set(PROVIDERS)
    meters = Counter[str]()
    for request in requests_of(TUESDAY):
        meters.update({meter: tokens for meter, tokens in zip(METERS, request.tokens, strict=True) if tokens})
    assert set(meters) == set(METERS)


def test_the_truth_adds_up_to_the_bill_whichever_way_it_is_cut() -> None:
    for provider in PROVIDERS:
        bill = sum(cost_of(r, TUESDAY) for r in requests_of(TUESDAY) if r.stream.provider == provider)
        assert bill > 0
        cuts = (cost_by_owner, cost_by_customer, cost_by_method, cost_by_key)
        assert {sum(cut(TUESDAY, provider).values()) for cut in cuts} == {bill}


def test_a_cost_is_tokens_times_the_price_of_the_day() -> None:
    request = next(r for r in requests_of(TUESDAY) if r.tokens[0] and r.tokens[4] and r.tokens[2])
    expected = 0
    for meter, tokens in zip(METERS, request.tokens, strict=True):
        if tokens:
            expected += tokens * price(request.stream.provider, request.model, request.tier, meter, TUESDAY)
    assert cost_of(request, TUESDAY) == expected


@pytest.mark.parametrize(
    ("until", "step"),
    [
        (WINDOW.until, 5),
        pytest.param(WINDOW.until, 1, marks=pytest.mark.slow),
        (date(2026, 7, 14), 7),
        (date(2028, 3, 1), 7),
    ],
)
def test_log_rules_and_nobody_have_their_promised_shares_of_both_bills(until: date, step: int) -> None:
    customers: Counter[str] = Counter()
    shares: dict[str, Counter[str]] = {provider: Counter() for provider in PROVIDERS}
    paid: Counter[str] = Counter()
    for day in list(Window(until).dates())[::step]:
        for provider in PROVIDERS:
            for owner, cost in cost_by_owner(day, provider).items():
                customers[owner.customer] += cost
                shares[provider][owner.method] += cost
        paid.update({name: int(amount * 10**15) for name, amount in revenue_of(day).items()})
    for provider, share in shares.items():
        per_cent = {method: 100 * cost / sum(share.values()) for method, cost in share.items()}
        assert 55 <= per_cent["request_log"] <= 85, provider
        assert per_cent["rule"] > 5, provider
        assert per_cent["unallocated"] > 3, provider
    assert 0 < paid[LOSING.id] < customers[LOSING.id], "the losing customer loses"
    others = [c.id for c in CUSTOMERS if c.plan.monthly and c is not LOSING]
    assert sum(paid[name] > customers[name] for name in others) >= len(others) - 3
    assert customers[TRYING.id] > 0
    assert TRYING.id not in paid


def test_staging_is_opex_and_unlogged_work_is_owned_only_by_a_rule() -> None:
    for provider, owner in ((OPENAI, "northwind"), (ANTHROPIC, "harbor-legal")):
        costs = cost_by_owner(TUESDAY, provider)
        assert any(o.customer == INTERNAL and o.cost_class == "opex" and o.method == "rule" for o in costs)
        assert any(o.customer == owner and o.method == "rule" and o.cost_class == "cogs" for o in costs)
        assert costs[Owner(UNALLOCATED, "(none)", "production", "cogs", "unallocated")] > 0


def test_each_provider_has_one_key_that_is_logged_in_part() -> None:
    for provider in PROVIDERS:
        costs = cost_by_key(TUESDAY, provider)
        partly = [key for _, key, logged in costs if logged and any((k, g) == (key, False) for _, k, g in costs)]
        assert len(partly) == 1
        logged = sum(cost for (_, key, is_logged), cost in costs.items() if key in partly and is_logged)
        whole = sum(cost for (_, key, _), cost in costs.items() if key in partly)
        assert 0.6 < logged / whole < 0.9


@pytest.mark.parametrize("until", [date(2026, 11, 23), date(2027, 1, 31), date(2028, 2, 29), date(2026, 9, 29)])
def test_every_window_sees_prices_change_at_the_start_of_a_day(until: date) -> None:
    window = Window(until)
    changed = changes(window.first, window.until)
    assert changed
    for day in changed:
        before = day - timedelta(days=1)
        assert any(
            price(row.provider, row.model, row.tier, row.meter, before)
            != price(row.provider, row.model, row.tier, row.meter, day)
            for row in price_rows(until)
        )


def test_the_price_book_covers_every_day_once_and_says_the_price_that_is_charged() -> None:
    rows = list(price_rows(WINDOW.until))
    for day in (OPENED, WINDOW.first, *changes(WINDOW.first, WINDOW.until), WINDOW.until, date(2026, 12, 24)):
        held = Counter((r.provider, r.model, r.tier, r.meter) for r in rows if r.since <= day < r.until)
        assert set(held.values()) == {1}
        for row in rows:
            if row.since <= day < row.until:
                assert row.nano == price(row.provider, row.model, row.tier, row.meter, day)
    later = list(price_rows(WINDOW.until + timedelta(days=90)))
    assert later[: len(rows)] == rows, "a later book only adds rows"


def test_a_provider_tells_of_late_requests_only_when_the_day_is_settled() -> None:
    midnight = datetime(2026, 11, 18, tzinfo=UTC)
    for provider, hours in ((OPENAI, 24), (ANTHROPIC, 6)):
        settled = midnight + timedelta(hours=hours)
        assert settled_at(provider, TUESDAY) == settled
        mine = [request for request in requests_of(TUESDAY) if request.stream.provider == provider]
        almost = [request for request in mine if visible(request, settled - timedelta(seconds=1))]
        assert 0.93 < len(almost) / len(mine) < 0.99
        assert all(visible(request, settled) for request in mine)
        assert not any(visible(request, midnight - timedelta(days=1)) for request in mine)


def test_what_is_visible_stays_visible() -> None:
    moments = [datetime(2026, 11, 17, tzinfo=UTC) + timedelta(hours=h) for h in (1, 9, 17, 24, 30, 48)]
    for request in requests_of(TUESDAY)[::40]:
        seen = [visible(request, now) for now in moments]
        assert seen == sorted(seen)
