"""The message of a day: right, short, harmless, and inside Slack's limits whatever the names."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from llm_finops.core.digest import (
    CurrencyFigures,
    EarlierDay,
    Figures,
    Message,
    Missing,
    Owner,
    Part,
    Unpriced,
    digest,
    plain,
    shown,
)
from llm_finops.core.digest.words import amount_text

DOLLAR = 10**9
CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)


def figures(*, money: dict[str, Any] | None = None, **more: Any) -> Figures:
    """A plain day; name only what the test is about."""
    usual: dict[str, Any] = {
        "cost_nano": 4210_550_000_000,
        "cogs_nano": 4210_550_000_000,
        "revenue_nano": 10502_250_000_000,
        "day_before_nano": 3749_200_000_000,
        "requests": 1_000_000,
        "logged_cost_nano": 3120 * DOLLAR,
    }
    return Figures("2026-11-23", (CurrencyFigures("USD", **{**usual, **(money or {})}),), **more)


def texts(message: Message) -> Iterator[str]:
    for block in message.blocks:
        for part in [*block.get("fields", []), *block.get("elements", []), *[block[k] for k in ["text"] if k in block]]:
            yield part["text"]


def assert_within_limits(message: Message) -> None:
    assert len(message.blocks) <= 50
    assert len(json.dumps(message.blocks)) < 13_000
    assert len(message.text) < 3_000
    for block in message.blocks:
        assert set(block) <= {"type", "text", "fields", "elements"}
        assert len(block.get("fields", [])) <= 10
        assert len(block.get("elements", [])) <= 10
        assert all(0 < len(field["text"]) <= 2_000 for field in block.get("fields", []))
        if "text" in block:
            assert 0 < len(block["text"]["text"]) <= (150 if block["type"] == "header" else 3_000)


def assert_harmless(message: Message) -> None:
    for text in [message.text, *texts(message)]:
        assert "<" not in text
        assert ">" not in text
        assert not re.search(r"&(?!amp;|lt;|gt;)", text)
        assert text.count("`") % 2 == 0
        text.encode()  # no lone surrogate
    json.loads(json.dumps(message.blocks, ensure_ascii=False, allow_nan=False))


def test_the_message_reads_from_the_most_important_down() -> None:
    day = figures(
        money={
            "customers": (Owner("Acme", 3000 * DOLLAR, 9000 * DOLLAR), Owner("Globex", 100 * DOLLAR, 88 * DOLLAR)),
            "providers": (Part("openai", 4210 * DOLLAR), Part("anthropic", 550_000_000)),
            "reported_nano": 4210_550_000_000,
            "month_to_date_nano": 92114_030_000_000,
        },
        covered=982,
        quantity=1000,
    )

    assert plain(digest(day)) == (
        "LLM costs, Monday 23 November 2026 (UTC)\n\n"
        "$4,210.55\n+12.3 % on the day before\nMonth to date $92,114.03\n\n"
        "Gross margin: $6,291.70 (59.9 %)\nRevenue: $10,502.25\nCost per request: $0.00312\n"
        "Logged requests: 1,000,000\n\n"
        "Below zero: 1 customer\n margin     cost  revenue\n−$12.00  $100.00   $88.00  Globex\n\n"
        "Customers, by cogs\n     cost    revenue   margin\n$3,000.00  $9,000.00   66.7 %  Acme\n"
        "  $100.00     $88.00  −13.6 %  Globex\n\n"
        "Providers\n     cost    share\n$4,210.00  100.0 %  openai\n    $0.55    0.0 %  anthropic\n\n"
        "$4,210.55 reported · 98.2 % of tokens found in request logs · no findings\n"
    )


def test_one_provider_is_no_table() -> None:
    day = figures(money={"providers": (Part("openai", 4210_550_000_000),)})
    assert "Providers" not in plain(digest(day))


def test_a_company_without_a_request_log_is_not_told_that_it_covers_nothing() -> None:
    text = plain(digest(figures(covered=0, quantity=1000, logged=False)))
    assert text.endswith("no request log · no findings\n")
    assert "found in request logs" not in text


def test_the_notification_is_one_whole_sentence() -> None:
    day = figures(money={"customers": (Owner("<!channel>", 9, 5),)})

    assert digest(day).text == (
        "LLM costs on Monday 23 November 2026: $4,210.55 (+12.3 % on the day before), "
        "gross margin $6,291.70 (59.9 %); 1 customer below zero."
    )


def test_revenue_that_is_not_loaded_is_said_and_never_counts_as_none() -> None:
    day = figures(money={"revenue_nano": None, "customers": (Owner("Acme", 7 * DOLLAR, None),)})
    message = digest(day)

    assert "gross margin n/a (revenue not loaded)" in message.text
    assert "Revenue: not loaded" in plain(message)
    assert "Below zero" not in plain(message)
    assert "without revenue" not in plain(message)


@pytest.mark.parametrize(("revenue", "margin"), [(0, "−$5.00 (n/a)"), (-DOLLAR, "−$6.00 (n/a)")])
def test_no_percentage_is_taken_of_revenue_of_zero_or_less(revenue: int, margin: str) -> None:
    day = figures(money={"revenue_nano": revenue, "cost_nano": 5 * DOLLAR, "cogs_nano": 5 * DOLLAR})

    assert f"Gross margin: {margin}" in plain(digest(day))


def test_a_trial_customer_is_listed_apart_from_those_below_zero() -> None:
    owners = (Owner("trial", 3 * DOLLAR, 0), Owner("loser", 3 * DOLLAR, DOLLAR), Owner("(unallocated)", DOLLAR, None))
    text = plain(digest(figures(money={"customers": owners})))

    assert "Below zero: 1 customer\nmargin   cost  revenue\n−$2.00  $3.00    $1.00  loser\n" in text
    assert "Cost without revenue\n cost\n$3.00  trial\n" in text


def test_a_cost_nobody_knows_is_not_zero() -> None:
    message = digest(figures(money={"cost_nano": None}))

    assert "USD cost not known" in message.text
    assert "the cost of this day is not known" in plain(message)
    assert not re.search(r"\$0\.00\b", plain(message))


def test_a_day_without_usage_says_so_and_a_partial_one_never_does() -> None:
    empty = Figures("2026-11-23", (CurrencyFigures("USD", 0),), used=False, covered=0, quantity=0)

    assert digest(empty).text == "LLM costs on Monday 23 November 2026: no usage, no cost and no requests."
    assert "No usage" in plain(digest(empty))
    unpriced = replace(empty, unpriced=(Unpriced("gpt-9", "tokens", 1, in_total=False),))
    logged = replace(empty, requests=4)
    paid = replace(empty, currencies=(CurrencyFigures("USD", 0, revenue_nano=DOLLAR),))
    partial = replace(empty, state="partial", missing=(Missing("openai"),))
    for doubtful in (partial, unpriced, logged, paid, replace(empty, used=None), replace(empty, currencies=())):
        assert "no usage, no cost" not in digest(doubtful).text
        assert "No usage: " not in plain(digest(doubtful))


def test_a_partial_day_names_what_is_missing() -> None:
    message = digest(
        figures(state="partial", missing=(Missing("stripe", "2026-11-20"), Missing("openai-eu")), late=("logs",))
    )

    assert plain(message).startswith("PARTIAL · LLM costs, Monday 23 November 2026 (UTC)\n")
    assert message.text.startswith("PARTIAL, 2 sources missing. LLM costs on")
    names = "openai-eu (never read), stripe (nothing since 20 November)"
    assert f"• Missing: {names}. The figures are without it.\n• Late: logs." in plain(message)


def test_a_partial_day_that_lacks_no_source_says_that_it_is_not_computed() -> None:
    message = digest(figures(state="partial"))

    assert message.text.startswith("PARTIAL, not computed yet. LLM costs on")
    assert "• Not computed yet: all reports are there, but no run came to its end with them;" in plain(message)


def test_days_of_an_outage_are_a_line_each_and_at_most_seven() -> None:
    days = tuple(EarlierDay(f"2026-11-{day:02}", (("USD", day * DOLLAR), ("EUR", None))) for day in range(10, 20))
    text = plain(digest(figures(earlier=days)))

    assert "2026-11-13  EUR not known, $13.00\n" in text
    assert "2026-11-19  EUR not known, $19.00\nand 3 days before" in text
    assert "2026-11-12" not in text


def test_currencies_are_shown_apart_the_main_one_first() -> None:
    other = CurrencyFigures("EUR", 1234_560_000_000, models=(Part("m", DOLLAR),))
    day = replace(figures(), currencies=(other, *figures().currencies))
    text = plain(digest(day))

    assert digest(day).text.startswith(
        "LLM costs on Monday 23 November 2026: $4,210.55 (+12.3 % on the day before) and "
    )
    assert " and 1,234.56 EUR, gross margin" in digest(day).text
    assert text.index("$4,210.55") < text.index("1,234.56 EUR") < text.index("Models · EUR")


def test_five_hundred_customers_become_a_few_lines_and_the_sum_of_the_rest() -> None:
    owners = tuple(Owner(f"customer {i:03}", (500 - i) * 10**7, None) for i in range(500))
    day = figures(money={"customers": owners, "cogs_nano": sum(owner.cost_nano for owner in owners)})
    message = digest(day)
    rest = sum(owner.cost_nano for owner in owners[5:])

    assert "$4.96  0.4 %  customer 004\nand 495 more, " + amount_text(rest, "USD") + " in all" in plain(message)
    assert "customer 005" not in plain(message)
    assert_within_limits(message)


@pytest.mark.parametrize("name", ["*x*", "_x_", "~x~", ":bomb:", "@here", "#general", "<!here>", "http://a.b"])
def test_names_stand_only_in_code_where_slack_formats_nothing(name: str) -> None:
    owners = (Owner(name, 5 * DOLLAR, DOLLAR), Owner(name + "0", 5 * DOLLAR, 0))
    providers = (Part(name, DOLLAR), Part(name + "0", 1))
    money = {"customers": owners, "features": owners, "providers": providers, "models": (Part(name, 1),)}
    message = digest(figures(money=money, missing=(Missing(name),), late=(name,), state="partial"))

    for text in [message.text, *texts(message)]:
        assert shown(name) not in CODE.sub("", text)
    assert plain(message).count(f"  {name}\n") == 5
    assert f"Late: {name}." in plain(message)


def test_the_hash_is_of_what_is_shown() -> None:
    day = figures(money={"estimated_nano": 1_234_560_000_000})
    unseen = replace(day, currencies=(replace(day.currencies[0], estimated_nano=1_234_560_000_001),))
    seen = replace(day, currencies=(replace(day.currencies[0], estimated_nano=1_234_570_000_000),))

    assert digest(unseen).figures_hash == digest(day).figures_hash
    assert digest(seen).figures_hash != digest(day).figures_hash
    assert re.fullmatch("[0-9a-f]{64}", digest(day).figures_hash)


def test_the_message_ends_with_a_link_to_the_day_on_the_dashboard_where_there_is_one() -> None:
    address = "https://finops.example.com/?from=2026-11-23&to=2026-11-23"
    without, message = digest(figures()), digest(figures(dashboard=address))

    assert message.blocks[:-1] == without.blocks
    assert list(texts(message))[-1] == f"<{address.replace('&', '&amp;')}|Open this day on the dashboard>"
    assert_within_limits(message)
    assert plain(message) == f"{plain(without)}\nOpen this day on the dashboard: {address}\n"
    assert message.text == without.text


def test_beside_it_stands_a_link_to_the_days_runs_where_dagster_has_an_address() -> None:
    board, dagster = "https://finops.example.com/?from=2026-11-23", "https://dagster.example.com/assets/x?partition=d"
    both, alone = digest(figures(dashboard=board, dagster=dagster)), digest(figures(dagster=dagster))

    link = f"<{dagster}|Its runs in Dagster>"
    assert list(texts(both))[-1] == f"<{board}|Open this day on the dashboard> · {link}"
    assert list(texts(alone))[-1] == link
    assert plain(alone).endswith(f"\nIts runs in Dagster: {dagster}\n")
