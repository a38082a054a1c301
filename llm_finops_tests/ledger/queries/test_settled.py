"""Which days have no margins, and whose margins are not of what is read now, on either store."""

from llm_finops.ledger import Key, Ledger
from llm_finops.ledger import datasets as d
from llm_finops.ledger.queries import outdated_days, snapshot, unbooked_days
from llm_finops_tests.dashboard import days as made

FIRST, SECOND, THIRD = "2026-11-19", "2026-11-20", "2026-11-21"
BOTH = {"openai", "anthropic"}


def found(ledger: Ledger, sources: set[str], first: str = FIRST) -> tuple[tuple[str, ...], tuple[str, ...]]:
    with snapshot(ledger) as reader:
        return unbooked_days(reader, first, THIRD), outdated_days(reader, first, THIRD, sources)


def test_a_day_is_unbooked_without_margins_and_outdated_with_those_of_before(ledger: Ledger) -> None:
    made.computed(ledger, FIRST, openai=5)
    made.computed(ledger, SECOND, openai=5)
    assert found(ledger, BOTH) == ((THIRD,), ())
    made.lines(ledger, "openai", THIRD, 9)
    made.lines(ledger, "openai", FIRST, 9)
    made.lines(ledger, "anthropic", SECOND, 9)
    assert found(ledger, BOTH) == ((THIRD,), (FIRST, SECOND))
    assert found(ledger, BOTH, SECOND) == ((THIRD,), (SECOND,))
    made.split(ledger, "openai", FIRST, {"acme": 9})
    assert found(ledger, BOTH) == ((THIRD,), (FIRST, SECOND))  # the margins are those of before
    made.margins(ledger, FIRST, {"acme": (9, 0)})
    assert found(ledger, BOTH) == ((THIRD,), (SECOND,))


def test_what_is_gone_cannot_be_computed_again(ledger: Ledger) -> None:
    made.computed(ledger, THIRD, openai=5)
    with ledger.commit("priced by a book that has changed") as commit:
        commit.book(d.PRICED_USAGE, "openai", THIRD, [], {Key(d.PRICES.name, "*", "*"): 7})
    assert found(ledger, {"anthropic"}, THIRD) == ((), ())
    assert found(ledger, BOTH, THIRD) == ((), (THIRD,))
