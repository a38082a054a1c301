"""What a page is made of. Values stay exact (nano-units, counts) until they are written out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from llm_finops.charts import Chart

Tone = Literal["", "good", "bad", "warn"]
Kind = Literal[
    "text",
    "day",
    "money",  # nano-units of the table's currency, to the minor unit
    "exact",  # nano-units, to the last digit
    "price",  # nano-units of a request or of a million of a unit: three significant digits
    "amount",  # billionths of what the column `unit` names: nano-units of a currency, or of one of what is counted
    "count",
    "percent",  # a pair (part, whole)
]
Raw = str | int | tuple[int | None, int | None] | None


class Cell(NamedTuple):
    """A value with where it leads and how it is to be taken. None is "not known", never 0."""

    value: Raw
    href: str = ""
    tone: Tone = ""


Value = Raw | Cell


@dataclass(frozen=True)
class Column:
    """`name` is the column's in the files; `sort` is the order it asks for, '' where it cannot be sorted by."""

    name: str
    label: str
    kind: Kind = "text"
    sort: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Tile:
    """One figure. `note` says how it is to be read; `href` leads to what it is made of."""

    label: str
    value: str
    note: str = ""
    href: str = ""
    tone: Tone = ""


@dataclass(frozen=True)
class Tiles:
    """Figures side by side."""

    tiles: Sequence[Tile]
    title: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of values, one for each column. `total` is the sum of all rows, shown or not.

    `count` is how many there are in all, where `rows` is a page of them. `empty` is said where there are none.
    """

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Value]]
    total: Sequence[Value] | None = None
    count: int | None = None
    empty: str = "Nothing here in this period."
    note: str = ""
    currency: str = ""
    wide: bool = True  # the whole width of the page; else beside its neighbour


@dataclass(frozen=True)
class Picture:
    """A drawing, with a line below it. Its figures are in a table of the page, or said in its text."""

    chart: Chart
    note: str = ""
    wide: bool = False


@dataclass(frozen=True)
class Note:
    """A paragraph that must be read: what is missing, what is doubted, what to do."""

    text: str
    tone: Tone = ""
    href: str = ""
    link: str = ""  # the words that lead to `href`


@dataclass(frozen=True)
class Heading:
    """The beginning of a part of the page."""

    text: str
    note: str = ""


Block = Tiles | Table | Picture | Note | Heading
