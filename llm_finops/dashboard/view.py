"""What a page is given: a look at the ledger, what is asked, and how to lead on from it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from llm_finops.config import Config
from llm_finops.core.days import each_day
from llm_finops.core.records import ALL
from llm_finops.dashboard.asking import FILTERS, Address, BadAddress
from llm_finops.dashboard.blocks import Block
from llm_finops.dashboard.standing import Standing, standing
from llm_finops.dashboard.words import amount_text
from llm_finops.ledger.queries import Asked, Reader, margin_total

ROWS = 25  # of a table, on a page


class Slice(NamedTuple):
    """Which rows of a table are shown. `limit` None: all, for a file."""

    order: str
    descending: bool
    limit: int | None
    offset: int


@dataclass(frozen=True)
class View:
    """One request for one page. All queries go through `reader`: they see one commit."""

    reader: Reader
    address: Address
    config: Config
    path: str
    filters: Sequence[str] = FILTERS  # those that apply to the page
    exporting: bool = False

    @cached_property
    def asked(self) -> Asked:
        """Period, currency, and the filters that apply to the page: a part of it never goes by one that does not."""
        unused: dict[str, Any] = {name: None for name in FILTERS if name not in self.filters}
        return replace(self.address.asked, **unused)

    @cached_property
    def standing(self) -> Standing:
        """What the days shown rest on: asked once, said above every page and by some of them."""
        return standing(self.reader, self.asked, self.config)

    @cached_property
    def flat_nano(self) -> int | None:
        """Of a feature that is filtered by: what pays for all features at once, and is in no margin of it; else 0.

        None where a part of it is not known.
        """
        if self.asked.feature is None:
            return 0
        flat = margin_total(self.reader, replace(self.asked, feature=ALL))
        return None if flat.revenue_unknown else flat.revenue_nano

    @property
    def days(self) -> list[str]:
        """Each day of the period, from the ledger's first on."""
        return each_day(max(self.asked.first, self.address.span.first), self.asked.last)

    @property
    def currency(self) -> str:
        """The currency of every amount on the page."""
        return self.asked.currency

    def money(self, nano: int | None) -> str:
        """An amount as it is read; "not known" for None."""
        return "not known" if nano is None else amount_text(nano, self.currency)

    def param(self, name: str, default: str = "") -> str:
        """A parameter of the address that is the page's own."""
        return self.address.params.get(name) or default

    def link(self, path: str | None = None, /, **changes: str | None) -> str:
        """An address with the same period and filters, but for the changes."""
        return self.address.link(path or self.path, **changes)

    def slice(self, table: str, orders: Sequence[str], default: str) -> Slice:
        """Order and page of a table, of the parameters `TABLE.sort` (`-cost` is descending) and `TABLE.page`."""
        sort = self.param(f"{table}.sort", default)
        order = sort.removeprefix("-")
        if order not in orders:
            raise BadAddress(f"{table}.sort={sort}: expected one of {', '.join(orders)}, descending with a - before it")
        page = self.param(f"{table}.page", "1")
        if not (page.isascii() and page.isdecimal() and len(page) < 7 and 1 <= int(page) <= 100_000):
            raise BadAddress(f"{table}.page={page}: expected a number from 1 to 100000")
        if self.exporting:
            return Slice(order, sort.startswith("-"), None, 0)
        return Slice(order, sort.startswith("-"), ROWS, (int(page) - 1) * ROWS)


Show = Callable[[View], Sequence[Block]]


class Page(NamedTuple):
    """A page: where it is, what it is called, what it shows. `lead` is one sentence below the title."""

    path: str
    title: str
    lead: str
    show: Show
    in_menu: bool = True
    filters: Sequence[str] = FILTERS  # those that apply to it
    keeps: Sequence[str] = ()  # parameters of its own that stay when another period or filter is asked for
