"""Paper: a provider whose reports are JSON files, DAY.json with {"usage": [...], "costs": [...]}; it keeps its calls.
names.json says what it calls its projects, clipped.json which days are not over for it.

A usage row is [project, key, model, tokens in, tokens out]; a cost row is [project, model, meter, amount].
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from llm_finops.connectors import contract
from llm_finops.connectors.contract import PATIENCE, Asked, Clock, Pulled, Waiting, utc_now
from llm_finops.core.money import Money, MoneyError
from llm_finops.core.records import ANY, NONE, REPORTED, STANDARD, USAGE, CostLine, Name, Usage

PROVIDER = "paper"
CALLS = "calls.txt"
Row = TypeVar("Row")


class Options(contract.Options):
    admin_key_env: contract.Variable = "PAPER_KEY"
    base_url: str = "https://paper.example"
    settle_hours: contract.Hours = 6
    folder: str


def connect(
    account: str, options: Options, key: str, *, wait: Waiting = PATIENCE, clock: Clock = utc_now
) -> contract.Connector:
    return _Paper(account, Path(options.folder))


class _Paper:
    def __init__(self, account: str, folder: Path) -> None:
        self._account = account
        self._folder = folder

    def usage(self, asked: Asked) -> Pulled[Usage]:
        return self._pulled(asked, "usage", self._usage)

    def costs(self, asked: Asked) -> Pulled[CostLine]:
        return self._pulled(asked, "costs", self._costs)

    def names(self) -> tuple[Name, ...]:
        path = self._folder / "names.json"
        called = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"red": "The red team"}
        return tuple(Name("project", id_, name, NONE) for id_, name in sorted(called.items()))

    def close(self) -> None:
        """Nothing is open."""

    def _pulled(self, asked: Asked, report: str, read: Callable[[str, list[Any]], tuple[Row, ...]]) -> Pulled[Row]:
        with (self._folder / CALLS).open("a", encoding="utf-8") as calls:
            calls.write(f"{report} {asked}\n")
        days: dict[str, tuple[Row, ...]] = {}
        rejected = {}
        for day in asked.days:
            path = self._folder / f"{day}.json"
            rows = json.loads(path.read_text(encoding="utf-8"))[report] if path.exists() else []
            if rows is None:
                continue  # it says nothing of this day
            try:
                days[day] = read(day, rows)
            except MoneyError as error:
                rejected[day] = f"paper (account {self._account}), {report} of {day}: {error}"
        path = self._folder / "clipped.json"
        clipped = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
        return Pulled(days, rejected, calls=1, clipped=frozenset(clipped) & days.keys())

    def _usage(self, _: str, rows: list[Any]) -> tuple[Usage, ...]:
        return tuple(
            Usage(self._account, PROVIDER, project, key, NONE, model, STANDARD, NONE, meter, "tokens", tokens)
            for project, key, model, *counted in rows
            for meter, tokens in zip(("input_uncached", "output"), counted, strict=True)
        )

    def _costs(self, day: str, rows: list[Any]) -> tuple[CostLine, ...]:
        return tuple(self._line(day, n, *row) for n, row in enumerate(rows))

    def _line(self, day: str, n: int, project: str, model: str, meter: str, text: str) -> CostLine:
        amount = Money.of(text, "USD").nano
        return CostLine(
            line_id=f"{self._account}-{day}-{n}",
            account=self._account,
            provider=PROVIDER,
            project=project,
            api_key=ANY,
            model=model,
            service_tier=ANY,
            context_band=ANY,
            line_item=f"{model}, {meter}",
            meter=meter,
            quantity=None,
            unit=None,
            charge_category=USAGE,
            charge_class=NONE,
            basis=REPORTED,
            currency="USD",
            amount_nano=amount,
            billed_nano=amount,
            provider_list_nano=None,
            amount_text=text,
            tags="{}",
            period_from=day,
            period_until=day,
            invoice_line_id=None,
        )
