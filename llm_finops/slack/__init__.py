"""Slack: one visible message a day, whatever the network does.

`Slack` posts, finds, updates and replies, and says of every failure whether anything was sent; `send_due`
takes one day's message from due to sent by the ledger's journal.
"""

from llm_finops.slack.channel import Identity, Posted, Slack
from llm_finops.slack.delivery import Due, Journal, Outcome, Step, next_step, send_due
from llm_finops.slack.outcomes import NotSent, SlackError, SlackSetupError, Unknown

__all__ = [
    "Due",
    "Identity",
    "Journal",
    "NotSent",
    "Outcome",
    "Posted",
    "Slack",
    "SlackError",
    "SlackSetupError",
    "Step",
    "Unknown",
    "next_step",
    "send_due",
]
