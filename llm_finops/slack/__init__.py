"""Slack: one visible message a day, whatever the network does.

`Slack` posts, finds, updates, answers and shows a picture, and says of every failure whether anything was sent;
`send_due` takes one call (a day's message, its edit, answer or chart) from due to sent by the ledger's journal.
"""

from llm_finops.slack.channel import Found, Identity, Posted, Slack
from llm_finops.slack.delivery import Due, Journal, Outcome, Step, next_step, send_due
from llm_finops.slack.errand import Letter, Shown
from llm_finops.slack.files import Drawn, Picture
from llm_finops.slack.outcomes import NotSent, SlackError, SlackSetupError, Unknown

__all__ = [
    "Drawn",
    "Due",
    "Found",
    "Identity",
    "Journal",
    "Letter",
    "NotSent",
    "Outcome",
    "Picture",
    "Posted",
    "Shown",
    "Slack",
    "SlackError",
    "SlackSetupError",
    "Step",
    "Unknown",
    "next_step",
    "send_due",
]
