"""Commands of the command line, one after the other in one process, everything below logging at DEBUG. Not a test.

Standard input is a JSON list of [ARGUMENTS, VARIABLES]; `tick` evaluates the Slack sensor, as the daemon does, and says
what a run's process would be started with; `tick later` does so once what waits has waited long enough.
"""

import json
import logging
import os
import sys
import traceback

import stamina


def main() -> None:
    """Run them all, and say of each how it ended."""
    logging.basicConfig(level=logging.DEBUG)
    for name in ("dagster", "httpx", "httpcore", "slack_sdk", "alembic", "stamina"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    known = dict(os.environ)
    with stamina.set_testing(True, attempts=100, cap=True):
        for arguments, variables in json.load(sys.stdin):
            os.environ.clear()
            os.environ.update({**known, **variables})
            print(f"-- {arguments[0]} ended with {_ended(arguments)}", flush=True)  # noqa: T201


def _ended(arguments: list[str]) -> object:
    from llm_finops.cli import main as command

    sys.argv = ["llm-finops", *arguments]
    try:
        if arguments[0] == "tick":
            return _tick(later=arguments[1:] == ["later"])
        command()
    except SystemExit as end:
        return end.code
    except Exception as error:  # noqa: BLE001  (a crash is what some of them are for)
        traceback.print_exc()
        return type(error).__name__
    return 0


def _tick(*, later: bool) -> list[bool]:
    from dagster._serdes import serialize_value

    from llm_finops.config import load
    from llm_finops.definitions import build
    from llm_finops.pipeline.instance import instance
    from llm_finops.pipeline.run import tick_sensor
    from llm_finops.pipeline.work import Finops

    config, finops = load(os.environ), Finops(os.environ)
    if later:
        with finops.work("") as work, work.ledger.writing() as connection:
            connection.exec_driver_sql("update digests set next_at = ''")
    with instance(config) as dagster:
        print(serialize_value(dagster.get_ref()))  # noqa: T201
        return tick_sensor(build(config, finops), finops, dagster)


if __name__ == "__main__":
    main()
