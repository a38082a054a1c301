"""What the files of a request log hold by day, and which cannot be used. Only new and changed files are read."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from llm_finops.core.records import Finding, LogDay, Quarantined
from llm_finops.core.settings import RequestSource
from llm_finops.engine import FileDays, LogFileError, Workspace, log_days, survey
from llm_finops.inputs.files import InputError, InputFile, fingerprint, once
from llm_finops.ledger import SourceFile
from llm_finops.ledger import datasets as d
from llm_finops.pipeline.files import emptied
from llm_finops.pipeline.quarantine import finding
from llm_finops.pipeline.scratch import Scratch
from llm_finops.pipeline.work import Work

_UNREAD = ""  # instead of its hash: a file that could not be used is read again in every run
_CACHE = 2  # raised when what is kept of a surveyed file changes


@dataclass(frozen=True)
class Known:
    """A surveyed file: what it holds by day, and how many of its rows name no day, by reason."""

    path: Path
    days: Mapping[str, LogDay]
    undated: Mapping[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """All of its rows."""
        return sum(day.rows for day in self.days.values()) + sum(self.undated.values())

    @property
    def quarantined(self) -> list[Quarantined]:
        """Its rows without a day, as the journal keeps them: one entry a reason, there may be millions."""
        return [
            Quarantined(reason, str(self.path), f"{rows} rows without a day")
            for reason, rows in sorted(self.undated.items())
        ]


@dataclass
class Surveyed:
    """The files of a source: those to go by, and why others cannot be used, with the days that these held before."""

    good: list[Known] = field(default_factory=list)
    bad: dict[Path, str] = field(default_factory=dict)
    spoiled: set[str] = field(default_factory=set)

    def undated(self) -> dict[str, list[Known]]:
        """Files with rows without a day, by the day on which that is told: the first that the file holds."""
        found: dict[str, list[Known]] = defaultdict(list)
        for file in self.good:
            if file.undated and file.days:
                found[min(file.days)].append(file)
        return found

    def findings(self, source: str) -> dict[str, list[Finding]]:
        """The same as findings, one a day and reason."""
        found = {}
        for day, files in self.undated().items():
            rows: dict[str, int] = defaultdict(int)
            named: dict[str, str] = {}
            for file in sorted(files, key=lambda file: file.path.name):
                for reason, n in file.undated.items():
                    rows[reason] += n
                    named.setdefault(reason, file.path.name)
            found[day] = [finding(day, source, reason, n, named[reason]) for reason, n in sorted(rows.items())]
        return found


@contextmanager
def workspace(work: Work) -> Iterator[Workspace]:
    """Where the engine works."""
    accounts = {account.name: account.provider for account in work.config.settings.accounts}
    with Scratch(work.config.home) as folder:
        yield Workspace(folder, providers=accounts)


def survey_files(work: Work, source: RequestSource, paths: Sequence[Path]) -> Surveyed:
    """Look at the files; InputError if none holds a row any more, though days of the source are booked."""
    reading = _reading_of(source)
    cached = work.ledger.journals.files(source.name, reading)
    known = {path: _known(file) for path, file in cached.items()}
    hashes = {path: file.sha256 for path, file in cached.items()}
    before = {path: _known(file) for path, file in work.ledger.journals.files(source.name).items()}
    found = Surveyed()
    listed = _listed(paths, found)
    fresh = [file for file in listed if hashes.get(str(file.path)) != file.sha256]
    new = _read(work, source, [file.path for file in fresh], found)
    kept = []
    for file in listed:
        now, was = new.get(file.path) or known.get(str(file.path)), before.get(str(file.path))
        if file.path not in found.bad and now is not None and (why := _unlikely(source.name, now, was, new)):
            found.bad[file.path] = why
        if file.path not in found.bad and now is not None:
            found.good.append(now)
            kept.append(_kept(now, file.size, file.sha256))
    held = [before.get(str(path)) or Known(path, {}) for path in sorted(found.bad)]
    found.spoiled = {day for file in held for day in file.days} | _lost(work, source.name, found, held)
    kept += [_kept(file, 0, _UNREAD) for file in held]
    if fresh or len(kept) != len(known):
        work.ledger.journals.keep_files(source.name, reading, kept)
    if not found.bad and not any(file.rows for file in found.good):
        _refuse_emptied(work, source.name)
    return found


def _reading_of(source: RequestSource) -> str:
    """A hash of how a log's rows are read: other columns, other rows."""
    text = json.dumps([_CACHE, asdict(source)], sort_keys=True, default=list)
    return hashlib.sha256(text.encode()).hexdigest()


def _known(file: SourceFile) -> Known:
    days = {day: LogDay(*of) for day, of in file.days.get("days", {}).items()}
    return Known(Path(file.path), days, file.days.get("undated", {}))


def _kept(file: Known, size: int, sha256: str) -> SourceFile:
    held: dict[str, Any] = {"days": {day: list(of) for day, of in file.days.items()}, "undated": dict(file.undated)}
    return SourceFile(str(file.path), size, sha256, held)


def _listed(paths: Collection[Path], found: Surveyed) -> list[InputFile]:
    """The files with their hashes; delivered twice under two names is one delivery."""
    files = []
    for path in sorted(set(paths), key=lambda path: str(path).encode()):
        try:
            files.append(fingerprint(path))
        except InputError as error:
            found.bad[path] = str(error)
    return once(files)[0]


def _read(work: Work, source: RequestSource, paths: list[Path], found: Surveyed) -> dict[Path, Known]:
    """Survey files; of several, the one that cannot be read is found by halves, so that a good one is read once."""
    if not paths:
        return {}
    with workspace(work) as space:
        seen = dict(_halved(source, paths, space, found))
    return {path: Known(path, file.days, file.undated) for path, file in seen.items()}


def _halved(
    source: RequestSource, paths: list[Path], space: Workspace, found: Surveyed
) -> Iterator[tuple[Path, FileDays]]:
    try:
        yield from [(file.path, file) for file in survey(source, paths, space)]
    except LogFileError as error:
        if len(paths) == 1:
            found.bad[paths[0]] = str(error)
            return
        half = len(paths) // 2
        yield from _halved(source, paths[:half], space, found)
        yield from _halved(source, paths[half:], space, found)


def _unlikely(source: str, now: Known, was: Known | None, new: Collection[Path]) -> str:
    """Why a file that can be read is not used all the same; '' if it is."""
    undated = sum(now.undated.values())
    if 2 * undated > now.rows:
        reasons = ", ".join(f"{rows} {reason}" for reason, rows in sorted(now.undated.items()))
        return (
            f"requests.{source}: {now.path}: {undated} of {now.rows} rows have no day that can be read ({reasons}). "
            "Expected times such as 2026-09-01T13:00:00Z or +02:00 in the column mapped to `time`; a log that writes "
            f'local times needs their zone: time_zone = "Europe/Berlin" in [requests.{source}]'
        )
    if now.path in new and not now.rows and was is not None and was.rows:
        return (
            f"requests.{source}: {now.path} held {was.rows} rows when it was last read and is empty now; what was "
            "booked stays. Write it again, or delete it if its requests are really gone"
        )
    return ""


def _lost(work: Work, source: str, found: Surveyed, held: Sequence[Known]) -> set[str]:
    """Booked days that would lose rows while there is a bad file of which nobody knows what it held: perhaps these."""
    if all(file.days for file in held):
        return set()
    now = log_days([file.days for file in found.good])
    booked = work.ledger.read_days(d.LOG_DAYS, "0000", "9999", source)
    return {day for (_, day), of in booked.items() if of and (day not in now or now[day].rows < of[0].rows)}


def _refuse_emptied(work: Work, source: str) -> None:
    if any(work.ledger.read_days(d.LOG_DAYS, "0000", "9999", source).values()):
        raise emptied(f"requests.{source}")
