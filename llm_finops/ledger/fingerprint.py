"""One hash of all booked content, read from the rows themselves."""

import hashlib

import sqlalchemy as sa

from llm_finops.ledger.content import content_hash
from llm_finops.ledger.datasets import DATASETS
from llm_finops.ledger.facts import read_findings, read_table_rows
from llm_finops.ledger.schema import VERSIONS
from llm_finops.ledger.versions import is_current


def fingerprint(connection: sa.Connection, seq: int) -> str:
    """The hash of what is booked as of commit `seq`.

    Ids, times, journals and empty versions are left out: it is the same on both stores, after any number of runs,
    after a kill, and after a computation from nothing.
    """
    lines = []
    for dataset in DATASETS.values():
        if not dataset.fact:
            continue
        query = sa.select(VERSIONS.c.scope, VERSIONS.c.period, VERSIONS.c.version_id)
        query = query.where(VERSIONS.c.dataset == dataset.name, is_current(seq))
        for scope, period, version_id in connection.execute(query).all():
            rows = read_table_rows(connection, dataset, version_id)
            findings = read_findings(connection, [version_id])
            if rows or findings:
                lines.append(" ".join([dataset.name, scope, period, content_hash(dataset, rows, findings)]))
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
