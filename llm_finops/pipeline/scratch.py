"""A private scratch folder for the engine; what killed runs have left behind is cleared away on the next use."""

import fcntl
import shutil
from pathlib import Path
from tempfile import mkdtemp
from types import TracebackType
from typing import IO

PREFIX = "engine-"


class Scratch:
    """A folder below `home`, from `with` to its end.

    A run in use of one holds a shared lock, which goes with its process however that ends: so whoever gets the
    lock alone knows that every folder there is a dead run's.
    """

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._home = home
        self._lock: IO[bytes] = (home / f"{PREFIX.rstrip('-')}.lock").open("wb")

    def __enter__(self) -> Path:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass  # somebody is at work: what is there may be theirs
        else:
            for left in self._home.glob(f"{PREFIX}*"):
                shutil.rmtree(left, ignore_errors=True)
        fcntl.flock(self._lock, fcntl.LOCK_SH)
        self._folder = Path(mkdtemp(prefix=PREFIX, dir=self._home))
        return self._folder

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._lock.close()
