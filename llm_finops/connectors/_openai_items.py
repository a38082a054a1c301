"""OpenAI's line items, words for people to read ("gpt-4o, cached input, batch"): the model, the tier, and the meter.

Read from the right, since names of models may hold commas. What is not understood is `other`, and not guessed at.
"""

import re
from typing import NamedTuple

from llm_finops.core import meters
from llm_finops.core.records import ANY

# What stands after the model, in the spellings seen (`_` as a space). `input` and `output` stand for their families:
# what is charged so is everything that no other line of the model names.
_LABELS = {
    "input": "input, input tokens, text input",
    "input_cache_read": "cached input, input cached, cached input tokens, input cached tokens, cached text input,"
    " cached audio input, cached image input",
    "input_cache_write": "cache write, cache writes, input cache write, input cache write tokens",
    "input_cache_write_30m": "cache write 30m, input cache write 30m, input cache write 30m tokens",
    "input_cache_write_12h": "cache write 12h, input cache write 12h, input cache write 12h tokens",
    "input_audio": "audio input, input audio, input audio tokens",
    "input_image": "image input, input image, input image tokens",
    "output": "output, output tokens, text output",
    "output_audio": "audio output, output audio, output audio tokens",
    "output_image": "image output, output image, output image tokens",
    "web_search": "web search, web search tool calls",
    "file_search": "file search, file search tool calls",
}
_METERS = {label: meter for meter, labels in _LABELS.items() for label in labels.split(", ")}
_TIERS = ("batch", "flex", "priority")  # as usage names them
_TIER_AFTER = re.compile(rf"(.*\S)\s+(?P<p>\()?({'|'.join(_TIERS)})(?(p)\))", re.IGNORECASE | re.DOTALL)

# What is a model even where nothing after it is understood: OpenAI's families, and fine-tuned models, whose name has
# five parts.
_MODEL = re.compile(
    r"(?:(?:chat)?gpt|text-embedding|(?:text|omni)-moderation|dall-e|whisper|tts|sora|codex|computer-use|davinci|babbage)"
    r"-[\w.-]+|o[1-9](?:-[\w.-]+)?|ft:[\w.-]+:[^\s:,]*:[^\s:,]*:[\w.-]+"
)


class LineItem(NamedTuple):
    """What a line item names: `(any)` where it does not; `other` for a meter that its words do not tell."""

    model: str
    service_tier: str
    meter: str


def read_line_item(item: str) -> LineItem:
    """The model, the tier, and the meter or family that a line item names.

    >>> read_line_item("gpt-4o-2024-08-06, Input (Batch)")
    LineItem(model='gpt-4o-2024-08-06', service_tier='batch', meter='input')
    """
    head, labels, tiers = _apart(item)
    known = len(labels) <= 1 and len(tiers) <= 1
    # A name with a comma in it is a fine-tuned model's, whose owner chose it.
    named = bool(labels) and ("," not in head or head.startswith("ft:"))
    if known and (named or _MODEL.fullmatch(head)):
        return LineItem(head or ANY, next(iter(tiers), ANY), next(iter(labels), ANY))
    first, _ = _without_tier(item.partition(",")[0])
    return LineItem(first if _MODEL.fullmatch(first) else ANY, ANY, meters.OTHER)


def _apart(item: str) -> tuple[str, list[str], set[str]]:
    """What is left of an item when meters and tiers are taken off its end, and those."""
    head, labels, tiers = item.strip(), [], set()
    while head:
        rest, _, part = head.rpartition(",")
        label, tier = _part(part)
        meter = _METERS.get(label)
        if label and not meter:
            break
        head = rest.strip()
        labels += [meter] if meter else []
        tiers |= {tier} if tier else set()
    model, tier = _without_tier(head)
    if tier and (head.endswith(")") or _MODEL.fullmatch(model)):
        return model, labels, {*tiers, tier}
    return head, labels, tiers


def _part(text: str) -> tuple[str, str]:
    """What stands between two commas: a label, as the table spells it, and a tier, either of them may be missing."""
    words = " ".join(text.lower().replace("_", " ").split())
    return ("", words) if words in _TIERS else _without_tier(words)


def _without_tier(text: str) -> tuple[str, str]:
    """A text without the tier that ends it, in brackets or not, and the tier; "" where there is none."""
    match = _TIER_AFTER.fullmatch(text.strip())
    return (match[1], match[3].lower()) if match else (text.strip(), "")
