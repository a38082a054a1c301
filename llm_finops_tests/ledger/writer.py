"""A writer in a process of its own, told by its standard input when to go on. Not a test.

`book URL NAME COUNT` books COUNT contents of its own, one after the other, into the same two keys.
`stop URL POINT` books once and stops inside the transaction, at its first statement that begins with POINT
(or at `commit`), for ever: so that it can be killed there.
"""

import sys

import sqlalchemy as sa

from llm_finops.ledger import Ledger
from llm_finops.ledger.datasets import PRICED_USAGE, USAGE
from llm_finops_tests.ledger import facts as f


def book(ledger: Ledger, name: str, number: int) -> None:
    """Two datasets that must move together: the same writer and number in both."""
    row = f.usage(number, api_key=name)
    with ledger.commit(f"{name} {number}") as commit:
        commit.book(USAGE, "shared", f.DAY, [row])
        commit.book(PRICED_USAGE, "shared", f.DAY, [f.priced(row, number)])


def stop_at(ledger: Ledger, point: str) -> None:
    """Say so and wait, where the transaction comes to the point."""

    def _wait() -> None:
        print("here", flush=True)  # noqa: T201
        sys.stdin.readline()

    @sa.event.listens_for(ledger.engine, "before_cursor_execute")
    def _statement(_: object, __: object, statement: str, *___: object) -> None:
        if statement.lower().startswith(point):
            _wait()

    @sa.event.listens_for(ledger.engine, "commit")
    def _commit(_: object) -> None:
        if point == "commit":
            _wait()


def main(task: str, url: str, *how: str) -> None:
    """Run one task."""
    print("ready", flush=True)  # noqa: T201
    sys.stdin.readline()
    ledger = Ledger(url)
    if task == "book":
        for number in range(int(how[1])):
            book(ledger, how[0], number)
    else:
        stop_at(ledger, how[0])
        book(ledger, "killed", 1)
    ledger.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
