"""The projects and keys that the company has at its two providers, and the models it uses there."""

from typing import NamedTuple

OPENAI, ANTHROPIC = PROVIDERS = ("openai", "anthropic")
STANDARD, BATCH = TIERS = ("standard", "batch")
PRODUCTION, STAGING = "production", "staging"
INTERNAL = "internal"  # the company itself, as a customer

GPT_5, GPT_5_MINI, GPT_4O_MINI = "gpt-5-2025-08-07", "gpt-5-mini-2025-08-07", "gpt-4o-mini-2024-07-18"
SONNET, HAIKU, OPUS = "claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001", "claude-opus-4-1-20250805"

# What the request log calls some models, now and then.
ALIASES = {"gpt-5": GPT_5, "claude-sonnet-4-5": SONNET}


class Project(NamedTuple):
    """An OpenAI project or an Anthropic workspace."""

    provider: str
    id: str
    name: str
    archived: bool = False


class Key(NamedTuple):
    """A key of a project. `listed` is false for one that was deleted: its use goes on being reported."""

    project: Project
    id: str
    name: str
    listed: bool = True


ASSISTANTS = Project(OPENAI, "proj_4mQvLhT2assist", "Assistants")
DOCUMENTS = Project(OPENAI, "proj_9bXcKd71docs", "Documents")
PLATFORM = Project(OPENAI, "proj_1tRzWe83platform", "Platform")
PILOT = Project(OPENAI, "proj_0aPilot2025", "Pilot 2025", archived=True)
PRODUCT = Project(ANTHROPIC, "wrkspc_01LanternProductA7", "Product")
LABS = Project(ANTHROPIC, "wrkspc_01LanternLabsQ2", "Labs")
DEFAULT = Project(ANTHROPIC, "wrkspc_01LanternDefaultX9", "Default")
PROJECTS = (ASSISTANTS, DOCUMENTS, PLATFORM, PILOT, PRODUCT, LABS, DEFAULT)

OPENAI_SUPPORT = Key(ASSISTANTS, "key_Sp8aTq2vUxLm", "prod-support")
OPENAI_HACKATHON = Key(ASSISTANTS, "key_Hk1zRw7nCyEd", "hackathon", listed=False)
OPENAI_DOCUMENTS = Key(DOCUMENTS, "key_Dc3mYe9bKoPs", "prod-documents")
OPENAI_NOTES = Key(DOCUMENTS, "key_Nt5qXv4hJiZg", "prod-notes")
OPENAI_STAGING = Key(PLATFORM, "key_St7uBd6fWrAc", "staging")
OPENAI_ENRICHMENT = Key(PLATFORM, "key_En2kGs8tMhQx", "nightly-enrichment")
ANTHROPIC_AGENT = Key(PRODUCT, "apikey_01AgentN4yTz8", "prod-agent")
ANTHROPIC_WRITER = Key(PRODUCT, "apikey_01WriterC6rVb2", "prod-writer")
ANTHROPIC_CONTRACTS = Key(PRODUCT, "apikey_01ContractsF9sK", "contract-extraction")
ANTHROPIC_STAGING = Key(LABS, "apikey_01StagingM3dWq", "staging")
ANTHROPIC_EVENT = Key(LABS, "apikey_01EventP5gHx7j", "trade-fair-demo")
KEYS = (
    OPENAI_SUPPORT,
    OPENAI_HACKATHON,
    OPENAI_DOCUMENTS,
    OPENAI_NOTES,
    OPENAI_STAGING,
    OPENAI_ENRICHMENT,
    ANTHROPIC_AGENT,
    ANTHROPIC_WRITER,
    ANTHROPIC_CONTRACTS,
    ANTHROPIC_STAGING,
    ANTHROPIC_EVENT,
)
