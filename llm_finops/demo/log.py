"""The company's own request log, as its gateway wrote it: a row a request, and the dirt that real logs have."""

from datetime import date
from typing import NamedTuple

from llm_finops.demo.keys import ALIASES, BATCH, OPENAI
from llm_finops.demo.world import DAY_MS, Request, requests_of

_SHORT = {model: alias for alias, model in ALIASES.items()}
_DUPLICATED, _SHORTENED = 701, 3  # one row in so many


class LogRow(NamedTuple):
    """A row as written. Prompt tokens include what was read from and written to a cache."""

    request_id: str
    ts: str
    provider: str
    project_id: str
    api_key_id: str | None
    model: str
    tier: str
    customer_id: str
    feature: str
    env: str
    operation_id: str
    status: str
    prompt_tokens: int
    cached_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    completion_tokens: int


def log_rows(day: date) -> list[LogRow]:
    """The day's rows: the requests that went through the gateway, a few of them twice, and now and then a bad row.

    A bad row stands for no request: a time that is none (every 9th day), or negative tokens (every 11th).
    """
    logged = [request for request in requests_of(day) if request.logged]
    rows = [_row(request, n, day.isoformat()) for n, request in enumerate(logged)]
    rows += [row for n, row in enumerate(rows) if n % _DUPLICATED == _DUPLICATED // 2]
    if rows and day.toordinal() % 9 == 4:
        rows.append(rows[0]._replace(request_id=f"req_clock_{day:%y%m%d}", ts=f"{day.isoformat()}T25:61:00.000Z"))
    if rows and day.toordinal() % 11 == 6:
        rows.append(rows[0]._replace(request_id=f"req_counter_{day:%y%m%d}", prompt_tokens=-4_096))
    return rows


def dirt_of(day: date) -> tuple[int, int]:
    """How many rows of a day's log are duplicates, and how many are bad."""
    rows = log_rows(day)
    bad = sum(row.prompt_tokens < 0 or "T25" in row.ts for row in rows)
    return len(rows) - len({row.request_id for row in rows}), bad


def _row(request: Request, n: int, day: str) -> LogRow:
    ms = request.at_ms % DAY_MS
    stream = request.stream
    uncached, read, written_5m, written_1h, output = request.tokens
    standard = "default" if stream.provider == OPENAI else "standard"
    return LogRow(
        request_id=request.id,
        ts=f"{day}T{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}Z",
        provider=stream.provider,
        project_id=stream.project.id,
        api_key_id=request.key_id,
        model=request.model if n % _SHORTENED else _SHORT.get(request.model, request.model),
        tier=BATCH if request.tier == BATCH else standard,
        customer_id=request.customer or "",
        feature=stream.feature,
        env=stream.environment,
        operation_id=request.operation,
        status=request.status,
        prompt_tokens=uncached + read + written_5m + written_1h,
        cached_tokens=read,
        cache_write_5m_tokens=written_5m,
        cache_write_1h_tokens=written_1h,
        completion_tokens=output,
    )
