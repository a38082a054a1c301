"""Links to the dashboard, where `[reporting] dashboard_url` says that there is one."""

from llm_finops.config import Config


def dashboard_of(config: Config, day: str) -> str:
    """The address of a day on the dashboard; empty where there is none."""
    base = config.reporting.dashboard_url
    return f"{base}/?from={day}&to={day}" if base else ""
