"""The vendors' own clients, pointed at the stand-ins, read the same totals as our connectors."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import anthropic as anthropic_client
import openai as openai_client
import pytest

from llm_finops.connectors import anthropic, openai
from llm_finops.connectors.contract import Asked, Connector
from llm_finops.core.records import CostLine, Usage
from llm_finops.demo.keys import ANTHROPIC, OPENAI
from llm_finops.demo.standins import Standins
from llm_finops.demo.standins.anthropic import ADMIN_KEY as ANTHROPIC_KEY
from llm_finops.demo.standins.anthropic import BETA
from llm_finops.demo.standins.openai import ADMIN_KEY as OPENAI_KEY
from llm_finops.demo.standins.openai_counts import SHAPES, Work
from llm_finops.demo.truth import cost_by_key

FIRST, LAST = date(2026, 11, 10), date(2026, 11, 20)
START, END = (int(datetime(2026, 11, day, tzinfo=UTC).timestamp()) for day in (10, 21))
ASKED = Asked("acct", FIRST, LAST)


def _truth(provider: str) -> int:
    """Grains of all days."""
    days = (FIRST.replace(day=n) for n in range(FIRST.day, LAST.day + 1))
    return sum(sum(cost_by_key(day, provider).values()) for day in days)


def _said(lines: list[CostLine]) -> Decimal:
    return sum((Decimal(line.amount_text) for line in lines), Decimal(0))


@contextmanager
def _openai(standins: Standins) -> Iterator[tuple[Any, Connector]]:
    http = openai_client.DefaultHttpxClient(trust_env=False)
    options = openai.Options(base_url=standins.openai_url)
    with (
        openai_client.OpenAI(admin_api_key=OPENAI_KEY, base_url=standins.openai_url, http_client=http) as client,
        closing(openai.connect("acct", options, OPENAI_KEY)) as connector,
    ):
        yield client.admin.organization.usage, connector


def _results(ask: Any, **params: Any) -> Iterator[Any]:
    """The rows of every page, as OpenAI's client gives them."""
    page = ask(start_time=START, end_time=END, limit=3, **params)
    while True:
        for bucket in page.data:
            yield from bucket.results
        if not page.has_more:
            return
        page = ask(start_time=START, end_time=END, limit=3, page=page.next_page, **params)


def _rows(pulled: Any) -> list[Any]:
    assert pulled.rejected == {}
    return [row for rows in pulled.days.values() for row in rows]


def test_openais_client_reads_the_same_tokens_and_costs(standins: Standins) -> None:
    with _openai(standins) as (client, connector):
        theirs = list(_results(client.completions, group_by=["project_id", "model", "batch"]))
        costs = list(_results(client.costs, group_by=["project_id", "line_item"]))
        usage: list[Usage] = _rows(connector.usage(ASKED))
        lines: list[CostLine] = _rows(connector.costs(ASKED))

    for family, field in (("input", "input_tokens"), ("output", "output_tokens")):
        by_model: Counter[str] = Counter()
        for row in theirs:
            by_model[row.model] += getattr(row, field)
        ours: Counter[str] = Counter()
        for of in usage:
            ours[of.model] += of.quantity if of.meter.startswith(family) else 0
        assert ours == by_model
    total = sum((Decimal(str(row.amount.value)) for row in costs), Decimal(0))
    assert total == _said(lines) == Decimal(_truth(OPENAI)).scaleb(-15)
    assert {(row.project_id, row.line_item) for row in costs} == {(line.project, line.line_item) for line in lines}


# Report -> our meter, and the field it is read from.
COUNTED = {
    "embeddings": ("input_uncached", "input_tokens"),
    "moderations": ("input_uncached", "input_tokens"),
    "images": ("images", "images"),
    "audio_speeches": ("speech", "characters"),
    "audio_transcriptions": ("transcription", "seconds"),
    "vector_stores": ("vector_storage", "usage_bytes"),
    "code_interpreter_sessions": ("code_interpreter", "num_sessions"),
    "file_search_calls": ("file_search", "num_requests"),
    "web_search_calls": ("web_search", "num_requests"),
}


@pytest.mark.parametrize("report", COUNTED)
def test_openais_client_reads_every_other_report_as_we_do(standins: Standins, report: str) -> None:
    name = f"usage/{report}"
    standins.openai.work = [
        Work(name, day, dict.fromkeys(SHAPES[name].counts, size), {"project_id": project, "model": "made-up-1"})
        for day, project, size in ((FIRST, "p1", 5), (LAST, "p1", 70), (LAST, "p2", 900))
    ]
    meter, field = COUNTED[report]
    with _openai(standins) as (client, connector):
        theirs: Counter[str] = Counter()
        for row in _results(getattr(client, report), group_by=["project_id"]):
            theirs[row.project_id] += getattr(row, field)
        ours: Counter[str] = Counter()
        for of in _rows(connector.usage(ASKED)):
            if of.meter == meter and of.project in {"p1", "p2"}:
                ours[of.project] += of.quantity

    assert ours == theirs == Counter({"p1": 75, "p2": 900})


def test_an_organization_that_lacks_a_report_is_read_without_it(standins: Standins) -> None:
    standins.openai.lacks = {"usage/vector_stores", "usage/images"}
    with _openai(standins) as (client, connector):
        with pytest.raises(openai_client.NotFoundError):
            client.images(start_time=START)
        pulled = connector.usage(ASKED)

    assert len(pulled.days) == 11
    left_out = {finding.subject for finding in pulled.findings if finding.kind == "report left out"}
    assert left_out == standins.openai.lacks


@contextmanager
def _anthropic(standins: Standins) -> Iterator[tuple[Any, Connector]]:
    http = anthropic_client.DefaultHttpxClient(trust_env=False)
    url = standins.anthropic_url
    with (
        anthropic_client.Anthropic(api_key=ANTHROPIC_KEY, base_url=url, http_client=http) as client,
        closing(anthropic.connect("acct", anthropic.Options(base_url=url), ANTHROPIC_KEY)) as connector,
    ):
        yield client.beta.organization, connector


@pytest.mark.parametrize("older", [False, True], ids=["analytics", "older reports"])
def test_anthropics_client_reads_the_same_tokens_and_costs(standins: Standins, older: bool) -> None:
    asked: dict[str, Any] = {
        "starting_at": "2026-11-10T00:00:00Z",
        "ending_at": "2026-11-21T00:00:00Z",
        "time_bucket_width": "1d",
        "order_by": "time",
        "order": "asc",
        "limit": 50,
        "betas": [BETA],
    }
    with _anthropic(standins) as (client, connector):
        used = list(client.analytics.usage.list(group_by=["workspace_id", "model"], **asked))
        cost = list(client.analytics.cost.list(group_by=["workspace_id", "model"], **asked))
        named = {workspace.id for workspace in client.workspaces.list(include_default=True, limit=1000)}
        standins.anthropic.lacks_analytics = 404 if older else None
        usage: list[Usage] = _rows(connector.usage(ASKED))
        lines: list[CostLine] = _rows(connector.costs(ASKED))

    theirs: Counter[tuple[str, str]] = Counter()
    for row in used:
        theirs[row.group.workspace_id, row.group.model] += row.usage.total_tokens
    ours: Counter[tuple[str, str]] = Counter()
    for of in usage:
        ours[of.project, of.model] += of.quantity
    assert ours == theirs
    total = sum((Decimal(row.cost.amount) for row in cost), Decimal(0))
    assert total == _said(lines) == Decimal(_truth(ANTHROPIC)).scaleb(-13)
    assert {line.project for line in lines} == {of.project for of in usage} == named
