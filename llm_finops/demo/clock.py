"""The clock of the made-up world: a small file that holds one instant and never goes back."""

import os
from datetime import UTC, datetime
from pathlib import Path


class ClockError(Exception):
    """The clock's file cannot be read; the message says what was seen."""


class Clock:
    """The instant in a file, as `2026-11-24T06:30:00Z` (UTC, whole seconds).

    The same file serves the stand-ins and the pipeline (LLM_FINOPS_CLOCK), in as many processes as like.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def now(self) -> datetime:
        """The instant. ClockError if the file is not there or holds none."""
        try:
            text = self.path.read_text(encoding="utf-8").strip()
            at = datetime.fromisoformat(text)
        except (OSError, ValueError) as error:
            raise ClockError(f"{self.path}: expected an instant such as 2026-11-24T06:30:00Z: {error}") from error
        if at.tzinfo is None:
            raise ClockError(
                f"{self.path}: expected an instant with its zone, such as 2026-11-24T06:30:00Z, saw {text}"
            )
        return at.astimezone(UTC)

    def advance_to(self, instant: datetime) -> datetime:
        """Move to an instant, if it is later than the clock's own; the instant the clock then shows.

        ValueError for one without a zone.
        """
        if instant.tzinfo is None:
            raise ValueError(f"expected an instant with its zone, saw {instant.isoformat()}")
        instant = instant.astimezone(UTC).replace(microsecond=0)
        if self.path.exists() and (shown := self.now()) >= instant:
            return shown
        self.path.parent.mkdir(parents=True, exist_ok=True)
        written = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
        written.touch(0o600)
        written.write_text(instant.isoformat().replace("+00:00", "Z") + "\n", encoding="utf-8")
        written.replace(self.path)
        return instant
