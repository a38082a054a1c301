"""All three stand-ins of one made-up company, started and stopped together."""

from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from llm_finops.demo.clock import Clock
from llm_finops.demo.company import OPENED
from llm_finops.demo.configuration import ANTHROPIC_KEY_VARIABLE, OPENAI_KEY_VARIABLE, SLACK_TOKEN_VARIABLE
from llm_finops.demo.standins import anthropic, openai, slack
from llm_finops.demo.standins.server import Served, serve

ENVIRONMENT: Mapping[str, str] = {
    OPENAI_KEY_VARIABLE: openai.ADMIN_KEY,
    ANTHROPIC_KEY_VARIABLE: anthropic.ADMIN_KEY,
    SLACK_TOKEN_VARIABLE: slack.TOKEN,
}
_OPENED = datetime(OPENED.year, OPENED.month, OPENED.day, tzinfo=UTC)


class Standins:
    """OpenAI, Anthropic and Slack on this machine, from `with` to its end.

    What they answer is a function of the day asked for and of the clock. `environment` holds the keys that they
    accept, by the variables that the company's finops.toml names. Slack's calls are kept in `slack.jsonl` below `home`.
    """

    def __init__(self, home: Path, clock: Clock) -> None:
        self.environment = dict(ENVIRONMENT)
        self.openai = openai.OpenAI(clock.now)
        self.anthropic = anthropic.Anthropic(clock.now, since=_OPENED)
        self.slack = slack.Slack(home / "slack.jsonl", clock.now)
        self._running: dict[str, Served] = {}

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for name, app in (("openai", self.openai), ("anthropic", self.anthropic), ("slack", self.slack)):
                self._running[name] = serve(app)
                stack.callback(self._running[name].stop)
            self._stop = stack.pop_all().close
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def openai_url(self) -> str:
        """What `base_url` is to be for OpenAI."""
        return f"{self._running['openai'].base_url}/v1"

    @property
    def anthropic_url(self) -> str:
        """What `base_url` is to be for Anthropic."""
        return self._running["anthropic"].base_url

    @property
    def slack_url(self) -> str:
        """What `base_url` is to be for Slack."""
        return f"{self._running['slack'].base_url}/api/"

    @property
    def calls(self) -> Counter[str]:
        """How often each path was called since the start, refused calls included."""
        total: Counter[str] = Counter()
        for served in self._running.values():
            total += served.calls
        return total
