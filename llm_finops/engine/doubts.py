"""Findings about a day of a request log: what a reader should know before trusting its totals."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping

from llm_finops.core.meters import UNITS
from llm_finops.core.records import NONE, STANDARD, Finding
from llm_finops.engine.mapping import DIMENSIONS
from llm_finops.engine.reading import Reading
from llm_finops.engine.stage import day_text

NO_ID = "no request id"
MISSING = "tokens missing"
COST_UNKNOWN = "list cost unknown"
AS_STANDARD = "priced as standard"
NO_ACCOUNT = "no account"
EMPTY = "column empty"
UNPRICED = "unpriced"
ALIKE = "names alike"

_REQUESTS = "requests"
_ALIKE_SHOWN = 5
_SAYS = {
    NO_ID: "requests without an id cannot be told from repeats; each is counted as its own",
    MISSING: "requests that do not say their input or output (aborted streams?); what they say is counted",
    COST_UNKNOWN: "requests with an unpriced or missing quantity; they are in no quantile",
    AS_STANDARD: f"the log maps no service tier; its requests are weighed at the price of the {STANDARD!r} tier",
    NO_ACCOUNT: "requests of a provider, or of none, that no account is configured for; no bill meets them",
}


def doubts(log: Reading) -> dict[str, list[Finding]]:
    """{day: findings} that the rows in `counted` give rise to by themselves."""
    source = log.mapped.source.name
    texts = [name for name in ("id", "operation", *DIMENSIONS) if name in log.mapped.theirs and name != "service_tier"]
    unmapped_tier = "service_tier" not in log.mapped.source.columns
    counted = {
        NO_ID: "requests - with_id",
        MISSING: "missing",
        COST_UNKNOWN: "requests - costed",
        AS_STANDARD: f"case when segment is not null and {'true' if unmapped_tier else 'false'} then requests end",
        NO_ACCOUNT: f"case when account = '{NONE}' then requests end",
    }
    said = [
        f"case when {name} <> '{NONE}' then requests end" if name in DIMENSIONS else f"says_{name}" for name in texts
    ]
    figures = ", ".join(f"coalesce(sum({figure}), 0)::bigint" for figure in ("requests", *counted.values(), *said))
    found: dict[str, list[Finding]] = {}
    for number, rows, *amounts in log.rows(f"select day, {figures} from counted group by day"):
        day = day_text(number)
        kinds = zip(counted, amounts, strict=False)
        told = [Finding(day, source, kind, source, _REQUESTS, n, _SAYS[kind]) for kind, n in kinds if n]
        for name, n in zip(texts, amounts[len(counted) :], strict=True):
            if not n:
                column = log.mapped.theirs[name]
                detail = f"{column!r}, mapped to {name}, says nothing all day; was it renamed?"
                told.append(Finding(day, source, EMPTY, name, _REQUESTS, rows, detail))
        found[day] = told
    return found


def unpriced(day: str, source: str, quantities: Mapping[tuple[str, str, str, str], int]) -> list[Finding]:
    """A finding for each (provider, model, tier, meter) that no price holds for at the requests' time."""
    return [
        Finding(
            day,
            source,
            UNPRICED,
            " ".join(key),
            UNITS[key[-1]],
            quantity,
            "no price in force at the time of these requests, or one in another currency; their list cost is not known",
        )
        for key, quantity in sorted(quantities.items())
    ]


def alike(day: str, source: str, what: str, names: Iterable[str]) -> list[Finding]:
    """Names that differ only by case, blanks, invisible characters or Unicode form: kept apart, but shown."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name in sorted(set(names)):
        groups[_folded(name)].append(name)
    return [
        Finding(
            day,
            source,
            ALIKE,
            what,
            "names",
            len(group),
            f"counted apart, though they look the same: {', '.join(ascii(name) for name in group[:_ALIKE_SHOWN])}",
        )
        for group in groups.values()
        if len(group) > 1
    ]


def _folded(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in folded if unicodedata.category(c) not in {"Cf", "Zs", "Cc"})
