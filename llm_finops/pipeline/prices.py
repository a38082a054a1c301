"""The price book outside a run: for `llm-finops price`, which works without a configuration too."""

from collections.abc import Mapping

from llm_finops.config import ConfigError, load
from llm_finops.core.price import PriceBook
from llm_finops.core.records import Price
from llm_finops.inputs.catalogue import seed
from llm_finops.inputs.prices import read_prices


def configured_book(environment: Mapping[str, str]) -> tuple[PriceBook, Mapping[str, str]]:
    """The list prices under the company's own, and the aliases of models; list prices alone without a finops.toml."""
    contract: list[Price] = []
    aliases: Mapping[str, str] = {}
    try:
        config = load(environment)
    except ConfigError:
        if environment.get("LLM_FINOPS_CONFIG"):
            raise
    else:
        contract = read_prices(config.files(config.price_patterns))
        aliases = config.settings.aliases
    return PriceBook([*seed()[0], *contract]), aliases
