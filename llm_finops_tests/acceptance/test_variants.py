"""The same world under other configurations: what holds then, and what must be said aloud."""

import csv
from collections import Counter
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from llm_finops.core.meters import TOKENS
from llm_finops.demo import keys
from llm_finops.demo.company import CUSTOMERS, SEARCH
from llm_finops.demo.configuration import write_config
from llm_finops.demo.files import write_files
from llm_finops.demo.log import log_rows
from llm_finops.demo.truth import (
    UNALLOCATED,
    cost_by_customer,
    cost_by_key,
    cost_by_method,
    cost_by_owner,
    cost_of,
)
from llm_finops.demo.world import Window, requests_of
from llm_finops_tests.acceptance.playing import (
    ACCOUNTS,
    ANTHROPIC_URL,
    OPENAI_URL,
    apart,
    change,
    company,
    fingerprint,
    rows,
    settle,
    spent,
    unconserved,
)

pytestmark = pytest.mark.slow
DAY = date(2026, 9, 29)  # a bad row is in its log
WINDOW = Window(DAY, 1)
API_KEY_COLUMN = '"api_key" = "api_key_id", '


KEY_METHODS = {
    **{key.id: "spread" for key in (keys.OPENAI_SUPPORT, keys.OPENAI_DOCUMENTS, keys.OPENAI_NOTES)},
    **{key.id: "spread" for key in (keys.ANTHROPIC_AGENT, keys.ANTHROPIC_WRITER)},
    **{key.id: "rule" for key in (keys.OPENAI_STAGING, keys.OPENAI_ENRICHMENT)},
    **{key.id: "rule" for key in (keys.ANTHROPIC_STAGING, keys.ANTHROPIC_CONTRACTS)},
}
SHARES = "select customer, sum(cost_nano) from current_allocations where api_key = ? group by customer"


def kinds(home: Path) -> set[str]:
    return {kind for (kind,) in rows(home, "select distinct kind from current_findings")}


def test_a_log_without_keys_still_finds_every_customer(tmp_path: Path) -> None:
    change(company(tmp_path, WINDOW), API_KEY_COLUMN, "")
    settle(tmp_path, WINDOW)
    assert unconserved(tmp_path) == []
    for account in ACCOUNTS:
        assert apart(spent(tmp_path, DAY, account, "customer"), cost_by_customer(DAY, account)) == {}
        assert apart(spent(tmp_path, DAY, account, "method"), cost_by_method(DAY, account)) == {}
    # What the log found is at no key: neither it nor anybody else knows which. A rule knows its own.
    found = rows(tmp_path, "select distinct method, api_key from current_allocations where method <> 'unallocated'")
    ruled = {keys.OPENAI_STAGING, keys.OPENAI_ENRICHMENT, keys.ANTHROPIC_STAGING, keys.ANTHROPIC_CONTRACTS}
    assert set(found) == {("request_log", "(none)"), *(("rule", key.id) for key in ruled)}


def test_two_logs_of_which_one_has_no_keys_find_every_customer(tmp_path: Path) -> None:
    config = company(tmp_path, WINDOW)
    of_worker = {keys.OPENAI_DOCUMENTS.id, keys.ANTHROPIC_WRITER.id}
    of_gateway = {key.id for key in keys.KEYS} - of_worker
    table = pq.read_table(tmp_path / "requests" / f"{DAY}.parquet")
    ids = table["api_key_id"].to_pylist()
    (tmp_path / "worker").mkdir()
    worker = table.filter(pa.array([name in of_worker for name in ids])).drop_columns(["api_key_id"])
    pq.write_table(worker, tmp_path / "worker" / "log.parquet")
    pq.write_table(
        table.filter(pa.array([name in of_gateway for name in ids])), tmp_path / "requests" / f"{DAY}.parquet"
    )
    text = config.read_text(encoding="utf-8")
    gateway = text[text.index("[requests.gateway]") : text.index("[revenue.billing]")]
    second = gateway.replace("gateway", "worker").replace("requests/*", "worker/*").replace(API_KEY_COLUMN, "")
    both = _speaking(gateway, of_gateway) + _speaking(second, of_worker)
    config.write_text(text.replace(gateway, both), encoding="utf-8")
    settle(tmp_path, WINDOW)
    assert unconserved(tmp_path) == []
    scopes = rows(tmp_path, "select scope, sum(requests) > 0 from current_request_totals group by 1 order by 1")
    assert scopes == [("gateway", 1), ("worker", 1)]
    for account in ACCOUNTS:
        assert apart(spent(tmp_path, DAY, account, "customer"), cost_by_customer(DAY, account)) == {}


def test_without_aliases_nothing_is_lost_and_what_meets_no_usage_is_said(tmp_path: Path) -> None:
    config = company(tmp_path, WINDOW)
    for alias, model in keys.ALIASES.items():
        change(config, f'{alias} = "{model}"\n', "")
    settle(tmp_path, WINDOW)
    assert unconserved(tmp_path) == []
    question = "select sum(amount), unit from current_findings where kind = 'logged, not reported' group by 2"
    assert rows(tmp_path, question) == [(_tokens_of(keys.ALIASES), TOKENS)]
    for account in ACCOUNTS:
        truth = cost_by_customer(DAY, account)
        ours = spent(tmp_path, DAY, account, "customer")
        assert apart(Counter(all=ours.total()), Counter(all=truth.total())) == {}
        assert ours[UNALLOCATED] * 10**6 > 2 * truth[UNALLOCATED]  # shown as nobody's, not as somebody else's
        by_rule = {
            owner.customer: grains for owner, grains in cost_by_owner(DAY, account).items() if owner.method == "rule"
        }
        assert apart(spent(tmp_path, DAY, account, "customer", where="method = 'rule'"), Counter(by_rule)) == {}


def test_a_wrong_price_of_cached_input_moves_no_customers_cost_and_is_said(tmp_path: Path) -> None:
    company(tmp_path, WINDOW)
    prices = tmp_path / "prices.csv"
    with prices.open(encoding="utf-8", newline="") as file:
        book = list(csv.DictReader(file))
    for row in book:
        if row["meter"] == "input_cache_read":
            row["price_per_million"] = str(10 * Decimal(row["price_per_million"]))
    with prices.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(book[0]))
        writer.writeheader()
        writer.writerows(book)
    settle(tmp_path, WINDOW)
    assert "usage and cost differ" in kinds(tmp_path)
    for account in ACCOUNTS:  # the provider's lines name the meter, so the price is a weight within it only
        assert apart(spent(tmp_path, DAY, account, "customer"), cost_by_customer(DAY, account)) == {}


def test_without_a_request_log_each_feature_has_its_cost_and_each_customer_a_part_by_seats(tmp_path: Path) -> None:
    window = Window(DAY, 1)
    write_files(tmp_path, window, logged=False)
    write_config(tmp_path, window, OPENAI_URL, ANTHROPIC_URL, logged=False)
    settle(tmp_path, window)
    assert unconserved(tmp_path) == []
    assert not (tmp_path / "requests").exists()
    for account in ACCOUNTS:
        by_key: Counter[str] = Counter()
        for (_, key, _), grains in cost_by_key(DAY, account).items():
            by_key[KEY_METHODS.get(key or "", "unallocated")] += grains
        assert apart(spent(tmp_path, DAY, account, "method"), by_key) == {}
    # Whoever made the key knows what it is for: the features are as they truly are.
    search = sum(cost_of(request, DAY) for request in requests_of(DAY) if request.key_id == keys.OPENAI_DOCUMENTS.id)
    of_search = spent(tmp_path, DAY, "openai", "feature", where="method = 'spread'")
    assert apart(Counter({SEARCH: of_search[SEARCH]}), Counter({SEARCH: search})) == {}
    seats = dict(rows(tmp_path, SHARES, keys.OPENAI_DOCUMENTS.id))
    assert set(seats) == {customer.id for customer in CUSTOMERS if SEARCH in customer.plan.features}
    assert abs(seats["northwind"] - 50 * seats["juniper-labs"]) <= 1_000  # 100 seats and 2, each line rounded by itself


def test_the_order_and_the_files_of_the_log_do_not_matter(tmp_path: Path) -> None:
    straight, shuffled = tmp_path / "straight", tmp_path / "shuffled"
    window = Window(DAY, 2)
    for home in (straight, shuffled):
        company(home, window)
    _shuffle(sorted((shuffled / "requests").iterdir()))
    for home in (straight, shuffled):
        settle(home, window)
    assert fingerprint(straight) == fingerprint(shuffled)


def _tokens_of(models: Iterable[str]) -> int:
    """The log's tokens of requests under these names of models; a duplicate counts once, a bad row not at all."""
    good = {row.request_id: row for row in log_rows(DAY) if row.prompt_tokens >= 0 and "T25" not in row.ts}
    named = [row for row in good.values() if row.model in models]
    assert len(named) > 50
    return sum(row.prompt_tokens + row.completion_tokens for row in named)


def _speaking(table: str, names: Iterable[str]) -> str:
    return f"{table.rstrip()}\nspeaks_for = {{ api_keys = {sorted(names)} }}\n\n"


def _shuffle(files: list[Path]) -> None:
    """Deal the rows of all files out again, over other files and in another order."""
    table = pa.concat_tables([pq.read_table(file) for file in files])
    order = list(range(table.num_rows))
    Random(7).shuffle(order)
    for file in files:
        file.unlink()
    for n in range(3):
        pq.write_table(table.take(order[n::3]), files[0].with_name(f"part-{n}.parquet"))
