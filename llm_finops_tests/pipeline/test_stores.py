"""The same company on both stores books the same."""

import pytest

from llm_finops_tests.pipeline.little import LAST, Little


@pytest.mark.slow
def test_postgresql_books_what_sqlite_books(played: Little, postgres_url: str) -> None:
    there = Little(played.root, "elsewhere", postgres_url)

    assert there.settle().ok

    assert there.fingerprint() == played.fingerprint()
    again = there.settle(LAST, LAST)
    assert (again.ok, again.new_versions, again.computed) == (True, 0, 0)
    assert not (there.home / "ledger.sqlite").exists()
