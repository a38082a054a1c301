"""The files of the made-up company."""

import csv
import tomllib
from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import pyarrow.parquet as pq

from llm_finops.config import load
from llm_finops.demo.billing import revenue_of
from llm_finops.demo.company import CUSTOMERS, TRYING
from llm_finops.demo.configuration import write_config
from llm_finops.demo.files import write_files
from llm_finops.demo.keys import ALIASES, PROVIDERS
from llm_finops.demo.log import dirt_of, log_rows
from llm_finops.demo.prices import METERS, models, price_rows
from llm_finops.demo.standins.running import ENVIRONMENT
from llm_finops.demo.truth import cost_by_key
from llm_finops.demo.world import Window, requests_of

WINDOW = Window(date(2026, 11, 2), 4)
URLS = ("http://127.0.0.1:1/v1", "http://127.0.0.1:2", "http://127.0.0.1:3/api/")


def _state(folder: Path) -> dict[str, tuple[bytes, int]]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {str(p.relative_to(folder)): (p.read_bytes(), p.stat().st_mtime_ns) for p in paths}


def test_writing_twice_changes_nothing_and_leaves_no_other_file(tmp_path: Path) -> None:
    written = {path.relative_to(tmp_path).as_posix() for path in write_files(tmp_path, WINDOW)}
    days = {f"requests/{day.isoformat()}.parquet" for day in WINDOW.dates()}
    assert written == days | {"revenue/2026-10.csv", "revenue/2026-11.csv", "prices.csv"}
    before = _state(tmp_path)
    assert set(before) == written
    assert write_files(tmp_path, WINDOW) == []
    assert _state(tmp_path) == before


def test_every_file_is_its_users_alone(tmp_path: Path) -> None:
    def modes() -> set[int]:
        return {path.stat().st_mode & 0o777 for path in tmp_path.rglob("*") if path.is_file()}

    write_files(tmp_path, WINDOW)
    write_config(tmp_path, WINDOW, *URLS)
    assert modes() == {0o600}
    (tmp_path / "prices.csv").chmod(0o644)
    write_files(tmp_path, WINDOW)
    assert modes() == {0o600}


def test_tomorrows_window_adds_a_day_and_takes_nothing_back(tmp_path: Path) -> None:
    write_files(tmp_path, WINDOW)
    before = _state(tmp_path)
    changed = write_files(tmp_path, Window(WINDOW.until + timedelta(days=1), WINDOW.days))
    assert [path.name for path in changed] == ["2026-11-03.parquet", "2026-11.csv"]
    after = _state(tmp_path)
    assert set(before) < set(after)
    assert set(before["revenue/2026-11.csv"][0].splitlines()) < set(after["revenue/2026-11.csv"][0].splitlines())


def test_a_half_written_file_is_mended(tmp_path: Path) -> None:
    write_files(tmp_path, WINDOW)
    broken = tmp_path / "requests" / "2026-11-01.parquet"
    whole = broken.read_bytes()
    broken.write_bytes(whole[:100])
    assert write_files(tmp_path, WINDOW) == [broken]
    assert broken.read_bytes() == whole


def test_a_days_file_holds_its_logged_requests_and_the_promised_dirt(tmp_path: Path) -> None:
    write_files(tmp_path, WINDOW)
    day = WINDOW.until
    rows = pq.read_table(tmp_path / "requests" / f"{day.isoformat()}.parquet").to_pylist()
    logged = {request.id: request for request in requests_of(day) if request.logged}
    duplicates, bad = dirt_of(day)
    assert len(rows) == len(logged) + duplicates + bad
    for row in rows:
        if row["request_id"] not in logged:
            continue
        request = logged[row["request_id"]]
        uncached, read, written_5m, written_1h, output = request.tokens
        assert row["prompt_tokens"] == uncached + read + written_5m + written_1h
        assert [row["cached_tokens"], row["cache_write_5m_tokens"], row["cache_write_1h_tokens"]] == [
            read,
            written_5m,
            written_1h,
        ]
        assert row["completion_tokens"] == output
        assert ALIASES.get(row["model"], row["model"]) == request.model
        assert row["customer_id"] == request.customer
        assert row["api_key_id"] == request.key_id
        assert row["ts"].startswith(day.isoformat())


def test_logs_have_duplicates_bad_rows_and_aliases() -> None:
    window = Window(date(2026, 11, 23), 33)
    dirt = [dirt_of(day) for day in window.dates()]
    assert sum(duplicates for duplicates, _ in dirt) >= 20
    assert 4 <= sum(bad for _, bad in dirt) <= 8
    assert max(bad for _, bad in dirt) <= 2
    names = Counter(row.model for row in log_rows(window.until))
    assert set(ALIASES) <= set(names)
    assert set(ALIASES.values()) <= set(names)


def test_revenue_files_say_what_each_customer_pays_for_each_day(tmp_path: Path) -> None:
    write_files(tmp_path, WINDOW)
    paid: dict[date, Counter[str]] = {}
    for path in sorted((tmp_path / "revenue").glob("*.csv")):
        for row in csv.DictReader(path.open(encoding="utf-8")):
            since, until = date.fromisoformat(row["from"]), date.fromisoformat(row["until"])
            share = Fraction(row["amount"]) / (until - since).days
            for n in range((until - since).days):
                paid.setdefault(since + timedelta(days=n), Counter())[row["customer"]] += share  # type: ignore[assignment]
            assert row["currency"] == "USD"
    for day in WINDOW.dates():
        assert paid[day] == revenue_of(day)
        assert set(paid[day]) == {customer.id for customer in CUSTOMERS} - {TRYING.id}


def test_the_price_file_holds_every_price_to_its_last_digit(tmp_path: Path) -> None:
    write_files(tmp_path, WINDOW)
    rows = list(csv.DictReader((tmp_path / "prices.csv").open(encoding="utf-8")))
    expected = [(r.provider, r.model, r.tier, r.meter, Fraction(r.nano, 10**9)) for r in price_rows(WINDOW.until)]
    said = [(r["provider"], r["model"], r["service_tier"], r["meter"], Fraction(r["price_per_million"])) for r in rows]
    assert said == expected
    assert {row["meter"] for row in rows} == set(METERS)
    assert {row["model"] for row in rows} == {*models("openai"), *models("anthropic")}


def test_the_pipeline_accepts_the_configuration(tmp_path: Path) -> None:
    write_files(tmp_path, WINDOW)
    path = write_config(tmp_path, WINDOW, *URLS)
    config = load({**ENVIRONMENT, "LLM_FINOPS_CONFIG": str(path)})
    assert config.start_date == WINDOW.first
    assert {name: p.options.base_url for name, p in config.providers.items()} == {
        "openai": URLS[0],
        "anthropic": URLS[1],
    }
    assert config.slack.base_url == URLS[2]
    assert all(config.secret(p.options.admin_key_env) for p in config.providers.values())
    assert len(config.files(config.requests["gateway"].paths)) == WINDOW.days
    columns = pq.read_schema(tmp_path / "requests" / "2026-11-02.parquet").names
    assert set(config.requests["gateway"].source.columns.values()) == set(columns)
    assert config.settings.aliases == ALIASES
    assert [rule.customer for rule in config.settings.rules] == ["internal", "internal", "northwind", "harbor-legal"]


def test_the_configuration_keeps_its_first_day_and_follows_the_addresses(tmp_path: Path) -> None:
    path = write_config(tmp_path, WINDOW, *URLS)
    later = Window(WINDOW.until + timedelta(days=5), WINDOW.days)
    write_config(tmp_path, later, "http://127.0.0.1:9/v1", URLS[1])
    written = tomllib.loads(path.read_text(encoding="utf-8"))
    assert written["start_date"] == WINDOW.first
    assert written["providers"]["openai"]["base_url"] == "http://127.0.0.1:9/v1"
    assert "slack" not in written, "without an address nothing is posted"


def test_months_that_are_over_are_invoiced_and_one_in_two_of_anthropics_is_too_high(tmp_path: Path) -> None:
    window = Window(date(2026, 11, 1), 63)  # from 31 August on
    write_files(tmp_path, window, logged=False)
    config = load({"LLM_FINOPS_CONFIG": str(write_config(tmp_path, window, *URLS, logged=False)), **ENVIRONMENT})
    assert {name: table.account for name, table in config.invoices.items()} == {p: p for p in PROVIDERS}
    files = sorted((tmp_path / "invoices").iterdir())
    assert [path.stem for path in files] == [f"{p}-2026-{m}" for p in ("anthropic", "openai") for m in ("09", "10")]
    over = {}
    for path in files:
        provider, month = path.stem.split("-", 1)
        with path.open(encoding="utf-8", newline="") as file:
            billed = sum(Fraction(row["BilledCost"]) for row in csv.DictReader(file))
        days = [day for day in window.dates() if f"{day:%Y-%m}" == month]
        spent = sum(Fraction(sum(cost_by_key(day, provider).values()), 10**15) for day in days)
        over[path.stem] = round(billed - spent, 2)
    assert over == {
        "anthropic-2026-09": Fraction("7.35"),
        "anthropic-2026-10": 0,
        "openai-2026-09": 0,
        "openai-2026-10": 0,
    }
