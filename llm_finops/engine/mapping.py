"""A source's columns as the engine needs them: which of their columns to read, which meters come of it."""

from collections.abc import Mapping

from llm_finops.core.meters import UNITS, family_of
from llm_finops.core.records import NONE
from llm_finops.core.settings import RequestSource
from llm_finops.engine.contract import EngineError

# In the order of the staged table, which is also the order in which rows are compared.
DIMENSIONS = (
    "account",
    "provider",
    "project",
    "api_key",
    "model",
    "service_tier",
    "customer",
    "feature",
    "environment",
    "actor",
    "status",
)
INPUT_TOTAL = "input_total"  # all input, cached reads and writes included
UNCACHED = "input_uncached"
TAG = "tag."


class Mapped:
    """A request source, its columns told apart: read from a column, constant, or not known."""

    def __init__(self, source: RequestSource, providers: Mapping[str, str]) -> None:
        self.source = source
        self.providers = dict(providers)
        self.theirs = {ours: theirs for ours, theirs in source.columns.items() if isinstance(theirs, str)}
        self.constants = {ours: str(c["const"]) for ours, c in source.columns.items() if not isinstance(c, str)}
        if "time" not in self.theirs:
            raise EngineError(f"requests.{source.name}: no column is mapped to `time`; without it no row has a day")
        meters = {ours for ours in self.theirs if ours in UNITS}
        if INPUT_TOTAL in self.theirs:
            meters.add(UNCACHED)
        self.meters = tuple(sorted(meters))
        self.tags = tuple(sorted(ours.removeprefix(TAG) for ours in source.columns if ours.startswith(TAG)))

    @property
    def columns(self) -> list[str]:
        """Their columns, each once: the only ones that are ever read."""
        return sorted(set(self.theirs.values()))

    @property
    def tag_columns(self) -> dict[str, str]:
        """{our column: our field} of the tags, in order of their names, which need not be names of columns."""
        return {f"tag_{i}": f"{TAG}{tag}" for i, tag in enumerate(self.tags)}

    @property
    def parts(self) -> list[str]:
        """The mapped meters that `input_total` includes."""
        return [meter for meter in self.inputs if meter != UNCACHED]

    @property
    def inputs(self) -> list[str]:
        """The meters that add up to a request's whole input."""
        return [meter for meter in self.meters if family_of(meter) == "input"]

    @property
    def outputs(self) -> list[str]:
        """The meters of output."""
        return [meter for meter in self.meters if family_of(meter) == "output"]

    def sole_account(self) -> tuple[str, str]:
        """(account, provider) of a log that maps neither: it speaks for one account, else nobody knows."""
        if len(self.source.accounts) == 1:
            provider, account = next(iter(self.source.accounts.items()))
            return account, provider
        return NONE, NONE
