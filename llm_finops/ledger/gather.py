"""Reading that notes what it read, so that nobody lists inputs by hand."""

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from llm_finops.core.records import Finding
from llm_finops.ledger.datasets import Dataset, Row
from llm_finops.ledger.facts import read_findings
from llm_finops.ledger.versions import Key, read_heads

if TYPE_CHECKING:
    from llm_finops.ledger.ledger import Ledger


class Gather:
    """Reads as of one commit; `inputs` is what it read: {key: version, or 0 for "there was none"}."""

    def __init__(self, ledger: "Ledger", seq: int | None = None) -> None:
        self._ledger = ledger
        self.seq = ledger.seq() if seq is None else seq
        self.inputs: dict[Key, int] = {}

    def read(self, dataset: Dataset[Row], scope: str, period: str) -> list[Row]:
        """The rows of a key; a key without a version is noted as 0, so that its first version counts."""
        with self._ledger.reading() as connection:
            version_id = self._note(connection, Key(dataset.name, scope, period))
            return self._ledger.records(connection, dataset, version_id) if version_id else []

    def has(self, dataset: Dataset[Any], scope: str, period: str) -> bool:
        """Whether the key has a version, an empty one included; noted as read."""
        with self._ledger.reading() as connection:
            return self._note(connection, Key(dataset.name, scope, period)) != 0

    def content(self, dataset: Dataset[Any], scope: str, period: str) -> str:
        """The hash of what the key holds, '' where it has no version: whether to read it at all; noted as read."""
        key = Key(dataset.name, scope, period)
        with self._ledger.reading() as connection:
            head = read_heads(connection, [key], self.seq).get(key)
        self.inputs[key] = head.version_id if head else 0
        return head.content_hash if head else ""

    def findings(self, dataset: Dataset[Any], scope: str, period: str) -> list[Finding]:
        """The findings the key's version carries; noted as read."""
        with self._ledger.reading() as connection:
            return read_findings(connection, [self._note(connection, Key(dataset.name, scope, period))])

    def _note(self, connection: sa.Connection, key: Key) -> int:
        if key not in self.inputs:  # as of one commit, a second look sees the same
            head = read_heads(connection, [key], self.seq).get(key)
            self.inputs[key] = head.version_id if head else 0
        return self.inputs[key]
