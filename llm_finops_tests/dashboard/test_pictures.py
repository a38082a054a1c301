"""Pictures of a page: names of every kind are drawn, and what cannot be drawn leaves the rest of the page."""

from pathlib import Path

from llm_finops.charts import Chart
from llm_finops.config import load
from llm_finops.core.records import Allocation, Margin, Pool
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
