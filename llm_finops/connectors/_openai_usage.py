"""OpenAI's usage reports, a line of a table each: what it is grouped by, and which field of it counts which meter.

Completions count input with everything in it; here it is taken apart into meters that do not overlap, and they add up
to OpenAI's own totals. The other reports count one thing each.

Not told apart, since no column of usage could hold it: the size and source of images, the context level of a web
search, the store a file search looked into. Only completions say a tier; the others' is standard, and what a batch
made of them shows as "usage and cost differ" once it weighs.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from llm_finops.connectors import _fields
from llm_finops.connectors._fields import Fields
from llm_finops.connectors._pulling import Answer, Doubts
from llm_finops.connectors._rows import fit
from llm_finops.connectors.contract import SourceError
from llm_finops.core import meters
from llm_finops.core.records import NONE, STANDARD, Usage

COMPLETIONS = "completions"

_BY_MODEL = ("project_id", "api_key_id", "user_id", "model")
_REQUESTS = ("num_model_requests",)


class UsageReport(NamedTuple):
    """How one usage report is asked for and read."""

    grain: tuple[str, ...]
    counts: Mapping[str, str]  # field -> meter
    beside: tuple[str, ...] = ()  # quantities that are not booked; a row without them is not the row we know


REPORTS = {
    COMPLETIONS: UsageReport((*_BY_MODEL, "batch", "service_tier"), {}, _REQUESTS),
    "embeddings": UsageReport(_BY_MODEL, {"input_tokens": "input_uncached"}, _REQUESTS),
    "moderations": UsageReport(_BY_MODEL, {"input_tokens": "input_uncached"}, _REQUESTS),
    "images": UsageReport(_BY_MODEL, {"images": "images"}, _REQUESTS),
    "audio_speeches": UsageReport(_BY_MODEL, {"characters": "speech"}, _REQUESTS),
    "audio_transcriptions": UsageReport(_BY_MODEL, {"seconds": "transcription"}, _REQUESTS),
    "vector_stores": UsageReport(("project_id",), {"usage_bytes": "vector_storage"}),
    "code_interpreter_sessions": UsageReport(("project_id",), {"num_sessions": "code_interpreter"}),
    "file_search_calls": UsageReport(("project_id", "api_key_id", "user_id"), {"num_requests": "file_search"}),
    "web_search_calls": UsageReport(_BY_MODEL, {"num_requests": "web_search"}, _REQUESTS),
}

_DIMENSIONS = frozenset(
    """object project_id api_key_id user_id model batch service_tier api_source size source context_level
    vector_store_id""".split()
)
_COMPLETIONS_FIELDS = frozenset(
    """input_tokens output_tokens input_cached_tokens input_cache_write_tokens input_cache_write_30m_tokens
    input_cache_write_12h_tokens input_uncached_tokens input_text_tokens input_audio_tokens input_image_tokens
    input_cached_text_tokens input_cached_audio_tokens input_cached_image_tokens output_text_tokens
    output_audio_tokens output_image_tokens""".split()
)

_LACKING = re.compile(
    r"(?:not|n't)\s+(?:have access to|available|enabled|supported)|(?:invalid|unknown) (?:url|endpoint)", re.IGNORECASE
)
_OF_THE_KEY = re.compile(r"scope|permission", re.IGNORECASE)


def is_lacking(report: str, error: SourceError) -> bool:
    """Whether an answer says that the organization does not have a report, rather than that the question is wrong.

    Every organization has completions. What a key may not read is the key's fault, and a parameter's is ours.
    """
    says_so = bool(_LACKING.search(error.said)) and not _OF_THE_KEY.search(f"{error.code} {error.said}")
    refused = error.status in {400, 403} and says_so and not error.param
    return report != COMPLETIONS and (error.status == 404 or refused)


def read_usage(name: str, answer: Answer, doubts: Doubts) -> Iterator[Usage]:
    """A day's usage in one report, by meter. Unreadable where a quantity is missing or negative."""
    if answer.left_out:
        doubts.add("report left out", f"usage/{name}", "reports", 1, answer.left_out)
    for row in answer.rows:
        report = REPORTS[name]
        known = _DIMENSIONS.union(report.counts, report.beside, _COMPLETIONS_FIELDS if name == COMPLETIONS else ())
        doubts.unknown_fields(row, known, "" if name == COMPLETIONS else f"{name}.")
        for field in report.beside:
            _fields.count(row, field)
        of = (
            (_fields.promised(row, dimension) or NONE) if dimension in report.grain else NONE for dimension in _BY_MODEL
        )
        project, key, actor, model = of
        tier = _tier(row) if "service_tier" in report.grain else STANDARD
        dimensions = (answer.account, answer.provider, project, key, actor, model, tier, NONE)
        counted = {meter: _fields.count(row, field) for field, meter in report.counts.items()}
        if name == COMPLETIONS:
            counted = _taken_apart(row, model, doubts)
        for meter, quantity in counted.items():
            yield Usage(*dimensions, meter, meters.UNITS[meter], quantity)


def _taken_apart(row: Fields, model: str, doubts: Doubts) -> dict[str, int]:
    found: dict[str, int] = {}
    for side, take_apart in (("input", _input_meters), ("output", _output_meters)):
        quantities, apart = take_apart(row)
        found |= quantities
        if apart:
            detail = f"the parts of {side}_tokens {row[f'{side}_tokens']} do not add up to it; the total is booked"
            doubts.add("meters disagree", f"{model} {side}", meters.TOKENS, apart, detail)
    return found


def _tier(row: Fields) -> str:
    if row.get("batch") is not None and _fields.flag(row, "batch"):
        return "batch"
    tier = _fields.text(row, "service_tier")
    return STANDARD if tier in {None, "default", "auto"} else str(tier)


def _input_meters(row: Fields) -> tuple[dict[str, int], int]:
    """Input by meter, adding up to the row's total, and by how many tokens the row contradicts itself."""
    lives = _parts(row, {f"{meters.UNSPECIFIED}_{life}": f"input_cache_write_{life}_tokens" for life in ("30m", "12h")})
    writes = _fields.count_if_any(row, "input_cache_write_tokens")
    parts = _parts(row, {"input_cache_read": "input_cached_tokens"})
    if writes is not None or lives:
        parts[meters.UNSPECIFIED] = sum(lives.values()) if writes is None else writes
    parts |= _parts(row, {"input_audio": "input_audio_tokens", "input_image": "input_image_tokens"})
    found, left, apart = fit(_fields.count(row, "input_tokens"), parts)
    if meters.UNSPECIFIED in found:
        by_life, rest, more = fit(found[meters.UNSPECIFIED], lives)
        found |= {**by_life, meters.UNSPECIFIED: rest}
        apart += more
    text_and_more = left + found.get("input_audio", 0) + found.get("input_image", 0)
    return {**found, "input_uncached": left}, max(
        apart, _off(row, "input_uncached_tokens", text_and_more), _off(row, "input_text_tokens", left)
    )


def _output_meters(row: Fields) -> tuple[dict[str, int], int]:
    """Output likewise; reasoning is part of it."""
    parts = _parts(row, {"output_audio": "output_audio_tokens", "output_image": "output_image_tokens"})
    found, left, apart = fit(_fields.count(row, "output_tokens"), parts)
    return {**found, "output": left}, max(apart, _off(row, "output_text_tokens", left))


def _off(row: Fields, field: str, ours: int) -> int:
    said = _fields.count_if_any(row, field)
    return 0 if said is None else abs(said - ours)


def _parts(row: Fields, fields: Mapping[str, str]) -> dict[str, int]:
    found = {meter: _fields.count_if_any(row, field) for meter, field in fields.items()}
    return {meter: tokens for meter, tokens in found.items() if tokens is not None}
