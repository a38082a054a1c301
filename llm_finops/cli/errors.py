"""Which exceptions are a message to the person at the keyboard, and not a bug."""


def said() -> tuple[type[Exception], ...]:
    """The tops of the exception trees; imported late, when something has gone wrong."""
    from sqlalchemy.exc import OperationalError

    from llm_finops.config import ConfigError
    from llm_finops.connectors.contract import SourceError
    from llm_finops.core.money import MoneyError
    from llm_finops.core.price import PriceError
    from llm_finops.inputs.files import InputError
    from llm_finops.ledger import LedgerError

    return (ConfigError, SourceError, MoneyError, PriceError, InputError, LedgerError, OperationalError)
