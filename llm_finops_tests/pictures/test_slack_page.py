"""The picture of a message shows what is in it, as Slack would."""

import re
from html import unescape

from llm_finops_tests.pictures.slack_page import slack_page

POST = {
    "blocks": [
        {"type": "header", "text": {"type": "plain_text", "text": "LLM costs <today>"}},
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "*$33.19*\nup &lt;1 %\n```\n$2.22  *ada*\n```\n`a*b*c`"},
        },
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "*Revenue*\n$111.63"}]},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "<https://finops.example.com/?a=1|Open it>"}]},
    ]
}


def test_it_shows_every_text_and_marks_what_slack_marks() -> None:
    page = slack_page(POST, "06:31", b"PNG")
    shown = unescape(re.sub(r"<style>.*?</style>|<[^>]+>", "", page))
    for text in (
        "LLM costs <today>",
        "$33.19\nup <1 %",
        "$2.22  *ada*",
        "a*b*c",
        "Revenue\n$111.63",
        "Open it",
        "06:31",
    ):
        assert text in shown
    assert "data:image/png;base64,UE5H" in page
    assert "<b>$33.19</b>" in page
    assert '<a href="https://finops.example.com/?a=1">Open it</a>' in page
    assert "<pre>$2.22  *ada*</pre>" in page
