"""What failed and retried requests cost: parts of the margins rows, to the last unit."""

from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.core.derived import RequestCost
from llm_finops.core.margin import margins
from llm_finops.core.outcomes import outcome_of, request_costs
from llm_finops.core.records import Allocation, Pool, RequestTotal
from llm_finops.core.settings import Rule, Settings
from llm_finops_tests.core.little_world import ANTHROPIC, DAY, OPENAI, WHOLE, source, total

SETTINGS = Settings(
    requests=(source("log", *WHOLE, "environment"),), rules=(Rule("s", {"environment": "staging"}, cost_class="opex"),)
)
NAMES: dict[str, Any] = {OPENAI: (), ANTHROPIC: ()}


def logged(
    status: str, cost: int | None, *, last: bool = True, requests: int = 1, account: str = OPENAI, **known: str
) -> RequestTotal:
    of = total(account, known.pop("customer", "ada"), {"output": (10 * requests, cost)}, status=status, **known)
    return of._replace(requests=requests, operations=requests if last else 0)


def found_by_log(nano: int, account: str = OPENAI, model: str = "m1", **known: str) -> Allocation:
    currency = known.pop("currency", "USD")
    pool = Pool(account, account, "p", "k", model, "standard", currency)
    row = Allocation(pool, "ada", "chat", "production", "cogs", currency, "reported", "request_log", "(none)", nano)
    return row._replace(**known)  # type: ignore[arg-type]


def costs(allocations: list[Allocation], totals: list[RequestTotal]) -> list[RequestCost]:
    return request_costs(DAY, allocations, {"log": totals}, settings=SETTINGS, names=NAMES)


def by_outcome(rows: list[RequestCost]) -> dict[str, tuple[int, int]]:
    assert len({row[:4] for row in rows}) == len(rows)
    return {row.outcome: (row.requests, row.cost_nano) for row in rows}


@pytest.mark.parametrize(
    ("status", "last", "outcome"),
    [
        ("ok", True, "productive"),
        ("OK", False, "earlier"),
        ("200", True, "productive"),
        ("429", True, "failed"),
        ("429", False, "retried"),
        ("retried", False, "retried"),
        ("Success", True, "productive"),
        ("not ok", True, "failed"),
        ("(none)", True, "unknown"),
        ("(none)", False, "unknown"),
    ],
)
def test_an_outcome_goes_by_status_and_by_what_followed(status: str, last: bool, outcome: str) -> None:
    assert outcome_of(logged(status, 1, last=last)) == outcome


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("productive", [" ok\n", "200", "200.0", "200 OK", "204", "STATUS_CODE_OK", "StatusCode.OK", "True", "Done"]),
        ("productive", ["stop", "end_turn", "tool_use", "COMPLETED", "succeeded"]),
        (
            "failed",
            ["error", "ERROR: 500 of upstream", "err", "errored", "failed", "failure_upstream", "false", "500.0"],
        ),
        ("failed", ["429 Too Many Requests", "304", "STATUS_CODE_ERROR", "StatusCode.ERROR", "timeout", "timed out"]),
        ("failed", ["TimedOut", "ReadTimeout", "cancelled", "canceled_by_user", "aborted", "rate_limit_exceeded"]),
        (
            "failed",
            [
                "rate_limited",
                "RateLimitError",
                "NotFoundError",
                "overloaded_error",
                "refused",
                "retried",
                "expired",
                "not ok",
            ],
        ),
        ("unknown", ["", " ", "(none)", "UNSET", "STATUS_CODE_UNSET", "Status.UNSET", "length", "max_tokens"]),
        ("unknown", ["cached", "0", "1", "2000", "20", "100", "2xx", "in_progress", "incomplete", "no_error", "okay?"]),
    ],
)
def test_only_a_word_known_for_success_or_failure_says_which(outcome: str, words: list[str]) -> None:
    assert {word: outcome_of(logged(word, 1)) for word in words} == dict.fromkeys(words, outcome)


def test_an_old_row_that_holds_both_kinds_is_unknown_never_productive() -> None:
    mixed = logged("ok", 1, requests=3)._replace(operations=2)
    assert outcome_of(mixed) == "unknown"


def test_the_cost_is_split_by_list_cost_of_what_it_stands_for() -> None:
    totals = [
        logged("ok", 700, model="m1"),
        logged("error", 200, model="m1"),
        logged("error", 100, model="m1", last=False),
        logged("ok", 50, model="m2"),
    ]
    rows = costs([found_by_log(2001), found_by_log(90, model="m2"), found_by_log(5, method="rule")], totals)
    assert by_outcome(rows) == {"productive": (2, 1401 + 90), "failed": (1, 400), "retried": (1, 200)}


def test_a_pool_without_model_goes_over_all_requests_of_the_account() -> None:
    totals = [logged("ok", 30, model="m1"), logged("error", 10, model="m2"), logged("ok", 9, account=ANTHROPIC)]
    rows = costs([found_by_log(400, model="(none)"), found_by_log(9, account=ANTHROPIC)], totals)
    assert by_outcome(rows) == {"productive": (2, 309), "failed": (1, 100)}


def test_unpriced_requests_weigh_by_quantity_and_cost_without_requests_is_unknown() -> None:
    totals = [logged("ok", None, requests=3), logged("error", 5)]
    assert by_outcome(costs([found_by_log(400)], totals)) == {"productive": (3, 300), "failed": (1, 100)}
    assert by_outcome(costs([found_by_log(400)], [])) == {"unknown": (0, 400)}
    assert by_outcome(costs([found_by_log(-400)], totals)) == {"productive": (3, -300), "failed": (1, -100)}


def test_list_costs_of_different_currencies_are_never_added_but_go_by_quantity() -> None:
    yen = logged("ok", 9_950, model="m2", requests=3)
    yen = yen._replace(pool=yen.pool._replace(currency="JPY"))
    pool = [found_by_log(400, model="(none)")]
    assert by_outcome(costs(pool, [logged("error", 50, model="m1"), yen]))["failed"] == (1, 100)
    assert by_outcome(costs(pool, [logged("error", 50, model="m1"), yen._replace(list_cost_nano=0)]))["failed"] == (
        1,
        400,
    )


def test_a_total_of_no_quantity_weighs_nothing_and_disturbs_nobody() -> None:
    empty = logged("ok", None)._replace(meters="{}")
    rows = by_outcome(costs([found_by_log(400)], [empty, logged("error", 30), logged("ok", 10, requests=2)]))
    assert rows == {"productive": (3, 100), "failed": (1, 300)}


def test_requests_that_are_no_customers_cogs_are_not_counted() -> None:
    totals = [logged("error", 5, customer="(none)"), logged("error", 5, environment="staging"), logged("ok", 5)]
    assert by_outcome(costs([found_by_log(10)], totals)) == {"productive": (1, 10)}


_STATUS = st.sampled_from(["ok", "error", "(none)", "200"])
_TOTALS = st.lists(
    st.builds(
        lambda status, cost, last, requests, account, model, customer, feature: logged(
            status, cost, last=last, requests=requests, account=account, model=model, customer=customer, feature=feature
        ),
        _STATUS,
        st.none() | st.integers(0, 10**12),
        st.booleans(),
        st.integers(1, 99),
        st.sampled_from([OPENAI, ANTHROPIC]),
        st.sampled_from(["m1", "m2", "(none)"]),
        st.sampled_from(["ada", "bob", "(none)"]),
        st.sampled_from(["chat", "search"]),
    ),
    max_size=12,
)
_ALLOCATIONS = st.lists(
    st.builds(
        lambda nano, account, model, customer, feature, currency, cost_class, method: found_by_log(
            nano,
            account,
            model,
            customer=customer,
            feature=feature,
            currency=currency,
            cost_class=cost_class,
            method=method,
        ),
        st.integers(-(10**15), 10**15),
        st.sampled_from([OPENAI, ANTHROPIC]),
        st.sampled_from(["m1", "m2", "(none)"]),
        st.sampled_from(["ada", "bob"]),
        st.sampled_from(["chat", "search"]),
        st.sampled_from(["USD", "EUR"]),
        st.sampled_from(["cogs", "opex"]),
        st.sampled_from(["request_log", "rule"]),
    ),
    max_size=12,
)


@given(_ALLOCATIONS, _TOTALS)
def test_the_parts_add_up_to_the_margins_rows_to_the_last_unit(
    allocations: list[Allocation], totals: list[RequestTotal]
) -> None:
    rows = costs(allocations, totals)
    sums: dict[tuple[str, ...], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for row in rows:
        nano, requests = sums[row[:3]]
        sums[row[:3]] = (nano + row.cost_nano, requests + row.requests)
    booked, _ = margins(DAY, allocations, {"log": totals}, [], revenue_known=False, settings=SETTINGS, names=NAMES)
    told = {row[:3]: (row.logged_cost_nano, row.requests) for row in booked}
    assert {key: both for key, both in sums.items() if both != (0, 0)} == {
        key: both for key, both in told.items() if both != (0, 0)
    }
    assert costs(allocations[::-1], totals[::-1]) == rows
