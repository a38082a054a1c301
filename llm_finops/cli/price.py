"""`llm-finops price`: what a request costs, exactly, and by which price."""

import json
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from llm_finops.core.money import nano_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_finops.core.price import Quote
    from llm_finops.ledger.implied import LastImplied


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(price)


Tokens = Annotated[list[int] | None, typer.Option(min=0, metavar="N")]
_DIGITS_MAX = 30  # of a quantity: more than anybody ever used


def price(
    provider: Annotated[str, typer.Option(help="openai, anthropic, ...; capitals do not matter.")],
    model: Annotated[str, typer.Option(help="As the provider spells it.")],
    at: Annotated[
        str | None, typer.Option(help="Time of the request (ISO 8601, UTC unless it says); default now.")
    ] = None,
    tier: Annotated[str | None, typer.Option(help="standard (also default, auto), batch, flex, priority.")] = None,
    meter: Annotated[list[str] | None, typer.Option(help="NAME=N; repeat.")] = None,
    input_uncached: Tokens = None,
    cache_read: Tokens = None,
    cache_write: Tokens = None,
    cache_write_5m: Tokens = None,
    cache_write_1h: Tokens = None,
    output: Tokens = None,
    as_json: Annotated[bool, typer.Option("--json", help="Decimal strings, for scripts.")] = False,
) -> None:
    """Price meters exactly, unrounded. Exits with 1 for a model or tier the book does not know at that time."""
    from llm_finops.core.price import UnknownPrice, quote
    from llm_finops.pipeline.prices import configured_book, implied_beside
    from llm_finops.pipeline.visible import visible, visible_lines

    given = {
        "input_uncached": input_uncached,
        "input_cache_read": cache_read,
        "input_cache_write": cache_write,
        "input_cache_write_5m": cache_write_5m,
        "input_cache_write_1h": cache_write_1h,
        "output": output,
    }
    meters = _once([(name, quantity) for name, quantities in given.items() for quantity in quantities or ()], meter)
    book, aliases = configured_book(os.environ)
    try:
        name, of_tier = aliases.get(model, model), _tier(tier)
        made = quote(book, provider.strip().lower(), name, of_tier, _instant(at), meters)
    except UnknownPrice as error:
        sys.stderr.write(f"llm-finops: {visible(str(error))}\n")
        raise typer.Exit(1) from error
    implied = implied_beside(os.environ, name, of_tier, made)
    if as_json:
        sys.stdout.write(json.dumps({**made.as_json(), "implied": _told(implied)}) + "\n")
        return
    sys.stdout.write(visible_lines(_table(made, meters, implied)))


def _told(implied: "Mapping[str, LastImplied]") -> dict[str, dict[str, str]]:
    """For scripts: what the newest bill implied, by meter."""
    return {
        meter: {
            "day": of.day,
            "account": of.account,
            "currency": of.price.currency,
            "price_per_million": nano_text(of.price.implied_price_nano or 0),
            "state": of.price.state,
        }
        for meter, of in implied.items()
    }


def _table(made: "Quote", meters: dict[str, int], implied: "Mapping[str, LastImplied]") -> str:
    lines = []
    for name, amount in made.meters.items():
        found = made.prices[name]
        since = "always" if found.valid_from.startswith("0001") else f"from {found.valid_from[:10]}"
        until = "" if found.valid_until.startswith("9999") else f" until {found.valid_until[:10]}"
        per_million = f"{found.currency} a million, {since}{until}, {found.source}"
        lines.append(f"{name:<24} {meters[name]:>14,} {made.text(amount):>18}   {made.rate(found)} {per_million}\n")
        if of := implied.get(name):
            price = nano_text(of.price.implied_price_nano or 0)
            lines.append(f"{'':<24} {'':>14} {'':>18}   {price} by the bill of {of.day}: {of.price.state}\n")
    return "".join([*lines, f"{'total':<24} {'':>14} {made.text(made.total):>18} {made.currency}\n"])


def _once(given: list[tuple[str, int]], pairs: list[str] | None) -> dict[str, int]:
    """Every meter with its quantity; a meter that is said twice is refused, since one of the two would be lost."""
    found: dict[str, int] = {}
    for name, quantity in [*given, *map(_named, pairs or [])]:
        if name in found:
            raise typer.BadParameter(f"{name} is given twice, {found[name]} and {quantity}; give each meter once")
        found[name] = quantity
    if not found:
        raise typer.BadParameter("nothing to price: give --output N, --input-uncached N, ... or --meter NAME=N")
    return found


def _named(pair: str) -> tuple[str, int]:
    from llm_finops.core.meters import UNITS

    name, _, number = pair.partition("=")
    if name not in UNITS:
        raise typer.BadParameter(f"--meter {pair!r}: there is no meter {name!r}; there are {', '.join(UNITS)}")
    if not (number.isascii() and number.isdigit() and len(number) <= _DIGITS_MAX):
        raise typer.BadParameter(f"--meter {pair!r}: expected NAME=N with a whole number N")
    return name, int(number)


def _tier(text: str | None) -> str:
    """Providers call the standard tier `default` or `auto`, or do not name it."""
    from llm_finops.core.records import STANDARD

    tier = (text or "").strip().lower()
    return STANDARD if tier in {"", "default", "auto"} else tier


def _instant(text: str | None) -> str:
    at = datetime.now(UTC)
    if text:
        try:
            at = datetime.fromisoformat(text)
            at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise typer.BadParameter(
                f"--at {text!r}: expected a time such as 2026-11-01 or 2026-11-01T12:00:00Z"
            ) from error
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
