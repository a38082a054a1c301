"""Links to the dashboard and to the Dagster UI, where `[reporting]` says where people open them."""

from llm_finops.config import Config


def dashboard_of(config: Config, day: str) -> str:
    """The address of a day on the dashboard; empty where there is none."""
    base = config.reporting.dashboard_url
    return f"{base}/?from={day}&to={day}" if base else ""


def dagster_of(config: Config, day: str) -> str:
    """The address of a day's runs in the Dagster UI; empty where there is none. It stays the same when a day is run."""
    base = config.reporting.dagster_url
    return f"{base}/assets/daily_summary?view=partitions&partition={day}" if base else ""
