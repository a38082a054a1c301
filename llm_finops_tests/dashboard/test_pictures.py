"""Pictures of a page: names of every kind are drawn, and what cannot be drawn leaves the rest of the page."""

import re
from pathlib import Path

from llm_finops.charts import Chart
from llm_finops.config import load
from llm_finops.core.records import Allocation, Margin, Pool, RequestQuantile
from llm_finops.dashboard.asking import address
from llm_finops.dashboard.blocks import Note, Picture
from llm_finops.dashboard.drawn import drawn
from llm_finops.dashboard.pages import ALL
from llm_finops.dashboard.view import View
from llm_finops.ledger import Ledger, sqlite_url
from llm_finops.ledger import datasets as d
from llm_finops.ledger.queries import snapshot
from llm_finops_tests.dashboard.serving import served
from llm_finops_tests.dashboard.test_states import COGS, DAY, booked, environment, texts

NAMES = ("acme\x0b", "acme\x1b", "bad\ufffe", "toString", "constructor", "__proto__", "one\u2028two")


def test_a_name_of_control_characters_or_of_the_renderers_own_words_ends_no_page(tmp_path: Path) -> None:
    ledger = Ledger(sqlite_url(tmp_path / "ledger.sqlite"))
    with ledger.commit("made") as commit:
        pools = {name: Pool("paper", name, "red", "k1", name, "standard", "USD") for name in NAMES}
        shares = [Allocation(pool, name, name, *COGS, 10**9) for name, pool in pools.items()]
        commit.book(d.ALLOCATIONS, "paper", DAY, shares)
        commit.book(d.MARGINS, "*", DAY, [Margin(name, name, "USD", 10**9, 2 * 10**9, 0, 0, 0) for name in NAMES])
    ledger.close()
    with served(environment(tmp_path)) as client:
        for page in ALL:
            text = texts(client, page.path)
            assert "cannot be drawn" not in text, page.path
            if page.path in {"/", "/customers", "/features"}:
                assert "<svg" in text, page.path
                assert ">acme\ufffd</text>" in text, page.path
                assert ">toString</text>" in text, page.path
        for name in NAMES:
            for path in ("/customer", "/feature"):
                answer = client.get(path, params={path[1:]: name})
                assert answer.status_code == 200, (path, name)
                assert "<svg" in answer.text, (path, name)


def test_of_what_cannot_be_drawn_the_words_stand_in_its_place(tmp_path: Path) -> None:
    ledger = Ledger(sqlite_url(tmp_path / "ledger.sqlite"))
    booked(ledger, ["acme"])
    chart = Chart("Margins", "All are in the table Customers.", {"mark": "no such mark", "config": {}})
    with snapshot(ledger) as reader:
        found = address(reader, {})
        assert found
        told = drawn(View(reader, found, load(environment(tmp_path)), "/"), Picture(chart))
    ledger.close()
    assert told["kind"] == "note"
    assert isinstance(told["block"], Note)
    assert told["block"].text.startswith("Margins: this picture cannot be drawn (Vega-Lite to SVG conversion failed: ")
    assert told["block"].text.endswith(" All are in the table Customers.")


def drawn_of(text: str, title: str) -> str:
    """The picture of that title."""
    return text.split(f"<figcaption>{title}</figcaption>")[1].split("</figure>", maxsplit=1)[0]


def test_a_day_without_anything_of_a_customer_is_0_and_one_that_is_not_booked_a_gap(tmp_path: Path) -> None:
    ledger = Ledger(sqlite_url(tmp_path / "ledger.sqlite"))
    for day in [*range(1, 11), *range(13, 21)]:  # 11 and 12 are not booked; of the 15th no revenue is loaded
        names = ["often", *(["seldom"] if day in {3, 20} else [])]
        rows = [Margin(name, "chat", "USD", None if day == 15 else 10**10, 10**10, 0, 0, 0) for name in names]
        with ledger.commit("made") as commit:
            commit.book(d.MARGINS, "*", f"2026-11-{day:02d}", rows)
    ledger.close()
    with served(environment(tmp_path)) as client:
        text = texts(client, "/customer?customer=seldom&from=2026-10-28&to=2026-11-21")
    picture = drawn_of(text, "Cost and revenue by day")
    said = dict(re.findall(r'aria-label="(2026-\S+): ([^"]+)"', picture))
    nothing, unknown = "cost $0.00 · revenue $0.00", "cost not known · revenue not known"
    assert said == {f"2026-11-{day:02d}": nothing for day in range(1, 21)} | {
        "2026-11-03": "cost $10.00 · revenue $10.00",
        "2026-11-20": "cost $10.00 · revenue $10.00",
        "2026-11-15": "cost $0.00 · revenue not known",
        **dict.fromkeys(("2026-11-11", "2026-11-12", "2026-11-21"), unknown),
    }
    cost, revenue = (path for path in re.findall(r'd="(M[^"]+)"', picture) if path.count("L") > 5)
    assert [piece.count("L") + 1 for piece in cost.split("M")[1:]] == [10, 8]
    assert [piece.count("L") + 1 for piece in revenue.split("M")[1:]] == [10, 2, 5]


def test_percentiles_have_a_gap_where_there_are_no_requests(tmp_path: Path) -> None:
    ledger = Ledger(sqlite_url(tmp_path / "ledger.sqlite"))
    booked(ledger, ["acme"], "2026-11-01")
    booked(ledger, ["acme"], "2026-11-25")
    for day in (1, 2, 20, 21):
        with ledger.commit("made") as commit:
            row = RequestQuantile("customer", "acme", "USD", 9, 1_000_000, 2_000_000, 3_000_000, 4_000_000)
            commit.book(d.REQUEST_QUANTILES, "gateway", f"2026-11-{day:02d}", [row])
    ledger.close()
    with served(environment(tmp_path)) as client:
        picture = drawn_of(texts(client, "/customer?customer=acme"), "List cost per request, gateway")
    assert "A day without requests is a gap." in picture
    lines = [path for path in re.findall(r'd="(M[^"]+)"', picture) if path.count("M") > 1]
    assert len(lines) == 4
    assert all([piece.count("L") for piece in path.split("M")[1:]] == [1, 1] for path in lines)
    assert all("L400," in path for path in lines)  # the 21st of the 25 days asked for, of 480 in width
