"""For whom a log speaks: rows of other accounts, projects or keys are not its to tell, and may stand in another log."""

from collections.abc import Iterable, Iterator, Mapping

from llm_finops.engine.cells import literal
from llm_finops.engine.mapping import Mapped

OUTSIDE = "outside speaks_for"
_SPOKEN = {"accounts": "account", "projects": "project", "api_keys": "api_key"}
_SEEN_MAX = 80


def only_spoken(mapped: Mapped, rows: str) -> str:
    """The query, its rows outside `speaks_for` with that for a reason; what the log does not map is trusted."""
    spoken = dict(_spoken(mapped))
    if not spoken:
        return rows
    meets = " and ".join(f"({_meets(name, patterns)})" for name, patterns in spoken.items())
    seen = " || ', ' || ".join(f"'{name} ' || left({name}, {_SEEN_MAX})" for name in spoken)
    who = f"case when id is null then '' else 'id ' || left(id, {_SEEN_MAX}) || ': ' end"
    return f"""
        select * exclude (outside) replace (
            case when outside then '{OUTSIDE}' else reason end as reason,
            case when outside then {who} || 'saw ' || {seen} else detail end as detail)
        from (select *, reason is null and not ({meets}) as outside from ({rows}))"""


def _spoken(mapped: Mapped) -> Iterator[tuple[str, Iterable[str]]]:
    """(our column, whom it may name); the account of a row is always known."""
    speaks_for: Mapping[str, Iterable[str]] = mapped.source.speaks_for
    for what, name in _SPOKEN.items():
        if speaks_for.get(what) and (name == "account" or name in mapped.source.columns):
            yield name, speaks_for[what]


def _meets(name: str, patterns: Iterable[str]) -> str:
    """Whether the cell is one of the texts, in which only `*` is special."""
    exact = [literal(pattern) for pattern in patterns if "*" not in pattern]
    conditions = [f"{name} in ({', '.join(exact)})"] if exact else []
    conditions += [f"{name} like {literal(_like(pattern))} escape '\\'" for pattern in patterns if "*" in pattern]
    return " or ".join(conditions)


def _like(pattern: str) -> str:
    for special in "\\%_":
        pattern = pattern.replace(special, "\\" + special)
    return pattern.replace("*", "%")
