"""From a range to its days: each report gathered, then each day is read by itself."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

from llm_finops.connectors._fields import Fields, Unreadable, day_of, is_over, objects
from llm_finops.connectors._gathering import gather
from llm_finops.connectors._reading import Reader
from llm_finops.connectors.contract import Asked, NotWhole, Pulled, SourceError
from llm_finops.core.records import Finding, key_bytes

Row = TypeVar("Row", bound=tuple[Any, ...])


@dataclass
class Answer:
    """What a provider said of one day: its rows as they came, and the grouping (`grain`) they were asked for by.

    `left_out` says why there are no rows, where this organization does not have the report at all; `interface` which
    of several the provider answered by.
    """

    account: str
    provider: str
    day: str
    rows: list[Fields]
    grain: tuple[str, ...]
    clipped: bool = False
    duplicates: int = 0
    left_out: str = ""
    interface: str = ""


class Doubts:
    """Findings of one day, gathered from many rows; the same whatever order the rows came in."""

    def __init__(self, account: str, day: str) -> None:
        self._of = (day, account)
        self._sums: dict[tuple[str, str, str], tuple[int, int, str]] = {}

    def add(self, kind: str, subject: str, unit: str, amount: int, detail: str) -> None:
        """One more row of which this is true; amounts add up, and the least detail is kept as the example."""
        total, rows, example = self._sums.get((kind, subject, unit), (0, 0, detail))
        self._sums[kind, subject, unit] = (total + amount, rows + 1, min(example, detail))

    def unknown_fields(self, fields: Fields, known: Collection[str], prefix: str = "") -> None:
        """Say which fields we have never heard of: something may be counted there."""
        for name in fields:
            if name not in known:
                self.add("unknown field", prefix + name, "rows", 1, "the provider sends a field that is not read")

    def findings(self) -> list[Finding]:
        """One finding for each kind, subject and unit."""
        return [
            Finding(*self._of, kind, subject, unit, amount, detail if rows == 1 else f"{rows} rows, such as: {detail}")
            for (kind, subject, unit), (amount, rows, detail) in sorted(self._sums.items())
        ]


@dataclass(frozen=True)
class Report(Generic[Row]):
    """How one report of a provider is read: `fetch` a range whole, then `read` each day's rows."""

    fetch: Callable[[Asked], Mapping[str, Answer]]
    read: Callable[[Answer, Doubts], Iterable[Row]]
    window_days: int = 10_000  # the longest range one request may span


def pull(
    reader: Reader, asked: Asked, *reports: Report[Row], join: Callable[[Iterable[Row]], Iterable[Row]] = list
) -> Pulled[Row]:
    """Every asked day, read or rejected. SourceError if none came whole.

    A day is whole where every report of it is; `join` makes one set of the rows of all. A page that overlaps another
    is counted, not a finding: it says nothing about the day.
    """
    reader.begin()
    asked_at = reader.clock()
    came, failed = _gathered(reader, asked, reports)
    days: dict[str, tuple[Row, ...]] = {}
    rejected = {day: str(error) for day, error in failed.items()}
    findings: list[Finding] = []
    for day, answers in came.items():
        doubts = Doubts(asked.account, day)
        try:
            rows = (row for report, of in zip(reports, answers, strict=True) for row in report.read(of, doubts))
            days[day] = tuple(sorted(join(rows), key=key_bytes))
        except Unreadable as error:
            rejected[day] = f"{reader.access}, {day}: {error}"
            continue
        findings += doubts.findings()
    duplicates = {day: sum(answer.duplicates for answer in came[day]) for day in days}
    return Pulled(
        days=dict(sorted(days.items())),
        rejected=dict(sorted(rejected.items())),
        findings=tuple(sorted(findings)),
        calls=reader.calls,
        duplicates={day: count for day, count in sorted(duplicates.items()) if count},
        grain=next(iter(came.values()))[0].grain,
        clipped=frozenset(day for day in days if any(of.clipped for of in came[day]) or not is_over(day, asked_at)),
    )


_Came = dict[str, list[Answer]]


def _gathered(reader: Reader, asked: Asked, reports: Sequence[Report[Row]]) -> tuple[_Came, dict[str, SourceError]]:
    """The answers of each day that came whole in every report, in the order of the reports; and why others did not.

    A report is asked only for the days that all before it have.
    """
    came: _Came = {day: [] for day in asked.days}
    failed: dict[str, SourceError] = {}
    for report in reports:
        first, last = date.fromisoformat(min(came)), date.fromisoformat(max(came))
        got = gather(reader.access, Asked(asked.account, first, last), report.fetch, report.window_days)
        lost = came.keys() - got.answers.keys()
        failed |= {day: got.failed[day] for day in lost}
        came = {day: [*of, got.answers[day]] for day, of in came.items() if day not in lost}
        if not came or (got.stopped and report is not reports[-1]):
            raise got.stopped or failed[asked.days[0]]
    return came, failed


def bucketed(
    pages: Iterable[Fields], asked: Asked, reader: Reader, what: str, times: tuple[str, str], grain: tuple[str, ...]
) -> dict[str, Answer]:
    """The answers in pages of day buckets; `times` are the fields that say when a bucket begins and ends."""
    access, now = reader.access, reader.clock()
    answers: dict[str, Answer] = {}
    empty = 0
    for page in pages:
        buckets = objects(page, "data")
        for bucket in buckets:
            day, clipped = day_of(bucket, *times)
            if clipped and is_over(day, now):
                raise NotWhole(f"{access}, {what}: the bucket of {day} ends before the day, which is over")
            rows = objects(bucket, "results")
            place(answers, asked, Answer(asked.account, access.provider, day, rows, grain, clipped))
        empty = 0 if buckets else empty + 1
        if empty == 2 and len(answers) == len(asked.days):
            break  # seen live: more pages are promised after the last bucket, and they are empty
    return answers


def place(answers: dict[str, Answer], asked: Asked, came: Answer) -> None:
    """Put a day's answer with the others. NotWhole if it was not asked for, or came before with other content."""
    if not str(asked.first) <= came.day <= str(asked.last):
        raise NotWhole(f"{came.provider} (account {came.account}): asked for {asked}, was answered {came.day}")
    before = answers.get(came.day)
    if before is None:
        answers[came.day] = came
    elif _content(before.rows) == _content(came.rows):
        before.duplicates += len(came.rows)
        before.clipped = before.clipped or came.clipped
    else:
        raise NotWhole(
            f"{came.provider} (account {came.account}): {came.day} came twice with other content;"
            " it changed while being read"
        )


def canonical(fields: Fields) -> str:
    """A row as text, the same for the same content whatever the order of its fields."""
    return json.dumps(fields, sort_keys=True, default=str)


def _content(rows: Iterable[Fields]) -> list[str]:
    return sorted(canonical(row) for row in rows)
