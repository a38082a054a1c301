"""`[requests.NAME]`: what is accepted, and how a mistake is told."""

import re
from typing import Any

import pytest
from pydantic import ValidationError

from llm_finops.core.settings import RequestSource
from llm_finops.inputs.requests import RequestLogError, overlapping, request_log

COLUMNS: dict[str, Any] = {"time": "ts", "model": "model", "input_total": "prompt", "output": "completion"}


def table(**more: Any) -> dict[str, Any]:
    return {"paths": "logs/*.parquet", "columns": COLUMNS, **more}


def with_columns(**more: Any) -> dict[str, Any]:
    return table(columns={**COLUMNS, **more})


def test_a_table_becomes_a_request_log() -> None:
    log = request_log(
        "gateway",
        {
            "paths": ["logs/*.parquet", "old/*.csv.gz"],
            "columns": {**COLUMNS, "environment": {"const": "production"}, "tag.team": "team"},
            "speaks_for": {"projects": ["p1", "p2"]},
            "time_zone": "Europe/Berlin",
        },
    )
    assert log.paths == ("logs/*.parquet", "old/*.csv.gz")
    assert log.source == RequestSource(
        "gateway",
        {**COLUMNS, "environment": {"const": "production"}, "tag.team": "team"},
        speaks_for={"projects": ("p1", "p2")},
        time_zone="Europe/Berlin",
    )


def test_one_path_may_be_written_as_text() -> None:
    assert request_log("gateway", table()).paths == ("logs/*.parquet",)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (with_columns(custmer="c"), r"gateway\.columns: unknown field 'custmer'; allowed are id, time, account"),
        (with_columns(**{"tag.": "c"}), "unknown field 'tag.'"),
        (table(columns={"model": "m", "output": "o"}), "`time` is missing, so no row has a day"),
        (table(columns={"time": "t", "output": "o"}), "`model` is missing, .* or write model = { const = "),
        (table(columns={"time": "t", "model": "m"}), "nothing is counted; map at least one of input_total, input_"),
        (with_columns(input_uncached="u"), "input_total and input_uncached count the same tokens"),
        (with_columns(input_cache_read="prompt"), "input_total and input_cache_read are one column, 'prompt'"),
        (with_columns(time={"const": "2026-01-01"}), r"columns\.time: saw a constant"),
        (with_columns(output={"const": "5"}), r"columns\.output: saw a constant"),
        (table(time_zone="Mars/Olympus"), r"time_zone: saw 'Mars/Olympus'; expected a name such as UTC"),
        (table(time_zone="../etc/passwd"), "time_zone: saw"),
    ],
)
def test_a_mistake_is_told_with_what_is_allowed(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestLogError, match=message):
        request_log("gateway", wrong)


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"columns": COLUMNS}, ("paths",)),
        (table(paths=[]), ("paths",)),
        (table(format="csv"), ("format",)),
        (table(speaks_for={"customers": ["a"]}), ("speaks_for", "customers")),
        (with_columns(model={"constant": "gpt"}), ("columns", "model")),
        (with_columns(model=""), ("columns", "model")),
    ],
)
def test_a_wrong_shape_is_told_by_its_place(wrong: dict[str, Any], where: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        request_log("gateway", wrong)
    assert caught.value.errors()[0]["loc"][: len(where)] == where


def log(
    name: str, accounts: dict[str, str] | None = None, mapped: tuple[str, ...] = (), **named: tuple[str, ...]
) -> RequestSource:
    return RequestSource(name, {**COLUMNS, **dict(zip(mapped, mapped, strict=True))}, accounts or {}, named)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (log("a", projects=("p1",)), log("b", projects=("p2", "p3"))),
        (log("a", projects=("eu-*",)), log("b", projects=("us-*", "eu"))),
        (log("a", projects=("*-prod",)), log("b", projects=("*-test",))),
        (log("a", accounts={"openai": "eu"}), log("b", accounts={"openai": "us"})),
        (log("a", accounts={"openai": "eu"}, api_keys=("k1",)), log("b", accounts={"openai": "eu"}, api_keys=("k2",))),
    ],
)
def test_logs_that_name_what_is_theirs_do_not_overlap(a: RequestSource, b: RequestSource) -> None:
    assert overlapping(a, b) is None
    assert overlapping(b, a) is None


@pytest.mark.parametrize(
    ("a", "b", "reason"),
    [
        (log("a"), log("b"), "name accounts, projects or api_keys in speaks_for of both"),
        (log("a", projects=("p1",)), log("b"), "in speaks_for of both"),
        (log("a", projects=("p1",)), log("b", api_keys=("k1",)), "in speaks_for of both"),
        (log("a", projects=("p1", "p2")), log("b", projects=("p2",)), "both speak for projects p2"),
        (log("a", projects=("p*",)), log("b", projects=("p2",)), r"both speak for projects p\*, p2"),
        (log("a", projects=("eu-*",)), log("b", projects=("*-prod",)), r"both speak for projects \*-prod, eu-\*"),
        (log("a", accounts={"openai": "eu"}), log("b", accounts={"openai": "eu"}), "both speak for accounts eu"),
        (log("a", {"openai": "eu"}, ("account",)), log("b", {"openai": "us"}), "in speaks_for of both"),
    ],
)
def test_logs_that_may_hold_the_same_requests_say_why(a: RequestSource, b: RequestSource, reason: str) -> None:
    assert re.search(reason, str(overlapping(a, b)))
    assert overlapping(a, b) == overlapping(b, a)
