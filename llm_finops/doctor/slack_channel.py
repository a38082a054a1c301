"""Slack: whose token it is, what it may do, and whether the channel can be read. Nothing is posted."""

import time
from collections.abc import Iterator

from llm_finops.config import Config
from llm_finops.doctor.check import Check, ok, problem, warning
from llm_finops.slack import Slack, SlackError

_SUBJECT = "slack"
_WRITE, _HISTORY, _FILES = "chat:write", {"channels:history", "groups:history"}, "files:write"


def examine_slack(config: Config) -> Iterator[Check]:
    """What a token is worth; without one, the message is printed."""
    table, environment = config.slack, config.environment
    token = environment.get(table.token_env, "").strip()
    channel = table.channel or environment.get(table.channel_env, "").strip()
    if not token:
        missing = f"{table.token_env} is not set: the morning's message is printed, not sent"
        wanted = (
            f", though a channel is named. Export a bot token with the scopes {_WRITE}, channels:history and {_FILES}."
        )
        yield warning(_SUBJECT, missing + wanted) if channel else ok(_SUBJECT, f"{missing}.")
        return
    if not channel:
        where = f"[slack] channel or the environment variable {table.channel_env}"
        yield problem(_SUBJECT, f"There is a token but no channel: set {where} to the channel's ID (C0123456789).")
        return
    try:
        slack = Slack(token, channel, table.base_url)
        yield from _asked(slack, channel, charts=table.chart)
    except SlackError as error:
        yield problem(_SUBJECT, f"{error}.")


def _asked(slack: Slack, channel: str, *, charts: bool) -> Iterator[Check]:
    who = slack.identity()
    said = f"The token speaks as {who.user} in {who.workspace}, to the channel {channel}."
    if who.scopes and _WRITE not in who.scopes:
        yield problem(_SUBJECT, f"{said} It lacks the scope {_WRITE}: add it to the app and install it again.")
        return
    if not who.scopes & _HISTORY:
        yield warning(
            _SUBJECT,
            f"{said} It lacks channels:history (groups:history in a private channel): a message whose fate is unknown "
            "after a broken line is then not posted again by itself.",
        )
        return
    if charts and who.scopes and _FILES not in who.scopes:
        yield warning(
            _SUBJECT,
            f"{said} It lacks the scope {_FILES}: the message goes out without the chart of 30 days in its thread. Add "
            "the scope to the app and install it again, or set [slack] chart = false.",
        )
    slack.find("doctor", str(int(time.time())))  # the channel is there and can be read, or this says what is wrong
    yield ok(_SUBJECT, f"{said} Its history can be read. Nothing was posted.")
