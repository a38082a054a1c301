"""The company as it would be without a request log: what its keys are for, and how many seats each customer has.

Which feature a key serves is known to whoever made the key; whom it served is not, so its cost is shared out by
seats. That is useful, and it is wrong in one way that no rule can mend: a customer far busier than its seats hides
among the others.
"""

from collections.abc import Iterator, Mapping

from llm_finops.demo import keys
from llm_finops.demo.company import CUSTOMERS, NOTES, REPORTS, REVIEW, SEARCH, SUPPORT, TRIAGE

# Key, model or any, feature: the first that fits holds. Two keys serve two features each, told apart by model.
_SERVES = (
    ("inbox triage", keys.OPENAI_SUPPORT, keys.GPT_4O_MINI, TRIAGE),
    ("support", keys.OPENAI_SUPPORT, None, SUPPORT),
    ("document search", keys.OPENAI_DOCUMENTS, None, SEARCH),
    ("meeting notes", keys.OPENAI_NOTES, None, NOTES),
    ("support agent", keys.ANTHROPIC_AGENT, keys.HAIKU, SUPPORT),
    ("code review", keys.ANTHROPIC_AGENT, None, REVIEW),
    ("report writer", keys.ANTHROPIC_WRITER, None, REPORTS),
)
_SEATS = {"trial": 2, "starter": 3, "team": 12, "business": 40, "enterprise": 100}
_SEATS_METERED = 20


def rules() -> Iterator[tuple[str, Mapping[str, object]]]:
    """`[[owners]]` that say which feature a key serves, and `[[spread]]` by the seats of those who have it."""
    for name, key, model, feature in _SERVES:
        yield "[[owners]]", {"name": name, "match": _match(key, model), "feature": feature}
    for name, key, model, feature in _SERVES:
        yield "[[spread]]", {"name": f"{name} by seats", "match": _match(key, model), "by": _seats(feature)}


def _match(key: keys.Key, model: str | None) -> dict[str, str]:
    match = {"account": key.project.provider, "api_key": key.id}
    return match if model is None else {**match, "model": model}


def _seats(feature: str) -> dict[str, int]:
    return {
        customer.id: _SEATS.get(customer.plan.name, _SEATS_METERED)
        for customer in CUSTOMERS
        if feature in customer.plan.features
    }
