"""OpenAI's usage reports beside completions, as its stand-in answers them: each counts one kind of work.

The made-up company does none of it; a test puts in what an organization did.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from llm_finops.demo.standins.openai_question import GROUPS, Question

_REQUESTS = "num_model_requests"


class Shape(NamedTuple):
    """A report: the name in its rows, and what they count."""

    name: str
    counts: tuple[str, ...]


SHAPES = {
    "usage/embeddings": Shape("embeddings", ("input_tokens", _REQUESTS)),
    "usage/moderations": Shape("moderations", ("input_tokens", _REQUESTS)),
    "usage/images": Shape("images", ("images", _REQUESTS)),
    "usage/audio_speeches": Shape("audio_speeches", ("characters", _REQUESTS)),
    "usage/audio_transcriptions": Shape("audio_transcriptions", ("seconds", _REQUESTS)),
    "usage/vector_stores": Shape("vector_stores", ("usage_bytes",)),
    "usage/code_interpreter_sessions": Shape("code_interpreter_sessions", ("num_sessions",)),
    "usage/file_search_calls": Shape("file_searches", ("num_requests",)),
    "usage/web_search_calls": Shape("web_searches", (_REQUESTS, "num_requests")),
}


@dataclass(frozen=True)
class Work:
    """What was done on a day: quantities by the report's own names, and who did it."""

    report: str
    day: date
    counts: Mapping[str, int]
    dimensions: Mapping[str, str] = field(default_factory=dict)


def rows(asked: Question, done: Iterable[Work], start: int) -> Iterator[dict[str, Any]]:
    """The rows of a day's bucket, grouped as asked; there are none of a bucket that is no whole day."""
    shape, groups = SHAPES[asked.report], GROUPS[asked.report]
    day = datetime.fromtimestamp(start, UTC).date()
    sums: dict[tuple[str | None, ...], dict[str, int]] = {}
    for work in done:
        if work.report != asked.report or work.day != day:
            continue
        if any(work.dimensions.get(name) not in values for name, values in asked.filters.items()):
            continue
        group = tuple(work.dimensions.get(name) if name in asked.group_by else None for name in groups)
        total = sums.setdefault(group, dict.fromkeys(shape.counts, 0))
        for name in shape.counts:
            total[name] += work.counts[name]
    for group, total in sums.items():
        yield {
            "object": f"organization.usage.{shape.name}.result",
            **total,
            **dict(zip(groups, group, strict=True)),
        }
