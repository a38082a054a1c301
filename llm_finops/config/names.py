"""The names and values that finops.toml may give, as types: each says what is allowed instead."""

import re
from datetime import date, time
from decimal import Decimal
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator

from llm_finops.connectors.contract import safe_url
from llm_finops.core.digest import Threshold
from llm_finops.core.money import currency_code
from llm_finops.core.records import ALL, ANY, NONE, UNALLOCATED

_RESERVED = (UNALLOCATED, NONE, ALL, ANY)  # what stands in the ledger where there is no name
_SOURCE = re.compile(r"[^\W_][\w.-]*")  # becomes part of file names, asset names and messages
SOURCE_NAMES = "letters, digits, '-', '_' and '.', beginning with a letter or a digit"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_RESTATE_MIN = re.compile(r"(\d{1,3}(?:\.\d{1,4})?) ?% and (\d{1,9}(?:\.\d{1,9})?)", re.ASCII)
_PAGE_MAX = 300
_PAGE = re.compile(rf"(?=.{{1,{_PAGE_MAX}}}$)https?://[\w.~:/@%\[\]-]+", re.ASCII)  # nothing that Slack would parse
_YEAR_MAX = 2200


def is_source_name(name: str) -> bool:
    """Whether an account or a source may be called so."""
    return _SOURCE.fullmatch(name) is not None


def _named(text: str) -> str:
    if not text.strip() or text.strip() in _RESERVED:
        raise ValueError(f"expected a name; it may be neither empty nor one of {', '.join(_RESERVED)}, which mean none")
    return text


def _variable(text: str) -> str:
    if not _VARIABLE.fullmatch(text) or text.lower().startswith("xox"):
        raise ValueError("expected the name of an environment variable, such as SLACK_BOT_TOKEN; never the key itself")
    return text


def _day(value: Any) -> Any:
    if isinstance(value, int | float):  # which pydantic would read as seconds since 1970
        raise ValueError("write the day as a date: 2026-11-01")  # noqa: TRY004  pydantic collects ValueError
    return value


def _start(day: date) -> date:
    if day.year > _YEAR_MAX:
        raise ValueError(f"expected a day up to the year {_YEAR_MAX}")
    return day


def _clock_time(value: Any) -> time:
    if isinstance(value, str) and _CLOCK.fullmatch(value):
        return time.fromisoformat(value)
    if isinstance(value, time) and value == time(value.hour, value.minute):
        return value
    raise ValueError('write the time as text, such as "06:30": hours and minutes in UTC')


def _restate_min(value: Any) -> Threshold:
    parts = _RESTATE_MIN.fullmatch(value) if isinstance(value, str) else None
    if parts is None:
        raise ValueError(
            'expected a percentage and an amount, both of which a change must reach: "0.5% and 1.00", with at most 4 '
            "and 9 decimals"
        )
    percent, amount = (Decimal(part) for part in parts.groups())
    return Threshold(int(percent.scaleb(4)), int(amount.scaleb(9)))


def _page_url(url: str) -> str:
    """An address that people open: nothing is sent to it, so plain http is no fault; it goes into messages as it is."""
    parts = urlsplit(url)
    if not _PAGE.fullmatch(url) or not parts.hostname or "@" in parts.netloc:
        raise ValueError(
            "expected the address of the dashboard, such as https://finops.example.com: http or https, without user, "
            f"query or fragment, at most {_PAGE_MAX} characters"
        )
    return url.rstrip("/")


def _shares(value: Any) -> str | dict[str, int]:
    if isinstance(value, str) and value in {"usage", "even"}:
        return value
    if not isinstance(value, dict):
        raise ValueError('expected "usage", "even", or a table of whole shares by customer: { ada = 2, bob = 1 }')  # noqa: TRY004
    for name, share in value.items():
        _named(name)
        if isinstance(share, bool) or not isinstance(share, int) or share < 0:
            raise ValueError(f"the share of {name!r}: expected a whole number of 0 or more")
    return value


Named = Annotated[str, AfterValidator(_named)]
Variable = Annotated[str, AfterValidator(_variable)]
Currency = Annotated[str, AfterValidator(currency_code)]
Day = Annotated[date, BeforeValidator(_day)]
StartDay = Annotated[Day, AfterValidator(_start)]
ClockTime = Annotated[time, PlainValidator(_clock_time)]
RestateMin = Annotated[Threshold, PlainValidator(_restate_min)]
PageUrl = Annotated[str, AfterValidator(_page_url)]
SafeUrl = Annotated[str, AfterValidator(safe_url)]
Shares = Annotated[str | dict[str, int], PlainValidator(_shares)]
Whole = Annotated[int, Field(strict=True)]
