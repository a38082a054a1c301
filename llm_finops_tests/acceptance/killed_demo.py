"""`make demo-killed`: the demo of ninety days, killed three times, ends like one that was left alone.

It plays the real command, in process groups of its own, and looks on from outside: at the ledger by plain SQL, at
Slack by the stand-in's file. Beside the one that is killed, one that was left alone is played a second time.
"""

import argparse
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple

from llm_finops.demo.world import Window
from llm_finops_tests.acceptance.playing import (
    ACCOUNTS,
    documented,
    environment,
    fingerprint,
    orphans,
    rows,
    scratch,
    told_days,
    unconserved,
)

COMMAND = Path(sys.executable).with_name("llm-finops")
LOOK_EVERY_S = 0.005  # a message is on its way for little longer
NOTHING = 0, 0  # new versions, computations
BOOKED = "select count(*) from versions where dataset = ? and until_seq is null"


class Ending(NamedTuple):
    """How a play that was not killed ended."""

    done: tuple[int, int]  # new versions, computations
    fingerprint: str
    message: str


class Point(NamedTuple):
    """Where to kill: as soon as it is seen `near`; or, to be exact, the ledger is shut then until it is `there`."""

    name: str
    near: Callable[[Path], bool]
    there: Callable[[Path], bool] | None = None


def main() -> None:
    """Play, kill, play again, and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    parser.add_argument("--until", type=date.fromisoformat, default=yesterday)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--played", type=Path, help="the home of one played already, left alone, of the same days")
    asked = parser.parse_args()
    window = Window(asked.until, asked.days)
    with tempfile.TemporaryDirectory(prefix="llm-finops-") as name, ThreadPoolExecutor() as beside:
        alone, home = asked.played or Path(name) / "alone", Path(name) / "killed"
        left_alone = beside.submit(_played_twice, alone, window)
        for point in _points(window):
            _kill_at(point, home, window)
        ended, again = _play(home, window), _play(home, window)
        expected = left_alone.result()
        _equal("killed, it ends with the same fingerprint", ended.fingerprint, expected.fingerprint)
        _equal("killed, it ends with the same message", ended.message, expected.message)
        _equal("after the kills: again", again, ended._replace(done=NOTHING))
        for one in (alone, home):
            _in_order(one, window)
        _say(f"fingerprint {expected.fingerprint}")


def _points(window: Window) -> Iterator[Point]:
    every = len(ACCOUNTS) * (window.days - 1)  # the backfill ends a day before the window does

    def some_lines(home: Path) -> bool:
        return window.days // 2 <= _booked(home, "cost_lines") < every

    def no_margin_yet(home: Path) -> bool:
        return _booked(home, "allocations") == every and _booked(home, "margins") == 0

    def on_its_way(home: Path) -> bool:
        return _ask(home, "select count(*) from digests where state in ('sending', 'sent')") == 1

    yield Point("in the middle of cost lines", some_lines)  # in the middle of a transaction too, as it happens
    yield Point("between allocations and margins", no_margin_yet, no_margin_yet)
    yield Point("after the Slack post", on_its_way, lambda home: told_days(home / "slack.jsonl").total() == 1)


def _kill_at(point: Point, home: Path, window: Window) -> None:
    with _playing(home, window) as child:
        _await(child, point.name, partial(point.near, home))
        if point.there is None:
            _kill(child)
        else:
            with _shut(home):
                _await(child, point.name, partial(point.there, home))
                _kill(child)
    _equal(f"killed {point.name}", point.near(home), True)
    counts = {name: _booked(home, name) for name in ("cost_lines", "allocations", "margins")}
    told = [state for (state,) in rows(home, "select state from digests")]
    _say(f"  booked: {counts}, messages: {told}")
    _equal("  what is booked is whole", (unconserved(home), orphans(home)), ([], {}))


def _await(child: subprocess.Popen[bytes], name: str, seen: Callable[[], bool]) -> None:
    """Look until it is seen; a play that ends before that is an error."""
    while not seen():
        try:
            code = child.wait(LOOK_EVERY_S)
        except subprocess.TimeoutExpired:
            continue
        raise SystemExit(f"the play ended with {code} and was never seen {name}")


def _play(home: Path, window: Window) -> Ending:
    with _playing(home, window) as child:
        out, _ = child.communicate()
    if child.returncode:
        raise SystemExit(f"the play in {home} ended with {child.returncode}")
    message, _, rest = out.decode().partition(f"\n{window.days} days in ")
    found = re.search(r"(\d+) new versions, (\d+) computations\nfingerprint ([0-9a-f]{64})\n", rest)
    if not found:
        raise SystemExit(f"expected the last lines of the demo, saw {rest!r}")
    return Ending((int(found[1]), int(found[2])), found[3], message)


def _played_twice(home: Path, window: Window) -> Ending:
    """The second play, which does nothing; the first too, unless it was made before."""
    first = fingerprint(home) if (home / "ledger.sqlite").exists() else _play(home, window).fingerprint
    second = _play(home, window)
    _equal("left alone: again", (second.done, second.fingerprint), (NOTHING, first))
    return second


@contextmanager
def _playing(home: Path, window: Window) -> Iterator[subprocess.Popen[bytes]]:
    """The command under way, in a process group of its own; it does not outlive us, and its failure is shown."""
    command = [str(COMMAND), "demo", "--until", str(window.until), "--days", str(window.days)]
    known, pipe = environment(LLM_FINOPS_HOME=str(home)), subprocess.PIPE
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(command, env=known, stdout=pipe, stderr=said, start_new_session=True)
        try:
            yield child
        finally:
            if child.poll() is None:
                _kill(child)
            if child.returncode > 0:
                said.seek(0)
                sys.stderr.write(said.read().decode(errors="replace")[-4_000:])


def _kill(child: subprocess.Popen[bytes]) -> None:
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()


@contextmanager
def _shut(home: Path) -> Iterator[None]:
    """Nobody else books or notes anything meanwhile: we hold the ledger's one right to write."""
    with closing(sqlite3.connect(home / "ledger.sqlite", isolation_level=None, timeout=60)) as connection:
        connection.execute("begin immediate")
        yield
        connection.execute("rollback")


def _in_order(home: Path, window: Window) -> None:
    """The ledger adds up, by the documentation's own SQL, and the channel shows each morning once."""
    mornings = (window.until - timedelta(days=1), window.until)
    _say(f"in {home}:")
    compared = [(account, str(day)) for account in ACCOUNTS for day in window.dates()]
    for view in ("current_cost_lines", "current_allocations"):
        _equal(f"  days in {view}", rows(home, f"select distinct account, day from {view} order by 1, 2"), compared)
    for query in ("every cent is allocated", "every cent of cogs is in a margin"):
        _equal(f"  {query}", rows(home, documented(query)), [])
    cogs = "select currency, sum(cost_nano) from current_allocations where cost_class = 'cogs' group by 1"
    margins = "select currency, sum(cost_nano) from current_margins group by 1"
    _equal(f"  cost of all margins {rows(home, margins)}", rows(home, margins), rows(home, cogs))
    _equal("  every version conserves", unconserved(home), [])
    _equal("  no row without a version", orphans(home), {})
    _equal("  nothing half-made is left", scratch(home), [])
    _equal("  messages shown", told_days(home / "slack.jsonl"), Counter(f"summary:{day}" for day in mornings))
    states = rows(home, "select day, state from digests where kind = 'summary' order by day")
    _equal("  messages noted", states, [(str(day), "sent") for day in mornings])


def _booked(home: Path, dataset: str) -> int:
    return _ask(home, BOOKED, dataset)


def _ask(home: Path, question: str, *values: str) -> int:
    """A count in a ledger that may not be there yet."""
    try:
        ((count,),) = rows(home, question, *values)
    except sqlite3.OperationalError:
        return 0
    return int(count)


def _equal(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise SystemExit(f"{what}: expected {expected}, saw {found}")
    _say(f"{what}: yes")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
