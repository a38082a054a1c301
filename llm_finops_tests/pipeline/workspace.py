"""Slack's stand-in as a story needs it, and what the ledger says of the messages that are due."""

import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from slack_sdk import WebClient

from llm_finops.core.digest import Message, plain
from llm_finops.demo.standins.server import Answer, Call, Served, serve
from llm_finops.demo.standins.slack import TOKEN, Slack
from llm_finops.demo.standins.slack_files import SHOW
from llm_finops.pipeline.deliver import NotDelivered, deliver_all, due_now
from llm_finops.pipeline.partial import after_deadline
from llm_finops.slack import SlackError
from llm_finops_tests.pipeline.little import MORNING, Little

POST, UPDATE = "chat.postMessage", "chat.update"
CHANNEL = "C0LANTERN01"
_TOML = '[slack]\nchart = false\nchannel = "C0LANTERN01"\nbase_url = "{url}/api/"\n[reporting]\nat = "{at}"\n'


class Standing(NamedTuple):
    """A message as people read it, and the answers to it."""

    ts: str
    text: str
    answers: list[str]


class Workspace:
    """A workspace of Slack that can go down and come back at its address. It lives on the story's morning."""

    def __init__(self, folder: Path) -> None:
        self.app = Slack(folder / "slack.jsonl", lambda: datetime.fromisoformat(MORNING))
        self.once_posted: deque[Callable[[], None]] = deque()  # between taking a message and answering: one a post
        self.once_edited: deque[Callable[[], None]] = deque()
        self.once_shown: deque[Callable[[], None]] = deque()
        self._served: Served | None = serve(self._answer)
        self.url = self._served.base_url

    def _answer(self, call: Call) -> Answer:
        answer = self.app(call)
        if call.path.endswith(POST) and self.once_posted:
            self.once_posted.popleft()()
        if call.path.endswith(UPDATE) and self.once_edited:
            self.once_edited.popleft()()
        if call.path.endswith(SHOW) and self.once_shown:
            self.once_shown.popleft()()
        return answer

    def go_down(self) -> None:
        if self._served:
            self._served.stop()
        self._served = None

    def come_back(self) -> None:
        self._served = serve(self._answer, int(self.url.rpartition(":")[2]))

    def calls(self, method: str) -> list[dict[str, Any]]:
        path = self.app.path
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [call for call in map(json.loads, lines) if call["method"] == method]

    def messages(self) -> list[str]:
        """The texts that stand in the channel."""
        return [call["body"]["text"] for call in self.calls(POST) if call["answer"]["ok"]]

    def channel(self) -> list[Standing]:
        """What stands in the channel now, oldest first, each message with the answers in its thread."""
        client = WebClient(TOKEN, base_url=f"{self.url}/api/")
        found = client.conversations_history(channel=CHANNEL, limit=900)["messages"]
        threads = [client.conversations_replies(channel=CHANNEL, ts=m["ts"])["messages"][1:] for m in found]
        both = zip(reversed(found), reversed(threads), strict=True)
        return [Standing(m["ts"], _read(m), [_read(answer) for answer in thread]) for m, thread in both]

    def charts(self) -> list[tuple[str, str, str]]:
        """(title of its message, the file's name, the words beside it) of each picture in a thread."""
        client = WebClient(TOKEN, base_url=f"{self.url}/api/")
        return [
            (message.text.splitlines()[0], file["name"], answer["text"])
            for message in self.channel()
            for answer in client.conversations_replies(channel=CHANNEL, ts=message.ts)["messages"][1:]
            for file in answer.get("files", [])
        ]

    def delete(self, ts: str) -> None:
        """As somebody may."""
        WebClient(TOKEN, base_url=f"{self.url}/api/").chat_delete(channel=CHANNEL, ts=ts)

    @property
    def toml(self) -> str:
        """The company's tables for it. Its daily run is half a day away: no daemon starts one beside the story."""
        return _TOML.format(url=self.url, at=f"{datetime.now(UTC) + timedelta(hours=12):%H:%M}")

    @property
    def charting(self) -> str:
        """The same, with a chart in the thread of each message."""
        return self.toml.replace("chart = false", "chart = true")


def deliver(company: Little) -> list[str]:
    """What a tick of the sensor and the runs it asks for do, without Dagster around them; what each said."""
    said: list[str] = []
    with company.finops.work("") as work:
        after_deadline(work, lambda _: False)
        new, more = due_now(work)
        for places in [*([place] for place in new), more]:
            try:
                said += deliver_all(work, places)
            except (NotDelivered, SlackError) as trouble:
                said.append(str(trouble))
    return said


def deliver_until_quiet(company: Little) -> None:
    """Ticks of the sensor until nothing is due."""
    while deliver(company):
        pass


def tell_each(company: Little, days: Sequence[str]) -> None:
    """Each day told in its time, whatever was due before."""
    with company.ledger() as ledger, ledger.writing() as connection:
        connection.exec_driver_sql("delete from digests")
    for day in days:
        with company.ledger() as ledger:
            assert ledger.journals.make_due(day, "")
        deliver(company)


def _read(message: Mapping[str, Any]) -> str:
    return plain(Message(message["text"], tuple(message["blocks"]), "")) if message.get("blocks") else message["text"]


def digests(company: Little) -> list[tuple[Any, ...]]:
    """(day, revision, state, attempt) of each message; read so that it disturbs nobody who writes."""
    return _asked(company, "select day, revision, state, attempt from digests order by day, revision")


def next_at(company: Little) -> str:
    """When the one message is to be tried again; of one being sent, the end of its lease."""
    ((at,),) = _asked(company, "select next_at from digests")
    return str(at)


def _asked(company: Little, sql: str) -> list[tuple[Any, ...]]:
    engine = sa.create_engine(company.config.database_url)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(sa.text(sql))]
    engine.dispose()
    return found


def let_time_pass(company: Little) -> None:
    """As if the wait that was noted were over."""
    with company.ledger() as ledger, ledger.writing() as connection:
        connection.execute(sa.text("update digests set next_at = ''"))
