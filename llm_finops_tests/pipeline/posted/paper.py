"""Paper by post: what made/paper.py reads from files, in pages of two days. Its parser has two versions.

The first knows neither the money of project green, which it leaves out, nor amounts that begin with a dollar sign,
which it cannot read; the second knows both.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

from llm_finops.connectors import _fields, contract
from llm_finops.connectors._fields import Fields
from llm_finops.connectors._paging import follow, listed
from llm_finops.connectors._pulling import Answer, Doubts, Report, place, pull
from llm_finops.connectors._reading import Access, Reader
from llm_finops.connectors._rows import add_up, cost_line, money, numbered
from llm_finops.connectors.contract import PATIENCE, Asked, Clock, Pulled, Waiting, utc_now
from llm_finops.core.records import NONE, STANDARD, CostLine, Name, Usage

PROVIDER = "paper"


class Options(contract.Options):
    admin_key_env: contract.Variable = "PAPER_KEY"
    base_url: str = "https://paper.example"
    settle_hours: contract.Hours = 6
    parser: Literal[1, 2] = 1


def connect(
    account: str, options: Options, key: str, *, wait: Waiting = PATIENCE, clock: Clock = utc_now
) -> contract.Connector:
    reader = Reader(Access(PROVIDER, account, options, "a key", key), {"paper-key": key}, wait, clock)
    return _Paper(reader, options.parser)


class _Paper:
    def __init__(self, reader: Reader, parser: int) -> None:
        self._reader = reader
        self._parser = parser

    def usage(self, asked: Asked) -> Pulled[Usage]:
        return pull(self._reader, asked, Report(lambda days: self._days("usage", days), read_usage))

    def costs(self, asked: Asked) -> Pulled[CostLine]:
        return pull(self._reader, asked, Report(lambda days: self._days("costs", days), self._read_costs))

    def names(self) -> tuple[Name, ...]:
        self._reader.begin()
        return tuple(sorted(listed(self._reader, "/projects", [], ("next", "after"), read_name)))

    def close(self) -> None:
        self._reader.close()

    def _days(self, report: str, asked: Asked) -> Mapping[str, Answer]:
        fixed = [("first", str(asked.first)), ("until", str(asked.until))]

        def ask(cursor: str | None) -> Fields:
            return self._reader.get(f"/{report}", [*fixed, ("after", cursor)] if cursor else fixed, report)

        answers: dict[str, Answer] = {}
        for page in follow(ask, "next", report):
            for entry in _fields.objects(page, "days"):
                day, rows = _fields.required(entry, "day"), _fields.objects(entry, "rows")
                place(answers, asked, Answer(asked.account, PROVIDER, day, rows, ()))
        return answers

    def _read_costs(self, answer: Answer, _: Doubts) -> list[CostLine]:
        known = [row for row in answer.rows if self._parser == 2 or row["project"] != "green"]
        return numbered(self._cost(answer, row) for row in known)

    def _cost(self, answer: Answer, row: Fields) -> tuple[tuple[object, ...], CostLine]:
        text = _fields.required(row, "amount").removeprefix("$" if self._parser == 2 else "")
        key = tuple(_fields.required(row, name) for name in ("project", "model", "meter"))
        line = cost_line(answer, money(text, "USD", "an amount"), text)
        return key, line._replace(project=key[0], model=key[1], meter=key[2])


def read_name(entry: Fields) -> Name:
    return Name("project", _fields.required(entry, "id"), _fields.required(entry, "name"), NONE)


def read_usage(answer: Answer, _: Doubts) -> list[Usage]:
    return add_up(usage for row in answer.rows for usage in _usage(answer, row))


def _usage(answer: Answer, row: Fields) -> Iterator[Usage]:
    project, key, model = (_fields.required(row, name) for name in ("project", "key", "model"))
    for meter in ("input_uncached", "output"):
        tokens = _fields.count(row, meter)
        yield Usage(answer.account, PROVIDER, project, key, NONE, model, STANDARD, NONE, meter, "tokens", tokens)
