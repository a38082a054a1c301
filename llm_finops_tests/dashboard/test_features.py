"""Features and one feature: every figure is that of the ledger's base rows, and of what really happened."""

import re
from collections import Counter
from pathlib import Path

import httpx
import pytest

from llm_finops.core.digest.words import amount_text
from llm_finops.core.records import Margin
from llm_finops.demo.billing import metered
from llm_finops.demo.truth import cost_by_owner
from llm_finops.ledger import Ledger, sqlite_url
from llm_finops.ledger import datasets as d
from llm_finops_tests.acceptance.playing import NEAR
from llm_finops_tests.dashboard.books import base, by, nano, table, text_of, tiles
from llm_finops_tests.dashboard.serving import served
from llm_finops_tests.dashboard.test_customers import COGS, DAY, OF_COST, WHOLE
from llm_finops_tests.dashboard.test_states import booked, environment

FEATURES = ["support-agent", "inbox-triage", "(none)"]
OF_MARGIN: list[dict[str, str]] = [{}, {"customer": "kestrel-air"}, {"customer": "juniper-labs"}]  # who pays nothing
OF_COSTS: list[dict[str, str]] = [{"provider": "openai"}, {"environment": "production", "customer": "northwind"}]


@pytest.mark.parametrize("filtered", OF_MARGIN, ids=str)
def test_features_cost_what_their_rows_say_and_earn_what_names_them(
    demo: httpx.Client, demo_ledger: Path, filtered: dict[str, str]
) -> None:
    rows = table(demo, "/features", "features", **filtered)
    shown = by(rows, "feature", "cost_usd", "revenue_usd", "margin_usd")
    cost = base(demo_ledger, "allocations", "feature", "sum(cost_nano)", {**COGS, **filtered})
    paid = base(demo_ledger, "revenue", "feature", "sum(amount_nano)", filtered)
    for at, (spent, earned, margin) in shown.items():
        assert (spent, earned) == (*cost.pop(at, (0,)), *paid.pop(at, (0,)))
        assert margin == earned - spent
    assert not cost
    assert not any(of for (of,) in paid.values())
    left = {at: of[0] for at, of in by([r for r in rows if r["feature"] != "(all)"], "feature", "left_usd").items()}
    assert left == {at: max(spent - earned, 0) for at, (spent, earned, _) in shown.items() if at != ("(all)",)}


def test_what_flat_fees_must_pay_is_said_and_no_feature_is_said_to_lose_by_them(
    demo: httpx.Client, demo_ledger: Path
) -> None:
    text = text_of(demo, "/features")
    ((flat,),) = base(demo_ledger, "revenue", "", "sum(amount_nano)", {"feature": "(all)"}).values()
    cost = base(demo_ledger, "allocations", "feature", "sum(cost_nano)", COGS)
    paid = base(demo_ledger, "revenue", "feature", "sum(amount_nano)")
    left = sum(max(spent - paid.get(at, (0,))[0], 0) for at, (spent,) in cost.items())
    assert f"Flat fees of {amount_text(flat, 'USD')} pay for all features at once." in text
    assert f"{amount_text(left, 'USD')} of cost" in text
    says = {row["feature"]: row["pays"] for row in table(demo, "/features", "features")}
    assert says["inbox-triage"] == "flat fees alone"
    assert says["(all)"] == "flat fees, for all features at once"
    # Of a customer who pays no flat fee there is nobody else to pay.
    triage = table(demo, "/features", "features", customer="juniper-labs")
    assert {row["pays"] for row in triage if row["feature"] != "(all)"} == {"nobody: a tax on the others"}


def test_features_cost_what_was_caused_and_earn_what_was_billed(demo: httpx.Client) -> None:
    days = {"from": str(WHOLE[0]), "to": str(WHOLE[-1])}
    shown = by(table(demo, "/features", "features", **days), "feature", "cost_usd", "revenue_usd")
    grains: Counter[str] = Counter()
    cents: Counter[str] = Counter()
    for day in WHOLE:
        for account in ("openai", "anthropic"):
            for owner, cost in cost_by_owner(day, account).items():
                grains[owner.feature] += cost if owner.cost_class == "cogs" else 0
        for fee in metered(day):
            cents[fee.feature or "(all)"] += fee.cents
    near = NEAR * len(WHOLE) * 2
    assert {at for (at,) in shown} == {name for name in grains if grains[name]} | {"(all)"}
    for (feature,), (cost_nano, revenue) in shown.items():
        assert abs(cost_nano - grains[feature] / 10**6) <= near
        assert feature == "(all)" or revenue == cents[feature] * 10**7


@pytest.mark.parametrize("filtered", OF_COST[:2], ids=str)
def test_where_nobody_pays_by_it_features_have_cost_alone(
    demo: httpx.Client, demo_ledger: Path, filtered: dict[str, str]
) -> None:
    for name, keys, classes in (
        ("features", "feature", COGS),
        ("feature_models", "feature model", COGS),
        ("classes", "cost_class environment", {}),
    ):
        shown = by(table(demo, "/features", name, **filtered), keys, "cost_usd")
        assert shown == base(demo_ledger, "allocations", keys, "sum(cost_nano)", {**classes, **filtered}), name


@pytest.mark.parametrize("filtered", [*OF_MARGIN, *OF_COSTS], ids=str)
@pytest.mark.parametrize("feature", FEATURES)
def test_a_features_tables_are_its_rows(
    demo: httpx.Client, demo_ledger: Path, feature: str, filtered: dict[str, str]
) -> None:
    asked = {"feature": feature, **filtered}
    of = {**COGS, **asked}
    expected = {
        keys: base(demo_ledger, "allocations", keys, "sum(cost_nano)", of)
        for keys in ("day", "customer", "provider model", "method rule")
    }
    if not expected["day"]:
        return
    for name, keys in (
        ("days", "day"),
        ("customers", "customer"),
        ("models", "provider model"),
        ("methods", "method rule"),
    ):
        shown = by(table(demo, "/feature", name, **asked), keys, "cost_usd")
        assert {at: cost for at, cost in shown.items() if cost != (0,)} == expected[keys], name


@pytest.mark.parametrize("filtered", OF_MARGIN, ids=str)
@pytest.mark.parametrize("feature", FEATURES)
def test_a_features_figures_are_its_rows(
    demo: httpx.Client, demo_ledger: Path, feature: str, filtered: dict[str, str]
) -> None:
    asked = {"feature": feature, **filtered}
    expected = base(demo_ledger, "allocations", "", "sum(cost_nano)", {**COGS, **asked})
    ((cost,),) = expected.values()
    if cost is None:
        assert "has neither cost nor revenue" in text_of(demo, "/feature", **asked)
        return
    shown = tiles(text_of(demo, "/feature", **asked))
    ((paid,),) = base(demo_ledger, "revenue", "", "coalesce(sum(amount_nano), 0)", asked).values()
    flat = base(demo_ledger, "revenue", "", "coalesce(sum(amount_nano), 0)", {**asked, "feature": "(all)"})
    labels = ("Revenue", "Gross margin") if flat == {(): (0,)} else ("Revenue that names it", "Less its cost")
    money = {"Cost (cogs)": cost, labels[0]: paid, labels[1]: paid - cost}
    assert {name: shown[name] for name in money} == {name: amount_text(n, "USD") for name, n in money.items()}
    ended = base(demo_ledger, "request_costs", "outcome", "sum(requests), sum(cost_nano)", asked)
    outcomes = table(demo, "/feature", "outcomes", **asked)
    assert sorted(by(outcomes, "outcome", "requests", "cost_usd").values()) == sorted(ended.values())
    assert shown["Requests"] == f"{sum(of[0] for of in ended.values()):,}"


def test_a_features_day_leads_to_its_customers_days_and_they_add_up_to_it(demo: httpx.Client) -> None:
    asked = {"feature": "code-review", "from": DAY, "to": DAY}
    (day,) = table(demo, "/feature", "days", **asked)
    customers = by(table(demo, "/feature", "customers", **asked), "customer", "cost_usd")
    assert sum(cost for (cost,) in customers.values()) == by([day], "day", "cost_usd")[DAY,][0]
    text = text_of(demo, "/feature", **asked)
    for (customer,), (cost,) in customers.items():
        assert f"/customer-day?from={DAY}&to={DAY}&customer={customer}&feature=code-review" in text or cost == 0
        split = table(demo, "/customer-day", "shares", **asked, customer=customer)
        assert sum(by([row], "line", "share_usd")[row["line"],][0] for row in split) == cost


def test_the_picture_says_what_the_rows_say(demo: httpx.Client) -> None:
    drawn = re.findall(r'aria-label="([^":]+): (cost|revenue that names it) ([^"]+)"', text_of(demo, "/features"))
    rows = [row for row in table(demo, "/features", "features") if row["feature"] != "(all)"]
    expected = {
        (row["feature"], name, amount_text(nano(row[column]) or 0, "USD"))
        for row in rows
        for name, column in (("cost", "cost_usd"), ("revenue that names it", "revenue_usd"))
    }
    assert set(drawn) == expected
    assert len(drawn) == 2 * len(rows)


@pytest.mark.parametrize("filtered", [{}, {"customer": "harbor-legal"}], ids=str)
def test_a_feature_that_is_filtered_by_is_paid_as_it_is_among_all(demo: httpx.Client, filtered: dict[str, str]) -> None:
    every = table(demo, "/features", "features", **filtered)
    assert {row["pays"] for row in every} & {"in part by name, else flat fees", "flat fees alone"}
    for row in every:
        (alone,) = table(demo, "/features", "features", **filtered, feature=row["feature"])
        assert (alone["pays"], alone["left_usd"]) == (row["pays"], row["left_usd"])
        note = "Of one feature, revenue is what names it. Flat fees of $"
        assert note in text_of(demo, "/features", **filtered, feature=row["feature"])


@pytest.mark.parametrize(("fee", "said"), [(None, ""), (0, "nobody: a tax on the others"), (7, "flat fees alone")])
def test_a_flat_fee_that_is_not_known_makes_no_feature_a_tax(fee: int | None, said: str, tmp_path: Path) -> None:
    ledger = Ledger(sqlite_url(tmp_path / "ledger.sqlite"))
    booked(ledger, ["acme"], revenue=0)
    with ledger.commit("made") as commit:
        spent = Margin("acme", "chat", "USD", 0, 1_000_000_000, 0, 0, 0)
        commit.book(d.MARGINS, "*", "2026-11-20", [spent, Margin("acme", "(all)", "USD", fee, 0, 0, 0, 0)])
    ledger.close()
    with served(environment(tmp_path)) as client:
        for filtered in ({}, {"feature": "chat"}):
            rows = {row["feature"]: row for row in table(client, "/features", "features", **filtered)}
            assert rows["chat"]["pays"] == said, filtered
        for path in ("/feature", "/customers"):
            assert ('class="number bad"' in text_of(client, path, feature="chat")) == (fee == 0), path
        noted = "Flat fees of an amount that is not known pay for all features at once"
        assert (noted in text_of(client, "/features", feature="chat")) == (fee is None)
