"""The made-up company: Lantern, which sells six AI features to forty customers."""

from datetime import date
from typing import NamedTuple

OPENED = date(2025, 1, 1)  # nothing happened before

SUPPORT = "support-agent"
SEARCH = "document-search"
NOTES = "meeting-notes"
REVIEW = "code-review"
REPORTS = "report-writer"
TRIAGE = "inbox-triage"
FEATURES = (SUPPORT, SEARCH, NOTES, REVIEW, REPORTS, TRIAGE)


class Plan(NamedTuple):
    """What a customer pays: a monthly fee in cents, a price in cents for each operation, and the features in it."""

    name: str
    monthly: int
    per_operation: int
    features: tuple[str, ...]


TRIAL = Plan("trial", 0, 0, (SUPPORT, SEARCH))
STARTER = Plan("starter", 9_00, 0, (SEARCH, NOTES, TRIAGE))
TEAM = Plan("team", 39_00, 0, (SUPPORT, SEARCH, NOTES, TRIAGE))
BUSINESS = Plan("business", 149_00, 0, FEATURES)
ENTERPRISE = Plan("enterprise", 349_00, 0, FEATURES)
METERED_SUPPORT = Plan("metered-support", 9_00, 4, (SUPPORT,))
METERED_REVIEW = Plan("metered-review", 9_00, 22, (REVIEW,))


class Customer(NamedTuple):
    """A customer, by the id the company uses everywhere. `weight` is how busy it is beside the others."""

    id: str
    plan: Plan
    weight: int


# Far busier than its plan was made for: this customer costs more than it pays.
LOSING = Customer("bluebird-media", TEAM, 900)
TRYING = Customer("juniper-labs", TRIAL, 30)


def _customers(plan: Plan, *named: tuple[str, int]) -> tuple[Customer, ...]:
    return tuple(Customer(name, plan, weight) for name, weight in named)


CUSTOMERS = (
    LOSING,
    TRYING,
    *_customers(ENTERPRISE, ("northwind", 310), ("harbor-legal", 260), ("atlas-freight", 240), ("meridian-bank", 210)),
    *_customers(
        BUSINESS,
        *(("copperfield", 150), ("redwood-health", 140), ("summit-energy", 130), ("orchard-foods", 120)),
        *(("pioneer-homes", 105), ("lakeside-clinic", 95), ("granite-works", 90), ("silverline", 80)),
    ),
    *_customers(
        TEAM,
        *(("maple-schools", 75), ("falcon-travel", 70), ("willow-design", 66), ("cobalt-games", 62)),
        *(("tidewater", 58), ("sparrow-books", 54), ("ironbridge", 50), ("clover-farms", 46)),
        *(("beacon-media", 42), ("driftwood", 38), ("evergreen-spa", 34), ("fable-studio", 30)),
    ),
    *_customers(
        STARTER,
        *(("acorn-repairs", 26), ("bramble-cafe", 24), ("cedar-yoga", 22), ("dune-surf", 20), ("ember-candles", 18)),
        *(("fern-florist", 16), ("gull-charters", 14), ("hazel-bakery", 12), ("iris-optics", 10), ("jade-tea", 8)),
    ),
    *_customers(METERED_SUPPORT, ("kestrel-air", 110), ("lumen-telecom", 90)),
    *_customers(METERED_REVIEW, ("mosaic-dev", 120), ("nimbus-apps", 80)),
)
