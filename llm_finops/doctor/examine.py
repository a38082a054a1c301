"""The round: the configuration first, then every source that it names, then the ledger and Slack."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from types import ModuleType

from llm_finops import connectors
from llm_finops.config import Config, ConfigError, load
from llm_finops.doctor.check import Check, ok, problem, warning
from llm_finops.doctor.files import examine_costs, examine_prices, examine_revenue
from llm_finops.doctor.invoices import examine_invoices
from llm_finops.doctor.logs import examine_log
from llm_finops.doctor.providers import Met, examine_provider
from llm_finops.doctor.rates import examine_rates
from llm_finops.doctor.slack_channel import examine_slack
from llm_finops.doctor.standing import examine_ledger


def examine(
    environment: Mapping[str, str], day: date | None = None, package: ModuleType = connectors
) -> Iterator[Check]:
    """Each check as soon as it is made; `day` is yesterday (UTC) unless another is given.

    A configuration that cannot be used is the only thing said of it.
    """
    try:
        config = load(environment, package)
    except ConfigError as error:
        yield problem("finops.toml", f"{error}")
        return
    at = day or date.fromisoformat(config.now()[:10]) - timedelta(days=1)
    yield from _configured(config, at)
    met: list[Met] = []
    for account in config.providers:
        yield from examine_provider(config, account, at, met)
    for name in config.requests:
        yield from examine_log(config, name, at, met)
    for name in config.costs:
        yield from examine_costs(config, name, at)
    for name in config.revenue:
        yield from examine_revenue(config, name, at)
    for name in config.invoices:
        yield from examine_invoices(config, name, at)
    yield from examine_prices(config)
    yield from examine_rates(config, at)
    yield from examine_ledger(config)
    yield from examine_slack(config)


def _configured(config: Config, day: date) -> Iterator[Check]:
    counts = {
        "provider": len(config.providers),
        "request log": len(config.requests),
        "cost source": len(config.costs),
        "revenue source": len(config.revenue),
        "rule": len(config.settings.rules),
    }
    said = ", ".join(f"{count} {what}{'' if count == 1 else 's'}" for what, count in counts.items())
    yield ok("finops.toml", f"{config.file}: {said}; from {config.start_date} on. Read here: {day}.")
    if not config.providers and not config.costs:
        yield problem("finops.toml", "It names no cost: add [providers.NAME], or [costs.NAME] for files.")
    if not config.requests and not config.settings.rules and not config.settings.spreads:
        yield warning(
            "finops.toml",
            "It has no request log, no [[owners]] and no [[spread]]: all cost ends in (unallocated). The next mapping "
            "below says where to begin, once days are booked.",
        )
    if not config.revenue:
        yield warning("finops.toml", "It has no [revenue.NAME]: costs are allocated, margins are not known.")
