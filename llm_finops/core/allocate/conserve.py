"""Conservation: what was given out is what there was, to the last nano-unit."""

from collections import defaultdict
from collections.abc import Sequence

from llm_finops.core.allocate.errors import ConservationError
from llm_finops.core.records import Allocation, CostLine


def conserve(account: str, day: str, what: str, expected: int, got: int) -> None:
    """Raise ConservationError unless both are the same."""
    if expected != got:
        raise ConservationError(account, day, what, expected, got)


def conserve_all(account: str, day: str, lines: Sequence[CostLine], allocations: Sequence[Allocation]) -> None:
    """Raise ConservationError unless allocations and lines agree for each currency and basis."""
    expected: defaultdict[tuple[str, str], int] = defaultdict(int)
    got: defaultdict[tuple[str, str], int] = defaultdict(int)
    for line in lines:
        expected[line.currency, line.basis] += line.amount_nano
    for row in allocations:
        got[row.currency, row.basis] += row.cost_nano
    for at in sorted(expected.keys() | got.keys()):
        conserve(account, day, f"all {at[1]} lines in {at[0]}", expected[at], got[at])
