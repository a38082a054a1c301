"""The ledger: whether it opens, fits this program and is whole."""

from collections.abc import Iterator

from llm_finops.config import Config
from llm_finops.doctor.check import Check, ok, problem, warning
from llm_finops.ledger import Inspection, LedgerError, inspect_ledger

_SUBJECT = "ledger"


def examine_ledger(config: Config) -> Iterator[Check]:
    """What the database says of itself; it is neither made nor migrated here."""
    if config.home.exists() and config.home.stat().st_mode & 0o077:
        yield warning(_SUBJECT, f"Others on this machine can look into {config.home}: chmod 700 {config.home}")
    try:
        seen = inspect_ledger(config.database_url)
    except LedgerError as error:
        yield problem(_SUBJECT, f"{error}.")
        return
    yield _judged(config, seen)


def _judged(config: Config, seen: Inspection) -> Check:
    if seen.revision is None:
        return ok(_SUBJECT, "There is none yet; the first `llm-finops backfill` makes it.")
    if not seen.is_ours:
        return warning(
            _SUBJECT,
            f"It has schema {seen.revision}, which is not this program's: an older one is brought up to date by the "
            "next run; a newer one needs the newer llm-finops that wrote it.",
        )
    if seen.orphans:
        return problem(
            _SUBJECT,
            f"{seen.orphans:,} rows belong to no version: something other than llm-finops wrote into it, or deleted. "
            "Figures do not count them; restore a backup, or ask whoever has access.",
        )
    kind = "PostgreSQL" if config.database_url.startswith("postgres") else "SQLite"
    return ok(_SUBJECT, f"{kind}, schema {seen.revision}, {seen.versions:,} versions, no row without one.")
