"""Acme: a made-up third provider, to see that one more takes one file. Rows by day; amounts in euro cents."""

from collections.abc import Iterator, Mapping

from llm_finops.connectors import _fields, contract
from llm_finops.connectors._fields import Fields
from llm_finops.connectors._paging import follow, listed
from llm_finops.connectors._pulling import Answer, Doubts, Report, place, pull
from llm_finops.connectors._reading import Access, Reader
from llm_finops.connectors._rows import add_up, cost_line, money, numbered
from llm_finops.connectors.contract import PATIENCE, Asked, Clock, Pulled, Waiting, utc_now
from llm_finops.core.records import NONE, STANDARD, CostLine, Name, Usage

PROVIDER = "acme"
FIELDS = ("team", "model", "tokens_in", "tokens_out", "cents")


class Options(contract.Options):
    admin_key_env: contract.Variable = "ACME_KEY"
    base_url: str = "https://acme.example/v2"
    settle_hours: contract.Hours = 1


def connect(
    account: str, options: Options, key: str, *, wait: Waiting = PATIENCE, clock: Clock = utc_now
) -> contract.Connector:
    return _Acme(Reader(Access(PROVIDER, account, options, "an owner's key", key), {"acme-key": key}, wait, clock))


class _Acme:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def usage(self, asked: Asked) -> Pulled[Usage]:
        return pull(self._reader, asked, Report(lambda days: self._days("usage", days), read_usage))

    def costs(self, asked: Asked) -> Pulled[CostLine]:
        return pull(self._reader, asked, Report(lambda days: self._days("costs", days), read_costs))

    def names(self) -> tuple[Name, ...]:
        self._reader.begin()
        return tuple(listed(self._reader, "/teams", [], ("next", "after"), read_name))

    def close(self) -> None:
        self._reader.close()

    def _days(self, report: str, asked: Asked) -> Mapping[str, Answer]:
        fixed = [("first", str(asked.first)), ("until", str(asked.until))]
        what = f"{report} of {asked}"

        def ask(cursor: str | None) -> Fields:
            return self._reader.get(f"/{report}", [*fixed, ("after", cursor)] if cursor else fixed, what)

        answers: dict[str, Answer] = {}
        for page in follow(ask, "next", what):
            for entry in _fields.objects(page, "days"):
                day, rows = _fields.required(entry, "day"), _fields.objects(entry, "rows")
                place(answers, asked, Answer(asked.account, PROVIDER, day, rows, ("team", "model")))
        return answers


def read_name(entry: Fields) -> Name:
    return Name("project", _fields.required(entry, "id"), _fields.required(entry, "name"), NONE)


def read_usage(answer: Answer, doubts: Doubts) -> list[Usage]:
    return add_up(usage for row in answer.rows for usage in _usage(answer, row, doubts))


def _usage(answer: Answer, row: Fields, doubts: Doubts) -> Iterator[Usage]:
    doubts.unknown_fields(row, FIELDS)
    team, model = _fields.required(row, "team"), _fields.required(row, "model")
    for meter, field in (("input_uncached", "tokens_in"), ("output", "tokens_out")):
        tokens = _fields.count(row, field)
        yield Usage(answer.account, PROVIDER, team, NONE, NONE, model, STANDARD, NONE, meter, "tokens", tokens)


def read_costs(answer: Answer, doubts: Doubts) -> list[CostLine]:
    return numbered(_cost(answer, row, doubts) for row in answer.rows)


def _cost(answer: Answer, row: Fields, doubts: Doubts) -> tuple[tuple[object, ...], CostLine]:
    doubts.unknown_fields(row, FIELDS)
    key = (_fields.required(row, "team"), _fields.required(row, "model"))
    cents = _fields.get(row, "cents")
    amount = money(cents, "EUR", f"{key[1]} of team {key[0]}", minor=True)
    return key, cost_line(answer, amount, str(cents))._replace(project=key[0], model=key[1])
