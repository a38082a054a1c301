"""The body of an answer: bounded bytes, then strict JSON; or why it is neither, in words that hold no secret."""

import json
import re
import zlib
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, NoReturn

from llm_finops.connectors.contract import NotWhole

BYTES_MAX = 64 * 2**20
_STEP_BYTES = 2**20
_SHOWN = 200
_DIGITS_MAX = 60
_TAG = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)


class Cut(Exception):
    """The bytes ended before the answer did."""


def inflate(chunks: Iterable[bytes], encoding: str, *, bytes_max: int = BYTES_MAX) -> bytes:
    """The body as it was meant, of at most `bytes_max`; compressed bytes are never inflated beyond that.

    NotWhole for a body that is longer, or not in the encoding it names; Cut where gzip ends in the middle.
    """
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return _joined(chunks, bytes_max)
    if name not in {"gzip", "x-gzip"}:
        raise NotWhole(f"expected plain or gzip bytes, saw Content-Encoding {encoding[:40]!r}")
    return _joined(_inflated(chunks), bytes_max)


def _joined(chunks: Iterable[bytes], bytes_max: int) -> bytes:
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > bytes_max:
            raise NotWhole(f"the answer is over {bytes_max / 2**20:g} MB; no page of a report is that long")
    return bytes(body)


def _inflated(chunks: Iterable[bytes]) -> Iterator[bytes]:
    gzip = zlib.decompressobj(wbits=31)
    try:
        for chunk in chunks:
            left = chunk
            while left:  # a step at a time: a few bytes can stand for gigabytes
                yield gzip.decompress(left, _STEP_BYTES)
                left = gzip.unconsumed_tail
    except zlib.error as error:
        raise NotWhole(f"expected gzip, as Content-Encoding says, saw other bytes ({error})") from None
    if not gzip.eof:
        raise Cut
    if gzip.unused_data:
        raise NotWhole("expected one gzip stream, saw more bytes after its end")


def read_object(body: bytes, content_type: str) -> dict[str, Any]:
    """The JSON object of a body, numbers exact (int or Decimal). NotWhole for anything else.

    Stricter than the standard library: NaN, infinities, duplicate names, bytes that are not UTF-8 and integers of
    more than 60 digits are refused, and nesting without end is an error, not a crash.
    """
    if not body.strip():
        raise NotWhole("the answer is empty; an empty body is not an empty day")
    try:
        value = json.loads(
            body.decode("utf-8"),
            parse_float=Decimal,
            parse_int=_integer,
            parse_constant=_refuse,
            object_pairs_hook=_unique,
        )
    except (ValueError, ArithmeticError, RecursionError) as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else str(error)[:_SHOWN]
        what = content_type.partition(";")[0].strip()[:60] or "no content type"
        raise NotWhole(f"expected JSON, got {what} ({why}): {shown(body)!r}") from None
    if not isinstance(value, dict):
        raise NotWhole(f"expected a JSON object, saw {shown(body)!r}")
    return value


def complaint(body: bytes) -> tuple[str, str, str]:
    """What an error answer says: (message for people, its code, the parameter it is about); empty where it does not."""
    try:
        error = read_object(body, "").get("error")
    except NotWhole:
        return shown(body), "", ""
    if not isinstance(error, dict):
        return shown(body), "", ""
    code, param = error.get("code") or error.get("type") or "", error.get("param") or ""
    return " ".join(str(error.get("message") or "").split()), str(code), str(param)


def shown(body: bytes) -> str:
    """The beginning of a body as one line of text, tags stripped."""
    text = _TAG.sub(" ", body[: 8 * 1024].decode("utf-8", "replace"))
    return " ".join(text.split())[:_SHOWN]


def _integer(text: str) -> int:
    if len(text) > _DIGITS_MAX:
        raise ValueError(f"an integer of {len(text)} digits")
    return int(text)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the name {name[:40]!r} twice in one object")
        found[name] = value
    return found
