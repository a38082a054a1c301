"""The process that forks: each line of its input is a JSON list of what is asked (`forks.Asked`). Not a test.

All of a line run at once. Answered are a line with their process ids, and a line with how they ended (`forks.Ended`).
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import IO

import dagster as dg
import sqlalchemy as sa

from llm_finops.cli import main as command
from llm_finops.config import load
from llm_finops.core.days import each_day
from llm_finops.definitions import build
from llm_finops.pipeline import reference
from llm_finops.pipeline.automation import RANGE, SCHEDULE
from llm_finops.pipeline.graph import declared
from llm_finops.pipeline.instance import instance
from llm_finops.pipeline.outcome import failures
from llm_finops.pipeline.run import run_range
from llm_finops.pipeline.work import Finops
from llm_finops_tests.acceptance.forks import Asked
from llm_finops_tests.acceptance.plays import load_world, play_and_say


def main() -> None:
    """Run what is named by the arguments, then fork for each line."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    if code := _ended(tuple(sys.argv[1:])):
        sys.exit(code)
    _say(answers, "ready")
    for line in sys.stdin:
        begun = [_begin(Asked(tuple(arguments), *rest)) for arguments, *rest in json.loads(line)]
        _say(answers, [child for child, *_ in begun])
        _say(answers, [_end(*fork) for fork in begun])


def _say(answers: IO[str], what: object) -> None:
    answers.write(json.dumps(what) + "\n")
    answers.flush()


def _begin(asked: Asked) -> tuple[int, IO[str], IO[str]]:
    said, told = (os.fdopen(os.memfd_create(name), "w+") for name in ("said", "told"))
    child = os.fork()
    if child == 0:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
        code = _fork(asked, told)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return child, said, told


def _end(child: int, said: IO[str], told: IO[str]) -> tuple[int, int, str]:
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with said, told:
        said.seek(0)
        told.seek(0)
        return code, int(told.read() or 0), said.read()


def _fork(asked: Asked, told: IO[str]) -> int:
    came_to = 0

    def tick(connection: sa.Connection, *_: object) -> None:
        nonlocal came_to
        url = connection.engine.url
        if url.drivername == "postgresql+psycopg" or (url.database or "").endswith("ledger.sqlite"):
            came_to += 1
            if came_to == asked.moment:
                os.kill(os.getpid(), signal.SIGKILL)

    sa.event.listen(sa.Engine, "before_cursor_execute", tick)
    sa.event.listen(sa.Engine, "commit", tick)
    os.environ.clear()
    os.environ.update(asked.environment)
    code = _ended(asked.arguments)
    told.write(str(came_to))
    told.flush()
    return code


def _ended(arguments: tuple[str, ...]) -> int:
    try:
        if arguments[0] in OURS:
            return 0 if OURS[arguments[0]](*arguments[1:]) else 1
        sys.argv = ["llm-finops", *arguments]
        command()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001  (it is the end of a process)
        traceback.print_exc()
        return 1
    return 0


def _known() -> bool:
    """Book prices and settings, which take longest, and make Dagster's tables."""
    with Finops(os.environ).work("known") as work, instance(work.config):
        reference.book_reference(work)
    return True


def _steps(first: str, last: str) -> bool:
    """What a run of the days books, without Dagster around it."""
    with Finops(os.environ).work("steps") as work:
        reference.book_reference(work)
        days = each_day(first, last)
        return not any(failures(asset.name, asset.step(work, days)) for asset in list(declared(work.config)))


def _morning() -> bool:
    """The daily run as its schedule asks for it at the clock's hour, in a process of its own."""
    config, finops = load(os.environ), Finops(os.environ)
    definitions = build(config, finops)
    at = datetime.fromisoformat(config.now()).astimezone(UTC)
    with instance(config) as dagster:
        context = dg.build_schedule_context(instance=dagster, scheduled_execution_time=at)
        tick = definitions.get_repository_def().get_schedule_def(SCHEDULE).evaluate_tick(context)
        (run,) = tick.run_requests or []
        first, last = (run.tags[name] for name in RANGE)
        report = run_range(definitions, finops, dagster, first, last)
    print(report)  # noqa: T201
    return report.ok


OURS: Mapping[str, Callable[..., bool]] = {
    "known": _known,
    "steps": _steps,
    "morning": _morning,
    "world": load_world,
    "play": play_and_say,
}

if __name__ == "__main__":
    main()
