"""Which days were read before their provider had settled them."""

from collections.abc import Mapping

from llm_finops.core.days import final_at
from llm_finops.ledger.queries.reader import Reader

_READ = ("usage", "cost_lines")


def provisional_days(reader: Reader, first: str, last: str, settle_hours: Mapping[str, int]) -> tuple[str, ...]:
    """The days of first..last that an account's last whole reading came too early for, oldest first.

    `settle_hours` is {account: hours after a day's end from when on a reading of it is final}.
    """
    found = set()
    for account, hours in settle_hours.items():
        for dataset in _READ:
            read = reader.ledger.journals.read_at(dataset, account)
            found |= {day for day, at in read.items() if first <= day <= last and at < final_at(day, hours)}
    return tuple(sorted(found))
