"""One call to Slack, made once: what it answered, or what is known after a failure."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from llm_finops.slack.outcomes import UNREADABLE, NotSent, SlackError, Unknown, judged
from llm_finops.slack.transport import NEVER_SENT

Send = Callable[[], SlackResponse]


def called(what: str, send: Send) -> Mapping[str, Any]:
    """A call that changes something. `what` names it and its subject. Raises NotSent or Unknown."""
    trouble: SlackError
    try:
        data = send().data
        return data if isinstance(data, dict) else {}
    except SlackApiError as refused:
        answer = refused.response
        trouble = judged(what, answer.status_code, answer.headers, answer.data)
    except NEVER_SENT as lost:
        trouble = NotSent(f"{what}: no connection to Slack ({type(lost).__name__}); to be tried again")
    except httpx.HTTPError as lost:
        trouble = Unknown(f"{what}: the connection was lost ({type(lost).__name__})")
    raise trouble  # outside the handlers: the SDK's error quotes the answer's body and must not come along


def asked(what: str, send: Send) -> Mapping[str, Any]:
    """A call that changes nothing people see: losing its answer leaves nothing unknown."""
    try:
        return called(what, send)
    except Unknown as lost:
        seen = lost.seen
    raise NotSent(f"{seen}; to be tried again", code=UNREADABLE)
