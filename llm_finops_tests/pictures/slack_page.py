"""A message's blocks as a page that looks like Slack: the parts of Block Kit and mrkdwn that the messages use."""

import re
from base64 import b64encode
from collections.abc import Mapping
from html import escape
from typing import Any

_STYLE = """
body { margin: 0; padding: 18px 22px; width: 656px; background: #fff; color: #1d1c1d; font: 15px/1.46 sans-serif; }
.post { display: grid; grid-template-columns: 40px 1fr; gap: 10px; }
.app { width: 36px; height: 36px; border-radius: 6px; background: #0b5fff; color: #fff; }
.app { font: bold 17px/36px sans-serif; text-align: center; }
.who b { margin-right: 6px; } .who span { color: #616061; font-size: 12px; }
.who .bot { background: #ddd; padding: 1px 3px; border-radius: 3px; font-size: 10px; margin-right: 6px; }
h1 { font-size: 18px; margin: 6px 0 8px; } p { margin: 6px 0; white-space: pre-wrap; }
.fields { display: grid; grid-template-columns: 1fr 1fr; gap: 8px 16px; margin: 8px 0; } .fields p { margin: 0; }
.context { color: #616061; font-size: 13px; } a { color: #1264a3; text-decoration: none; }
code, pre { background: #f8f8f8; border: 1px solid #ddd; border-radius: 3px; font: 12px/1.5 monospace; }
img { width: 420px; margin-top: 4px; border: 1px solid #ddd; border-radius: 8px; }
.reply { margin: 10px 0 10px 50px; color: #616061; font-size: 13px; border-bottom: 1px solid #ddd; }
code { color: #c01343; padding: 1px 3px; } pre { padding: 8px; margin: 4px 0; overflow: hidden; }
"""
_LINK = re.compile(r"<(https?://[^|>]+)\|([^>]+)>")
_CODE = re.compile(r"(```.*?```|`[^`]*`)", re.DOTALL)
_BOLD = re.compile(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])")


def slack_page(post: Mapping[str, Any], at: str, picture: bytes | None = None) -> str:
    """One HTML page: the body of a chat.postMessage, the time that Slack shows, and a PNG that stands in its thread."""
    shown = _said("".join(map(_block, post["blocks"])), at)
    if picture:
        drawn = f'<img src="data:image/png;base64,{b64encode(picture).decode()}">'
        shown += f'<p class="reply">1 reply</p>{_said(drawn, at)}'
    return f'<!doctype html><meta charset="utf-8"><style>{_STYLE}</style><main>{shown}</main>'


def _said(content: str, at: str) -> str:
    who = f'<div class="who"><b>llm_finops</b><span class="bot">APP</span><span>{escape(at)}</span></div>'
    return f'<div class="post"><div class="app">f</div><div>{who}{content}</div></div>'


def _block(block: Mapping[str, Any]) -> str:
    if block["type"] == "header":
        return f"<h1>{escape(block['text']['text'])}</h1>"
    if "fields" in block:
        texts = [_html(of["text"]) for of in block["fields"]]
        return f'<div class="fields">{"".join(f"<p>{text}</p>" for text in texts)}</div>'
    if block["type"] == "context":
        texts = [_html(of["text"]) for of in block["elements"]]
        return "".join(f'<p class="context">{text}</p>' for text in texts)
    return f"<p>{_html(block['text']['text'])}</p>"


def _html(mrkdwn: str) -> str:
    """Slack's own escapes (of &, < and >) are HTML's."""
    spans = _CODE.split(mrkdwn)
    return "".join(_code(span) if i % 2 else _text(span) for i, span in enumerate(spans))


def _code(span: str) -> str:
    if span.startswith("```"):
        return f"<pre>{span.strip('`').strip(chr(10))}</pre>"
    return f"<code>{span.strip('`')}</code>"


def _text(span: str) -> str:
    return _BOLD.sub(r"<b>\1</b>", _LINK.sub(r'<a href="\1">\2</a>', span))
