"""Render the figures of a day as one message, inside Slack's limits by construction.

Names stand in code spans and blocks, where Slack formats nothing, after their figures, so that neither
their width nor their direction moves a number. Where a message would be too long its lists get shorter;
totals never do.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from llm_finops.core.digest.doubts import notes, trust
from llm_finops.core.digest.figures import CURRENCIES_MAX, CurrencyFigures, Figures, Part
from llm_finops.core.digest.invoices import invoice_lines
from llm_finops.core.digest.lines import earlier, fields, headline, only_revenue, sentence, unused
from llm_finops.core.digest.tables import Table, losses, owners, parts, render
from llm_finops.core.digest.words import UNKNOWN, count_text, day_text, escape, unescape

JSON_MAX = 12_000  # Slack refuses blocks at about 13,200 characters of JSON; the limit is not documented
TEXT_MAX = 3_000  # of a section's text
TOPS = (5, 3, 1, 0)  # how many names a list shows: the most that fit

_LINK = re.compile(r"<(https?://[^|<>]+)\|([^|<>]+)>")  # of ours: what comes from outside is escaped
_CODE = re.compile(r"(```.*?```|`[^`]*`)", re.DOTALL)

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """One message: the sentence shown in notifications, its blocks, and a hash of both as rendered."""

    text: str
    blocks: tuple[Block, ...]
    figures_hash: str


def digest(figures: Figures) -> Message:
    """The message of a day. Equal figures give equal bytes, in whatever order they came."""
    currencies = in_order(figures)
    text = sentence(figures, currencies)
    blocks: list[Block] = []
    for top in TOPS:
        blocks = _blocks(figures, currencies, top)
        if _fits(blocks):
            break
    return made_of(text, blocks)


def in_order(figures: Figures) -> list[CurrencyFigures]:
    """The currencies as the message tells them: those of cost first, the main one before the others."""
    return sorted(figures.currencies, key=lambda c: (not c.has_cost, c.currency != figures.main_currency, c.currency))


def made_of(text: str, blocks: Sequence[Block]) -> Message:
    """A message with its hash."""
    rendered = json.dumps([text, blocks], sort_keys=True, separators=(",", ":"))
    return Message(text, tuple(blocks), hashlib.sha256(rendered.encode()).hexdigest())


def plain(message: Message) -> str:
    """The same message as a terminal shows it."""
    pieces = []
    for block in message.blocks:
        if "fields" in block:
            pieces.append("\n".join(_bare(field["text"]).replace("\n", ": ", 1) for field in block["fields"]))
        else:
            pieces += [_bare(text["text"]) for text in block.get("elements") or [block["text"]]]
    return "\n\n".join(pieces) + "\n"


def _bare(text: str) -> str:
    """The text without mrkdwn's marks: stars and links only outside code, since a name may hold a star."""
    spans = _CODE.split(text)
    return unescape("".join(span.strip("`\n") if i % 2 else _unmarked(span) for i, span in enumerate(spans)))


def _unmarked(text: str) -> str:
    return _LINK.sub(r"\2: \1", text).replace("*", "")


def _fits(blocks: Sequence[Block]) -> bool:
    texts = [block["text"]["text"] for block in blocks if "text" in block]
    return len(json.dumps(blocks)) <= JSON_MAX and all(len(text) <= TEXT_MAX for text in texts)


def _blocks(figures: Figures, currencies: Sequence[CurrencyFigures], top: int) -> list[Block]:
    heading = f"LLM costs, {day_text(figures.day)} (UTC)"
    heading = f"PARTIAL · {heading}" if figures.state == "partial" else heading
    blocks: list[Block] = [{"type": "header", "text": {"type": "plain_text", "text": heading, "emoji": False}}]
    shown, others = currencies[:CURRENCIES_MAX], currencies[CURRENCIES_MAX:]
    blocks += _sums(figures, shown)
    if others:
        blocks.append(section(f"And {len(others)} more: {', '.join(money.currency for money in others[:20])}."))
    if weak := notes(figures, shown, top):
        blocks.append(section(weak))
    if invoices := invoice_lines(figures.invoices):
        blocks.append(section(invoices))
    for money in shown if not unused(figures) else ():
        code = f" · {money.currency}" if sum(money.has_cost for money in currencies) > 1 else ""
        is_known = money.has_cost and money.cost_nano is not None  # else every name would stand beside 0
        tables = _tables(money, code) if is_known else []
        blocks += [section(render(table, money.currency, top)) for table in tables]
    if before := earlier(figures):
        blocks.append(section(before))
    closing = [trust(figures, shown)]
    leads = {figures.dashboard: "Open this day on the dashboard", figures.dagster: "Its runs in Dagster"}
    if links := [f"<{escape(address)}|{words}>" for address, words in leads.items() if address]:
        closing.append(" · ".join(links))
    return [*blocks, *({"type": "context", "elements": [_mrkdwn(text)]} for text in closing)]


def _sums(figures: Figures, currencies: Sequence[CurrencyFigures]) -> list[Block]:
    """The day in each currency; on a day without anything, that it is so, and the month."""
    empty = unused(figures)
    blocks = [section("No usage: no cost and no requests on this day.")] if empty else []
    if not currencies:
        blocks.append(section(f"*The cost of this day is {UNKNOWN}*, no source covers it yet."))
    for money in currencies:
        if not money.has_cost:
            blocks.append(section(only_revenue(money)))
            continue
        blocks.append(section(headline(figures, money)))
        if not empty:
            blocks.append(_fields(fields(figures, money)))
    return blocks


def _mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def section(text: str) -> Block:
    """A block of mrkdwn, at most TEXT_MAX characters."""
    return {"type": "section", "text": _mrkdwn(text)}


def _fields(texts: Mapping[str, str]) -> Block:
    return {"type": "section", "fields": [_mrkdwn(f"*{name}*\n{text}") for name, text in texts.items()]}


def _tables(money: CurrencyFigures, code: str) -> list[Table]:
    trials = [Part(customer.name, customer.cost_nano) for customer in money.without_revenue]
    below = count_text(len(money.below_zero), "customer")
    several = money.providers if len(money.providers) > 1 else ()  # one is all of it, as the headline says
    tables = [
        losses(f"Below zero: {below}{code}", money.below_zero, money.currency),
        parts(f"Cost without revenue{code}", trials, None, money.currency),
        owners(f"Customers, by cogs{code}", money.customers, money.cogs_nano, money.currency),
        replace(owners(f"Features, by cogs{code}", money.features, money.cogs_nano, money.currency), what="feature"),
        parts(f"Providers{code}", several, money.cost_nano, money.currency),
        replace(parts(f"Models{code}", money.models, money.cost_nano, money.currency), what="model"),
    ]
    return [table for table in tables if table.rows]
