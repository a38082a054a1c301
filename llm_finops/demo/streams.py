"""What runs on each key of the company.

A *stream* is one kind of work on one key. Customers' work is logged; other work is not, and finds its owner by a
rule, or does not find one at all.
"""

from typing import NamedTuple

from llm_finops.demo import keys
from llm_finops.demo.company import NOTES, REPORTS, REVIEW, SEARCH, SUPPORT, TRIAGE
from llm_finops.demo.keys import (
    GPT_4O_MINI,
    GPT_5,
    GPT_5_MINI,
    HAIKU,
    INTERNAL,
    OPUS,
    PRODUCTION,
    SONNET,
    STAGING,
    Key,
    Project,
)


class Stream(NamedTuple):
    """One kind of work on one key (None: made in the provider's own console).

    Shares are per mille: `models` by share, `batch` of requests, `cached` and `written` of the input, `logged` of
    requests. `prompt` and `output` are the least and most tokens; small ones are common, large ones rare.
    """

    name: str
    project: Project
    key: Key | None
    operations: int  # a usual day
    models: tuple[tuple[str, int], ...]
    prompt: tuple[int, int]
    output: tuple[int, int]
    feature: str = "(none)"
    customer: str | None = None  # None: drawn from those who have the feature, unless nobody is served
    served: bool = True
    environment: str = PRODUCTION
    batch: int = 0
    cached: int = 0
    written: int = 0
    steps: int = 1  # at most so many requests an operation
    logged: int = 0
    user: str | None = None

    @property
    def provider(self) -> str:
        """The provider the work is sent to."""
        return self.project.provider


_OPENAI_STREAMS = (
    Stream(
        "openai-support",
        keys.ASSISTANTS,
        keys.OPENAI_SUPPORT,
        420,
        ((GPT_5, 600), (GPT_5_MINI, 400)),
        prompt=(900, 26_000),
        output=(120, 1_900),
        feature=SUPPORT,
        cached=450,
        steps=2,
        logged=1000,
    ),
    Stream(
        "openai-triage",
        keys.ASSISTANTS,
        keys.OPENAI_SUPPORT,
        330,
        ((GPT_4O_MINI, 700), (GPT_5_MINI, 300)),
        prompt=(600, 9_000),
        output=(40, 400),
        feature=TRIAGE,
        cached=250,
        batch=350,
        logged=1000,
    ),
    Stream(
        "openai-search",
        keys.DOCUMENTS,
        keys.OPENAI_DOCUMENTS,
        300,
        ((GPT_5_MINI, 650), (GPT_5, 350)),
        prompt=(2_500, 48_000),
        output=(100, 1_400),
        feature=SEARCH,
        cached=350,
        logged=1000,
    ),
    # A quarter of these never reach the request log: an old worker was not moved to the gateway.
    Stream(
        "openai-notes",
        keys.DOCUMENTS,
        keys.OPENAI_NOTES,
        230,
        ((GPT_5_MINI, 800), (GPT_5, 200)),
        prompt=(4_000, 60_000),
        output=(300, 2_600),
        feature=NOTES,
        batch=400,
        logged=750,
    ),
    Stream(
        "openai-staging",
        keys.PLATFORM,
        keys.OPENAI_STAGING,
        75,
        ((GPT_5, 500), (GPT_5_MINI, 500)),
        prompt=(900, 26_000),
        output=(120, 1_900),
        customer=INTERNAL,
        environment=STAGING,
    ),
    Stream(
        "openai-enrichment",
        keys.PLATFORM,
        keys.OPENAI_ENRICHMENT,
        115,
        ((GPT_5, 700), (GPT_5_MINI, 300)),
        prompt=(3_000, 40_000),
        output=(200, 2_400),
        feature=REPORTS,
        customer="northwind",
        batch=800,
    ),
    Stream(
        "openai-hackathon",
        keys.ASSISTANTS,
        keys.OPENAI_HACKATHON,
        36,
        ((GPT_5, 1000),),
        prompt=(1_500, 30_000),
        output=(200, 2_500),
        served=False,
    ),
    Stream(
        "openai-playground",
        keys.PLATFORM,
        None,
        8,
        ((GPT_5, 1000),),
        prompt=(400, 12_000),
        output=(200, 2_500),
        served=False,
        user="user-7RkAdaLantern",
    ),
)

_ANTHROPIC_STREAMS = (
    Stream(
        "anthropic-review",
        keys.PRODUCT,
        keys.ANTHROPIC_AGENT,
        150,
        ((SONNET, 850), (OPUS, 150)),
        prompt=(2_000, 52_000),
        output=(150, 3_000),
        feature=REVIEW,
        cached=550,
        written=150,
        steps=3,
        logged=1000,
    ),
    Stream(
        "anthropic-support",
        keys.PRODUCT,
        keys.ANTHROPIC_AGENT,
        170,
        ((HAIKU, 700), (SONNET, 300)),
        prompt=(1_200, 30_000),
        output=(120, 1_700),
        feature=SUPPORT,
        cached=500,
        written=120,
        steps=2,
        logged=1000,
    ),
    # Here, too, some requests go past the gateway.
    Stream(
        "anthropic-reports",
        keys.PRODUCT,
        keys.ANTHROPIC_WRITER,
        100,
        ((SONNET, 900), (OPUS, 100)),
        prompt=(3_000, 60_000),
        output=(600, 4_500),
        feature=REPORTS,
        cached=300,
        written=200,
        batch=300,
        logged=780,
    ),
    Stream(
        "anthropic-contracts",
        keys.PRODUCT,
        keys.ANTHROPIC_CONTRACTS,
        74,
        ((SONNET, 800), (HAIKU, 200)),
        prompt=(6_000, 90_000),
        output=(400, 3_500),
        feature=SEARCH,
        customer="harbor-legal",
        batch=600,
        written=60,
    ),
    Stream(
        "anthropic-staging",
        keys.LABS,
        keys.ANTHROPIC_STAGING,
        44,
        ((SONNET, 500), (HAIKU, 500)),
        prompt=(2_000, 52_000),
        output=(150, 3_000),
        customer=INTERNAL,
        environment=STAGING,
    ),
    Stream(
        "anthropic-event",
        keys.LABS,
        keys.ANTHROPIC_EVENT,
        22,
        ((HAIKU, 400), (SONNET, 600)),
        prompt=(2_000, 30_000),
        output=(300, 2_500),
        served=False,
    ),
    Stream(
        "anthropic-workbench",
        keys.DEFAULT,
        None,
        7,
        ((OPUS, 300), (SONNET, 700)),
        prompt=(500, 12_000),
        output=(200, 2_500),
        served=False,
    ),
)
STREAMS = _OPENAI_STREAMS + _ANTHROPIC_STREAMS
