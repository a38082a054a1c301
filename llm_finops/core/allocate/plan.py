"""The plan of a day: which usage rows each line stands for, and what the logs are asked to explain."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from llm_finops.core.allocate.cover import Cover
from llm_finops.core.allocate.ladder import Piece
from llm_finops.core.allocate.notes import Notes
from llm_finops.core.allocate.refine import Refinery
from llm_finops.core.allocate.wanted import facts_of_line, key_of_line, of_lines, of_usage
from llm_finops.core.allocate.weigh import QUANTITY
from llm_finops.core.money import nano_text
from llm_finops.core.records import ANY, USAGE, CostLine, PricedUsage


class _Refined(NamedTuple):
    """A line with its usage rows and their nano-units (none: it is one piece by itself)."""

    line: CostLine
    rows: list[tuple[int, int]]
    by: str


class Plan:
    """Lines refined over the usage rows, both in the order of their key bytes."""

    def __init__(self, lines: Sequence[CostLine], usage: Sequence[PricedUsage], tags: bool, notes: Notes) -> None:
        """`tags`: some rule reads the lines' tags."""
        refinery = Refinery(usage, lines)
        self._tags, self._notes = tags, notes
        self._refined = [_Refined(line, *refinery.pieces(line)) for line in lines]
        alone = of_lines((line for line, rows, _ in self._refined if not rows), refinery, tags)
        self._places = {key: at for at, key in enumerate(alone, start=len(usage))}
        self.wanted = [*map(of_usage, usage), *alone.values()]
        self._note_weights()

    def pieces(self, line_id: str | None = None) -> Iterator[tuple[CostLine, list[Piece]]]:
        """Each line, or the one of this id, with its pieces, which add up to it."""
        for line, rows, _ in self._refined:
            if line_id not in {None, line.line_id}:
                continue
            yield line, [self._piece(line, at, nano) for at, nano in rows] or [self._whole(line)]

    def note_alone(self, cover: Cover, files: bool) -> None:
        """Usage charges that no usage stands for: no news where `files` are all there is, unless a log has some."""
        for line, rows, _ in self._refined:
            at = self._places.get(key_of_line(line, self._tags)) if not rows else None
            found = self.wanted[at].quantity - cover.left[at] if at is not None else 0
            if not rows and line.charge_category == USAGE and (found or not files):
                detail = f"line {line.line_id}: no usage of it is reported{self._found(at, found)}"
                self._notes.add("line without usage", _subject(line), line.currency, line.amount_nano, detail)

    def _found(self, at: int | None, found: int) -> str:
        if at is None:
            return ""
        unit, by_money = self.wanted[at].unit, self.wanted[at].by_money
        by = " at list, since the line gives no quantity" if by_money else ""
        return f"; request logs explain {nano_text(found) if by_money else found} {unit}{by}"

    def _piece(self, line: CostLine, at: int, nano: int) -> Piece:
        facts, band, (meter, *_), *_ = self.wanted[at]
        known = facts._replace(tags=line.tags) if self._tags else facts
        return Piece(known, facts.actor, band, meter, at, nano)

    def _whole(self, line: CostLine) -> Piece:
        at = self._places.get(key_of_line(line, self._tags))
        return Piece(facts_of_line(line, self._tags), ANY, line.context_band, line.meter, at, line.amount_nano)

    def _note_weights(self) -> None:
        for line, rows, by in self._refined:
            if by == QUANTITY and len(rows) > 1:
                detail = f"line {line.line_id}: list cost of its usage is not known, 0 or of several currencies"
                self._notes.add("weights by quantity", _subject(line), line.currency, line.amount_nano, detail)


def _subject(line: CostLine) -> str:
    return f"{line.line_item}: model {line.model}, meter {line.meter}"
