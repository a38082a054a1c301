"""What Dagster loads: configuration → resources → assets, job, schedule, sensor.

Nothing is read at import. Without a configuration the location still loads, with one asset that says what
to do.
"""

import os
import warnings
from collections.abc import Mapping

import dagster as dg
import stamina.instrumentation

from llm_finops.config import Config, ConfigError, load
from llm_finops.pipeline.assets import OWNERS, build_assets
from llm_finops.pipeline.automation import daily_job, morning, post_job, slack_sensor
from llm_finops.pipeline.range_job import backfill_job
from llm_finops.pipeline.work import Finops

warnings.filterwarnings("ignore", category=dg.BetaWarning)
warnings.filterwarnings("ignore", category=dg.PreviewWarning)


def build(config: Config, finops: Finops) -> dg.Definitions:
    """The definitions of a configuration; `finops` is how assets reach the ledger and the providers."""
    # A retry is counted in the load's journal; a log line for each of them drowns what matters.
    stamina.instrumentation.set_on_retry_hooks(())
    definitions = dg.Definitions(
        assets=build_assets(config),
        jobs=[daily_job(), backfill_job(config, lambda: definitions), post_job()],
        schedules=[morning(config)],
        sensors=[slack_sensor()],
        resources={"finops": finops},
        executor=dg.in_process_executor,
    )
    return definitions


def from_environment(environment: Mapping[str, str]) -> dg.Definitions:
    """The definitions of the environment's configuration, or one asset that says what is wrong with it."""
    try:
        config = load(environment)
    except ConfigError as error:
        return dg.Definitions(assets=[_not_configured(str(error))])
    return build(config, Finops(environment))


def _not_configured(why: str) -> dg.AssetsDefinition:
    @dg.asset(
        name="not_configured", group_name="start_here", owners=OWNERS, description=f"Not configured yet.\n\n{why}"
    )
    def not_configured() -> None:
        raise dg.Failure(why, allow_retries=False)

    return not_configured


@dg.definitions
def defs() -> dg.Definitions:
    """The code location."""
    return from_environment(os.environ)
