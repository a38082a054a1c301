"""What customers weigh in a spread by usage: list cost where all of it is known, else quantity."""

import json
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_finops.core.allocate.spreads import Spreads, Weighed
from llm_finops.core.records import NONE, RequestTotal
from llm_finops.core.rules import Rulebook
from llm_finops.core.settings import Settings, Spread
from llm_finops_tests.core.little_world import DAY, OPENAI, WHOLE, source, total
from llm_finops_tests.core.test_allocate_laws import EXAMPLES, QUANTITY, WEIGHT


@st.composite
def requests(draw: st.DrawFn) -> RequestTotal:
    meters = draw(st.dictionaries(st.sampled_from(("output", "web_search")), st.tuples(QUANTITY, WEIGHT)))
    currency = draw(st.sampled_from(("USD", "USD", "USD", "EUR")))
    known = {} if None in [cost for _, cost in meters.values()] else {"currency": currency}
    return total(OPENAI, draw(st.sampled_from(("acme", "bolt", NONE, ""))), meters, **known)


def weighed(rows: list[RequestTotal], currency: str = "USD") -> Weighed:
    book = Rulebook(DAY, Settings(requests=(source("log", *WHOLE),)), {})
    return Spreads(lambda: {"log": rows}, book).weights(Spread("s", {}), currency)


@EXAMPLES
@given(st.lists(requests(), max_size=5))
def test_customers_weigh_what_their_requests_do(rows: list[RequestTotal]) -> None:
    used = []
    for row in rows:
        quantity = sum(count for count, _ in json.loads(row.meters).values())
        if row.customer not in {NONE, ""} and row.pool.currency in {"USD", NONE} and quantity:
            used.append((row.customer, quantity, row.list_cost_nano))
    is_priced = all(cost is not None for *_, cost in used) and any(cost for *_, cost in used)
    weights: defaultdict[str, int] = defaultdict(int)
    for customer, quantity, cost in used:
        weights[customer] += (cost or 0) if is_priced else quantity
    by = "list cost" if is_priced else "quantity" if used else "nothing"
    named = sorted(customer for customer, weight in weights.items() if weight)
    assert weighed(rows) == Weighed(named, [weights[customer] for customer in named], by)


@pytest.mark.parametrize("meters", ['{"output": [0, 7]}', '{"o\\": [1": [0, 7]}', "{}", '{"output":[-1,1],"x":[1,6]}'])
def test_what_has_no_quantity_weighs_nothing_whatever_its_text_looks_like(meters: str) -> None:
    empty = total(OPENAI, "acme", {"output": (1, 7)})._replace(meters=meters)
    assert weighed([empty, total(OPENAI, "bolt", {"output": (1, 5)})]) == Weighed(["bolt"], [5], "list cost")
