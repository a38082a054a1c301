"""Page loops that end: every cursor is followed once, and a set that contradicts itself is not used."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from llm_finops.connectors import _fields
from llm_finops.connectors._fields import Fields
from llm_finops.connectors._reading import Params, Reader
from llm_finops.connectors.contract import NotWhole

PAGES_MAX = 2_000
Entry = TypeVar("Entry")


def follow(
    ask: Callable[[str | None], Fields], cursor_field: str, place: str, *, pages_max: int = PAGES_MAX
) -> Iterator[Fields]:
    """The pages of a set, to the one that says there are no more. `place` names the set in messages.

    NotWhole for a cursor that was followed before, for more pages without a cursor, and beyond `pages_max`.
    """
    followed: set[str] = set()
    cursor: str | None = None
    for _ in range(pages_max):
        page = ask(cursor)
        yield page
        if not _fields.flag(page, "has_more"):
            return
        cursor = _fields.text(page, cursor_field)
        if cursor is None:
            raise NotWhole(f"{place}: contradictory paging: there is more, but {cursor_field} is missing")
        if cursor in followed:
            raise NotWhole(f"{place}: pagination loop: the cursor {_fields.shown(cursor)} was followed before")
        followed.add(cursor)
    raise NotWhole(f"{place}: more than {pages_max} pages; is {cursor_field} advancing?")


def listed(
    reader: Reader, path: str, params: Params, cursor: tuple[str, str], read: Callable[[Fields], Entry]
) -> list[Entry]:
    """All entries of a look-up list, read. `cursor` is (the field of a page, the parameter that takes its value).

    SourceError where the list did not come whole, or an entry cannot be read.
    """
    what = f"the list {path}"
    field, parameter = cursor
    fixed = list(params)

    def ask(value: str | None) -> Fields:
        return reader.get(path, [*fixed, (parameter, value)] if value else fixed, what)

    place = f"{reader.access}, {what}"
    try:
        return [read(entry) for page in follow(ask, field, place) for entry in _fields.objects(page, "data")]
    except _fields.Unreadable as error:
        raise NotWhole(f"{place}: {error}") from None
