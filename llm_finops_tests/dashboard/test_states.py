"""What every page says where there is little to show, much, or nothing: never a false 0, always what to do."""

import itertools
import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser

from llm_finops.core.records import Allocation, Margin, Pool
from llm_finops.dashboard.pages import ALL
from llm_finops.ledger import Ledger, sqlite_url
from llm_finops.ledger import datasets as d
from llm_finops.ledger.rolling import roll_up
from llm_finops_tests.dashboard.serving import served
from llm_finops_tests.pipeline import little as company
from llm_finops_tests.pipeline.little import Little

ODD = ("<script>alert(1)</script>", "مؤسسة النور", '"><img src=x onerror=alert(1)>', "a&b=c#d/?%20 e")
DAY = "2026-11-20"
COGS = ("production", "cogs", "USD", "reported", "rule", "made")


def environment(folder: Path, toml: str = "start_date = 2026-11-01\n") -> dict[str, str]:
    (folder / "finops.toml").write_text(toml, encoding="utf-8")
    return {"LLM_FINOPS_CONFIG": str(folder / "finops.toml"), "LLM_FINOPS_HOME": str(folder)}


def texts(client: httpx.Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, (path, answer.text[:2000])
    return answer.text


def photographed(browser: Browser, client: httpx.Client, path: str, kept: Path, name: str) -> list[str]:
    """What the browser complained of; the picture stays where pictures are kept."""
    said: list[str] = []
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(f"dialog {dialog.message}"))
    page.goto(f"{str(client.base_url).rstrip('/')}{path}")
    folder = Path(os.environ.get("LLM_FINOPS_SCREENSHOTS", kept))
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"state-{name}.png", full_page=True)
    page.close()
    return said


@pytest.mark.parametrize("state", ["no ledger", "an empty ledger", "older", "newer"])
def test_without_a_day_every_page_says_what_to_do(state: str, tmp_path: Path, browser: Browser) -> None:
    file = tmp_path / "ledger.sqlite"
    if state != "no ledger":
        Ledger(sqlite_url(file)).close()
    if state in {"older", "newer"}:
        with sqlite3.connect(file) as connection:
            connection.execute("update alembic_version set version_num = ?", ["0001" if state == "older" else "9999"])
        connection.close()
    said, status = {
        "no ledger": ("Run `llm-finops backfill --days 90`", 200),
        "an empty ledger": ("Run `llm-finops backfill --days 90`", 200),
        "older": ("Run `llm-finops fingerprint` once", 200),
        "newer": ("install the newer llm-finops that wrote it", 503),
    }[state]
    with served(environment(tmp_path)) as client:
        for page in ALL:
            text = texts(client, page.path, status)
            assert said in text, page.path
            assert "$0" not in text, page.path
        assert file.exists() == (state != "no ledger")  # looking makes none
        complaints = photographed(browser, client, "/", tmp_path, state.replace(" ", "-"))
        assert all("503" in of for of in complaints)


def test_a_ledger_that_comes_later_is_shown_without_a_restart(tmp_path: Path) -> None:
    with served(environment(tmp_path)) as client:
        assert "There is no ledger yet" in texts(client, "/")
        ledger = Ledger(sqlite_url(tmp_path / "ledger.sqlite"))
        booked(ledger, ["acme"])
        ledger.close()
        assert "There is no ledger yet" not in texts(client, "/")


def test_a_database_that_goes_away_is_told_and_comes_back(postgres_url: str, tmp_path: Path) -> None:
    ledger = Ledger(postgres_url)
    booked(ledger, ["acme"])
    ledger.close()
    with served({**environment(tmp_path), "LLM_FINOPS_DATABASE_URL": postgres_url}) as client:
        assert "acme" in texts(client, "/customer?customer=acme") or texts(client, "/")
        with away(postgres_url):
            for page in ALL:
                assert "The ledger cannot be read" in texts(client, page.path, 503)
        texts(client, "/")


def away(url: str) -> "_Away":
    return _Away(url)


class _Away:
    """A database that takes nobody in, as one whose server is stopped, and whose connections are cut."""

    def __init__(self, url: str) -> None:
        import psycopg
        from sqlalchemy.engine import make_url

        self._name = make_url(url).database
        server = make_url(url).set(database="postgres").render_as_string(hide_password=False)
        self._connection = psycopg.connect(server, autocommit=True)

    def __enter__(self) -> None:
        self._connection.execute(f'alter database "{self._name}" allow_connections false'.encode())
        self._connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [self._name]
        )

    def __exit__(self, *_: object) -> None:
        self._connection.execute(f'alter database "{self._name}" allow_connections true'.encode())
        self._connection.close()


def booked(ledger: Ledger, customers: list[str], day: str = DAY, revenue: int | None = 5_000_000_000) -> None:
    """A day of one account: each customer's cost and revenue."""
    pool = Pool("paper", "paper", "red", "k1", "sheet-1", "standard", "USD")
    with ledger.commit("made") as commit:
        shares = [Allocation(pool, name, "chat", *COGS, 1_000_000_000 + n) for n, name in enumerate(customers)]
        margins = [Margin(name, "chat", "USD", revenue, 1_000_000_000 + n, 0, 0, 0) for n, name in enumerate(customers)]
        commit.book(d.ALLOCATIONS, "paper", day, shares)
        commit.book(d.MARGINS, "*", day, margins)


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[httpx.Client]:
    """One day, one provider, no revenue that is known, no request log, and customers with names of all kinds."""
    ledger = Ledger(sqlite_url(tmp_path / "ledger.sqlite"))
    booked(ledger, list(ODD), revenue=None)
    ledger.close()
    with served(environment(tmp_path)) as client:
        yield client


def test_names_from_outside_are_text_on_every_page(odd: httpx.Client, browser: Browser, tmp_path: Path) -> None:
    for page in ALL:
        for name in ODD:
            answer = odd.get(page.path, params={"customer": name})
            assert answer.status_code in {200, 400}, (page.path, answer.text[:1000])
            assert "<script>alert" not in answer.text, page.path
            assert "<img src=x" not in answer.text, page.path
    assert photographed(browser, odd, "/customers", tmp_path, "odd-names") == []
    assert photographed(browser, odd, "/", tmp_path, "one-day-no-revenue") == []


def test_a_revenue_that_is_not_known_is_no_zero(odd: httpx.Client) -> None:
    text = texts(odd, "/")
    tiles = re.findall(r"<dt>([^<]+)</dt><dd class=\"figure\">(?:<a[^>]*>)?([^<]+)<", text)
    figures = dict(tiles)
    assert (figures["Revenue"], figures["Gross margin"]) == ("not known", "not known")
    assert figures["Cost (cogs)"] == "$4.00"
    assert figures["Cost per request"] == "not known"
    for page in ALL:
        assert "$0.00" not in texts(odd, page.path), page.path


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """One provider, no request log, no revenue, no price: what a newcomer has on the first day."""
    made = Little(tmp_path_factory.mktemp("paper") / "company")
    made.root.mkdir()
    made.found()
    made.configure(toml=company.START + company.PROVIDER)
    made.settle()
    (made.root / "finops.toml").write_text(company.START, encoding="utf-8")  # its connector is a test's, not ours
    with served(made.environment) as client:
        yield client


def test_one_provider_alone_is_a_dashboard_already(paper: httpx.Client, browser: Browser, tmp_path: Path) -> None:
    for page in ALL:
        answer = paper.get(page.path)
        assert answer.status_code in {200, 400}, (page.path, answer.text[:1000])
    text = texts(paper, "/health")
    assert "No request log is configured" in text
    assert photographed(browser, paper, "/health", tmp_path, "one-provider-health") == []
    assert photographed(browser, paper, "/reconciliation", tmp_path, "one-provider-reconciliation") == []
    assert "No account is matched" in texts(paper, "/reconciliation")


def test_without_a_request_log_and_without_revenue_the_pages_say_what_is_missing(
    paper: httpx.Client, browser: Browser, tmp_path: Path
) -> None:
    for path, name in (("/", "overview"), ("/requests", "requests"), ("/scale", "scale"), ("/features", "features")):
        assert photographed(browser, paper, path, tmp_path, f"no-log-no-revenue-{name}") == []
    assert "No logged request in this period" in texts(paper, "/requests")


def test_ten_thousand_customers_are_pages_of_25(tmp_path: Path, browser: Browser) -> None:
    ledger = Ledger(sqlite_url(tmp_path / "ledger.sqlite"))
    booked(ledger, [f"customer {n:05d}" for n in range(10_000)])
    ledger.close()
    with served(environment(tmp_path)) as client:
        for page, filtered in itertools.product(ALL, ("", "?provider=paper", "?environment=production&feature=chat")):
            answer = client.get(f"{page.path}{filtered}")
            assert answer.status_code in {200, 400}, page.path
            assert len(answer.content) < 1_000_000, (page.path, filtered)
        for path in ("/customers?provider=paper", "/feature?environment=production&feature=chat", "/?provider=paper"):
            text = texts(client, path)
            assert "1 to 25 of 10,000" in text, path
            assert "$10,000.05" in text, path  # the total is of all
        assert photographed(browser, client, "/", tmp_path, "ten-thousand-customers") == []


@pytest.mark.slow
def test_what_would_keep_a_page_waiting_is_not_added_up_and_says_so(tmp_path: Path) -> None:
    """By provider and feature at once no sum of customers is kept: 410,000 rows, with and without a feature."""
    ledger = Ledger(sqlite_url(tmp_path / "ledger.sqlite"))
    pool = Pool("paper", "paper", "red", "k1", "sheet-1", "standard", "USD")
    days = [f"2026-{month:02d}-{day:02d}" for month in (10, 11) for day in range(1, 22)][:41]
    shares = [Allocation(pool, f"customer {n:05d}", "chat", *COGS, 1_000_000) for n in range(10_000)]
    for day in days:
        with ledger.commit("made") as commit:
            commit.book(d.ALLOCATIONS, "paper", day, shares)
    with ledger.commit("made") as commit:
        commit.book(d.MARGINS, "*", days[-1], [Margin("customer 00000", "chat", "USD", 1, 1_000_000, 0, 0, 0)])
    roll_up(ledger)
    ledger.close()
    with served(environment(tmp_path)) as client:
        asked = f"from={days[0]}&to={days[-1]}&provider=paper"
        for path in ("/customers?", "/feature?feature=chat&", "/?feature=chat&"):
            text = texts(client, f"{path}{asked}")
            slow = "feature=chat" in path
            assert ("Not added up here" in text) == slow, path
            assert ("1 to 25 of 10,000" in text) != slow, path
        text = texts(client, f"/feature?feature=chat&provider=paper&from={days[-1]}&to={days[-1]}")
        assert "1 to 25 of 10,000" in text


def test_a_usage_without_a_price_is_no_usage_of_0(paper: httpx.Client) -> None:
    text = texts(paper, "/reconciliation")
    days = text[text.index('id="days"') : text.index('id="ladder"')]
    assert days.count("not known") == len(company.DAYS) + 1  # each, and their total
    assert "$0" not in days
