"""The price book outside a run: for `llm-finops price`, which works without a configuration too."""

from collections.abc import Mapping

from sqlalchemy.exc import SQLAlchemyError

from llm_finops.config import ConfigError, load
from llm_finops.core.price import PriceBook, Quote
from llm_finops.core.records import Price
from llm_finops.inputs.catalogue import seed
from llm_finops.inputs.prices import read_prices
from llm_finops.ledger import Ledger, LedgerError, inspect_revision
from llm_finops.ledger.implied import LastImplied, last_implied
from llm_finops.ledger.store import SCHEMA


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


def implied_beside(environment: Mapping[str, str], model: str, tier: str, quote: Quote) -> dict[str, LastImplied]:
    """What the bill implied last for each meter of a quote, by meter; {} where no ledger is there to say so.

    A ledger that is not there is not made, and one that cannot be read is no reason not to price.
    """
    try:
        config = load(environment)
        if inspect_revision(config.database_url) != SCHEMA:
            return {}
        ledger = Ledger(config.database_url, config.now)
    except (ConfigError, LedgerError, SQLAlchemyError):
        return {}
    try:
        providers = {price.provider for price in quote.prices.values()}
        found = {at: of for name in providers for at, of in last_implied(ledger, name, model, tier).items()}
    except (LedgerError, SQLAlchemyError):
        return {}
    finally:
        ledger.close()
    beside = {meter: found.get((meter, price.currency)) for meter, price in quote.prices.items()}
    return {meter: of for meter, of in beside.items() if of}
