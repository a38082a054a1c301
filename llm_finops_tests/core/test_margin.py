"""Revenue beside allocated cogs."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from llm_finops.core.margin import margins
from llm_finops.core.records import (
    ALL,
    COGS,
    EXCLUDED,
    NONE,
    OPEX,
    REPORTED,
    REQUEST_LOG,
    RULE,
    UNALLOCATED,
    Allocation,
    Margin,
    Pool,
    Revenue,
)
from llm_finops.core.settings import Rule, Settings
from llm_finops_tests.core.little_world import DAY, WHOLE, source, total

LOG = (source("log", *WHOLE),)


def cost(customer: str, nano: int, feature: str = "chat", **known: str) -> Allocation:
    currency, account = known.get("currency", "USD"), known.get("account", "openai")
    pool = Pool(account, "openai", NONE, NONE, "m", NONE, currency)
    kind, method = known.get("cost_class", COGS), known.get("method", REQUEST_LOG)
    return Allocation(pool, customer, feature, "production", kind, currency, REPORTED, method, NONE, nano)


def paid(customer: str, nano: int, feature: str = ALL, currency: str = "USD") -> Revenue:
    return Revenue(f"{customer} {feature} {nano}", customer, feature, currency, nano)


def reckon(
    allocations: Any, revenue: Any = (), totals: Any = None, *, known: bool = True, rules: Any = (), unknown: Any = ()
) -> Any:
    asked: dict[str, Any] = {"settings": Settings(requests=LOG, rules=rules), "names": {}}
    return margins(DAY, allocations, {"log": totals or []}, revenue, revenue_known=known, unknown=unknown, **asked)


def test_a_row_is_a_customer_feature_and_currency_and_only_cogs_count() -> None:
    costs = [cost("acme", 50), cost("acme", 30, method=RULE), cost("acme", 7, "rag"), cost("acme", 5, currency="EUR")]
    costs += [cost("acme", 1000, cost_class=kind) for kind in (OPEX, EXCLUDED)]
    rows, findings = reckon(costs)
    assert rows == [
        Margin("acme", "chat", "EUR", 0, 5, 5, 0, 0),
        Margin("acme", "chat", "USD", 0, 80, 50, 0, 0),
        Margin("acme", "rag", "USD", 0, 7, 7, 0, 0),
    ]
    assert findings == []


def test_revenue_without_a_feature_has_a_row_of_its_own() -> None:
    rows, _ = reckon(
        [cost("acme", 50)], [paid("acme", 90), paid("acme", 10, "chat"), paid("bolt", 5), paid("bolt", -1)]
    )
    assert [(row.customer, row.feature, row.revenue_nano, row.cost_nano) for row in rows] == [
        ("acme", ALL, 90, 0),
        ("acme", "chat", 10, 50),
        ("bolt", ALL, 4, 0),
    ]


def test_revenue_that_is_not_loaded_is_unknown_and_never_zero() -> None:
    rows, findings = reckon([cost("acme", 50), cost(UNALLOCATED, 9, NONE)], known=False)
    assert [(row.customer, row.revenue_nano) for row in rows] == [(UNALLOCATED, None), ("acme", None)]
    assert findings == []


def test_inside_a_covered_day_no_row_is_zero_for_the_unallocated_too() -> None:
    rows, _ = reckon([cost("trial", 50), cost(UNALLOCATED, 9, NONE)], [paid("acme", 1)])
    assert {row.customer: row.revenue_nano for row in rows} == {"acme": 1, "trial": 0, UNALLOCATED: 0}


def test_revenue_in_another_currency_leaves_the_margin_unknown_and_is_told() -> None:
    costs = [cost("acme", 50), cost("acme", 20, "rag"), cost("bolt", 5)]
    rows, findings = reckon(costs, [paid("acme", 90, currency="EUR"), paid("bolt", 9)])
    assert {(row.customer, row.feature, row.currency): row.revenue_nano for row in rows} == {
        ("acme", ALL, "EUR"): 90,
        ("acme", "chat", "USD"): None,
        ("acme", "rag", "USD"): None,
        ("bolt", ALL, "USD"): 9,
        ("bolt", "chat", "USD"): 0,
    }
    assert [(each.kind, each.subject, each.unit, each.amount) for each in findings] == [("no rate", "acme", "USD", 70)]


def test_requests_are_those_of_customers_that_are_cogs_in_the_currency_of_their_account() -> None:
    rows = [total("openai", "acme", {}, status=status, api_key="k") for status in ("ok", "error")]
    rows += [total("openai", "acme", {}, api_key="stage"), total("openai", NONE, {}), total("idle", "bolt", {})]
    rules = (Rule("stage", {"api_key": "stage"}, cost_class=OPEX),)
    found, _ = reckon([cost("x", 1, currency="EUR"), cost("x", 5)], totals=rows, rules=rules)
    assert {(row.customer, row.feature, row.currency): (row.requests, row.operations) for row in found} == {
        ("acme", "chat", "USD"): (2, 2),
        ("bolt", "chat", "USD"): (1, 1),
        ("x", "chat", "USD"): (0, 0),
        ("x", "chat", "EUR"): (0, 0),
    }


def test_requests_are_counted_beside_their_own_cost_where_an_account_is_charged_in_two_currencies() -> None:
    costs = [cost("acme", 5), cost("bolt", 900, currency="EUR"), cost("acme", 7, method=RULE, currency="EUR")]
    rows, _ = reckon(costs, totals=[total("openai", "acme", {}), total("openai", "bolt", {})])
    counted = {(row.customer, row.currency): row.requests for row in rows}
    assert counted == {("acme", "USD"): 1, ("acme", "EUR"): 0, ("bolt", "EUR"): 1}


COSTS = st.builds(
    cost,
    st.sampled_from(("acme", "bolt", UNALLOCATED)),
    st.integers(-(10**15), 10**15),
    st.sampled_from(("chat", NONE)),
    currency=st.sampled_from(("USD", "EUR")),
    cost_class=st.sampled_from((COGS, OPEX, EXCLUDED)),
)
PAID = st.builds(
    paid, st.sampled_from(("acme", "cove")), st.integers(-(10**15), 10**15), currency=st.sampled_from(("USD", "GBP"))
)


@given(st.lists(COSTS), st.lists(PAID), st.booleans(), st.randoms(use_true_random=False))
def test_no_cost_and_no_revenue_is_lost_and_order_does_not_matter(
    costs: list[Allocation], revenue: list[Revenue], known: bool, random_: Any
) -> None:
    rows, findings = reckon(costs, revenue, known=known)
    assert sum(row.cost_nano for row in rows) == sum(row.cost_nano for row in costs if row.cost_class == COGS)
    assert sum(row.revenue_nano or 0 for row in rows) == sum(row.amount_nano for row in revenue if known)
    assert known or all(row.revenue_nano is None for row in rows)
    shuffled = (random_.sample(costs, len(costs)), random_.sample(revenue, len(revenue)))
    assert reckon(*shuffled, known=known) == (rows, findings)


def test_revenue_of_which_a_row_could_not_be_read_is_unknown_in_its_currency() -> None:
    costs = [cost("acme", 50), cost("acme", 5, currency="EUR"), cost("bolt", 9), cost("cobb", 3)]
    revenue = [paid("acme", 90), paid("acme", 10, currency="EUR"), paid("bolt", 70)]
    rows, findings = reckon(costs, revenue, unknown={("acme", "USD"), ("bolt", "(any)"), ("dole", "USD")})
    assert [(row.customer, row.feature, row.currency, row.revenue_nano) for row in rows] == [
        ("acme", ALL, "EUR", 10),
        ("acme", ALL, "USD", None),
        ("acme", "chat", "EUR", 0),
        ("acme", "chat", "USD", None),
        ("bolt", ALL, "USD", None),
        ("bolt", "chat", "USD", None),
        ("cobb", "chat", "USD", 0),
        ("dole", ALL, "USD", None),
    ]
    assert findings == []
