"""The next mapping: what takes most, and what is never proposed."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from llm_finops.core.next_mapping import DIMENSIONS, Nameless, NextMapping, Spent, Uncovered, next_mappings
from llm_finops.core.records import NONE

LOG, OPEN, RULED = "request_log", "unallocated", "rule"


def spent(nano: int, method: str = OPEN, **more: str) -> Spent:
    place = {"account": "a", "project": "p", "api_key": "k", "model": "m", "currency": "USD", "feature": NONE}
    return Spent(**{**place, **more}, method=method, cost_nano=nano, actor=NONE)


def found(rows: list[Spent], **more: Any) -> list[NextMapping]:
    given_ = {"uncovered": [], "nameless": [], "seen": {"a": DIMENSIONS}, "maps_customer": {}, **more}
    return next_mappings(rows, **given_)


def handle(mapping: NextMapping) -> tuple[str, str, str, int]:
    return mapping.kind, mapping.dimension, mapping.value, mapping.taken_nano


def test_nothing_unallocated_nothing_to_map() -> None:
    assert found([spent(5, LOG), spent(3, RULED)]) == []
    assert found([]) == []


def test_the_rule_that_takes_most_is_told_with_the_coverage_before_and_after() -> None:
    (one,) = found([spent(290, RULED), spent(170, api_key="prod-2", project="x"), spent(120, api_key="other")])

    assert handle(one) == ("rule", "api_key", "prod-2", 170)
    assert (one.unallocated_nano, one.whole_nano) == (290, 580)


def test_a_project_is_proposed_only_where_it_takes_more_than_its_keys_and_no_log_knows_it() -> None:
    rows = [spent(60, api_key="k1"), spent(50, api_key="k2")]

    assert handle(found(rows)[0]) == ("rule", "project", "p", 110)
    assert handle(found(rows[:1])[0]) == ("rule", "api_key", "k1", 60)
    assert handle(found([*rows, spent(1, LOG, api_key="k3")])[0]) == ("rule", "api_key", "k1", 60)


def test_a_model_is_proposed_only_for_money_without_key_and_project() -> None:
    bare = {"api_key": NONE, "project": NONE}

    assert handle(found([spent(5, model="m", **bare)])[0]) == ("rule", "model", "m", 5)
    assert handle(found([spent(50, model="m"), spent(5, model="m", **bare)])[0]) == ("rule", "api_key", "k", 50)


def test_of_a_key_that_a_log_knows_the_rest_is_missing_in_the_log_and_the_best_rule_is_told_too() -> None:
    one, two = found([spent(90, LOG), spent(60), spent(20, api_key="hackathon", project="q")])

    assert (handle(one), one.logged_nano) == (("unlogged", "api_key", "k", 60), 90)
    assert handle(two) == ("rule", "api_key", "hackathon", 20)


def test_no_rule_is_proposed_on_what_a_log_cannot_see() -> None:
    """It would go before the log and take what the log gives to customers."""
    rows = [spent(90, LOG, api_key=NONE), spent(60)]

    assert handle(found(rows, seen={"a": {"model"}})[0]) == ("unlogged", "account", "a", 60)
    assert handle(found(rows[1:], seen={})[0]) == ("rule", "api_key", "k", 60)


def test_an_actor_takes_the_part_of_a_pool_that_is_his_by_uncovered_quantity() -> None:
    who = [Uncovered("a", "p", "k", "m", "ada", 3), Uncovered("a", "p", "k", "m", "bob", 1)]
    rows = [spent(100), spent(40, api_key="k2", project="p2")]
    more = Uncovered("a", "p2", "k2", "m", "ada", 9)

    assert handle(found(rows, uncovered=[*who, more])[0]) == ("rule", "actor", "ada", 115)


def test_requests_without_a_customer_are_told_by_feature() -> None:
    logged: dict[str, Any] = {"nameless": [Nameless("gateway", "chat", NONE, 0)], "maps_customer": {"gateway": True}}
    assert handle(found([spent(70, feature="chat")], **logged)[0]) == ("feature", "feature", "chat", 70)
    rows = [spent(70, feature="chat", api_key="k1"), spent(30, feature="chat", api_key="k2", project="q")]
    first, rule = found(rows, **logged)
    assert handle(first) == ("feature", "feature", "chat", 100)
    assert handle(rule) == ("rule", "api_key", "k1", 70)


def test_a_feature_that_no_log_names_is_a_rules_and_asks_for_an_owner() -> None:
    rows = [spent(70, feature="search", api_key="k1"), spent(30, feature="chat", api_key="k2", project="q")]
    for nameless in ([], [Nameless("gateway", "chat", "USD", 1)]):
        assert handle(found(rows, nameless=nameless)[0]) == ("rule", "api_key", "k1", 70)


def test_a_log_without_the_customers_column_is_worth_what_its_requests_are_and_no_more_than_is_open() -> None:
    nameless = [Nameless("gateway", "chat", "USD", 500), Nameless("other", NONE, "USD", 10)]
    maps = {"gateway": False, "other": True}
    rows = [spent(70), spent(30, api_key="k2", project="q")]

    assert handle(found(rows, nameless=nameless, maps_customer=maps)[0]) == ("column", "customer", "gateway", 100)
    few = [nameless[0]._replace(list_cost_nano=20)]
    assert [one.kind for one in found(rows, nameless=few, maps_customer=maps)] == ["column", "rule"]


def test_each_currency_has_its_own() -> None:
    both = found([spent(5, currency="EUR"), spent(7)])

    assert [(one.currency, one.taken_nano) for one in both] == [("EUR", 5), ("USD", 7)]


ROWS = st.lists(
    st.builds(
        spent,
        st.integers(-50, 1000),
        st.sampled_from([LOG, OPEN, RULED]),
        api_key=st.sampled_from(["k1", "k2", NONE]),
        project=st.sampled_from(["p", NONE]),
        model=st.sampled_from(["m1", "m2"]),
        feature=st.sampled_from(["chat", NONE]),
    ),
    max_size=12,
)


@given(ROWS, st.randoms(use_true_random=False))
def test_order_does_not_matter_and_a_rule_takes_the_very_rows_it_matches(rows: list[Spent], random: Any) -> None:
    told = found(rows)
    shuffled = list(rows)
    random.shuffle(shuffled)

    assert found(shuffled) == told
    for one in told:
        assert one.whole_nano == sum(row.cost_nano for row in rows)
        if one.kind == "rule":
            met = [row for row in rows if getattr(row, one.dimension) == one.value]
            assert not sum(row.cost_nano for row in met if row.method == LOG) or one.dimension == "model"
            if one.dimension != "model":
                assert one.taken_nano == sum(row.cost_nano for row in met if row.method == OPEN)
