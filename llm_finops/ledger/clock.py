"""The wall clock, as the ledger writes times: UTC, whole seconds, `2026-11-24T06:30:00Z`."""

from datetime import UTC, datetime


def utc_now() -> str:
    """Now."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
