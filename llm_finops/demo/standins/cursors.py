"""Opaque cursors, with the characters that must survive a URL in every one of them: `=`, `+` and `/`."""

import base64
import json
from typing import Any

_PREFIX = "page_"
_MARK = b"\xfb\xef\xff\xfb"  # `++//` once encoded, whatever follows


def written(state: list[Any]) -> str:
    """A cursor that stands for a state."""
    text = json.dumps(state, separators=(",", ":")).encode()
    padded = text + b" " * (-(len(_MARK) + len(text) - 1) % 3)
    return _PREFIX + base64.b64encode(_MARK + padded).decode()


def read(cursor: str) -> list[Any]:
    """The state a cursor stands for. ValueError if it is none of ours."""
    try:
        raw = base64.b64decode(cursor.removeprefix(_PREFIX), validate=True)
        if not cursor.startswith(_PREFIX) or not raw.startswith(_MARK):
            raise ValueError("another beginning")  # noqa: TRY301  one way to fail, whatever is wrong
        return list(json.loads(raw.removeprefix(_MARK)))
    except (ValueError, TypeError) as error:
        raise ValueError(f"not a cursor of ours: {cursor!r} ({error})") from error
