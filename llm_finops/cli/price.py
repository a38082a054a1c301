"""`llm-finops price`: what a request costs, exactly, and by which price."""

import json
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from llm_finops.core.price import Quote


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(price)


Tokens = Annotated[int | None, typer.Option(min=0)]


def price(
    provider: Annotated[str, typer.Option(help="openai, anthropic, ...")],
    model: Annotated[str, typer.Option(help="As the provider spells it.")],
    at: Annotated[
        str | None, typer.Option(help="Time of the request (ISO 8601, UTC unless it says); default now.")
    ] = None,
    tier: Annotated[str | None, typer.Option(help="standard, batch, flex, priority.")] = None,
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
    from llm_finops.pipeline.prices import configured_book

    given = {
        "input_uncached": input_uncached,
        "input_cache_read": cache_read,
        "input_cache_write": cache_write,
        "input_cache_write_5m": cache_write_5m,
        "input_cache_write_1h": cache_write_1h,
        "output": output,
    }
    meters = {name: quantity for name, quantity in given.items() if quantity is not None}
    meters |= _named(meter or [])
    book, aliases = configured_book(os.environ)
    try:
        made = quote(book, provider, aliases.get(model, model), tier or "standard", _instant(at), meters)
    except UnknownPrice as error:
        sys.stderr.write(f"llm-finops: {error}\n")
        raise typer.Exit(1) from error
    sys.stdout.write(json.dumps(made.as_json()) + "\n" if as_json else _table(made, meters))


def _table(made: "Quote", meters: dict[str, int]) -> str:
    lines = []
    for name, amount in made.meters.items():
        found = made.prices[name]
        since = "always" if found.valid_from.startswith("0001") else f"from {found.valid_from[:10]}"
        until = "" if found.valid_until.startswith("9999") else f" until {found.valid_until[:10]}"
        per_million = f"{found.currency} a million, {since}{until}, {found.source}"
        lines.append(f"{name:<24} {meters[name]:>14,} {made.text(amount):>18}   {made.rate(found)} {per_million}\n")
    return "".join([*lines, f"{'total':<24} {'':>14} {made.text(made.total):>18} {made.currency}\n"])


def _named(pairs: list[str]) -> dict[str, int]:
    from llm_finops.core.meters import UNITS

    found = {}
    for pair in pairs:
        name, _, number = pair.partition("=")
        if name not in UNITS:
            raise typer.BadParameter(f"--meter {pair!r}: there is no meter {name!r}; there are {', '.join(UNITS)}")
        if not (number.isascii() and number.isdigit()):
            raise typer.BadParameter(f"--meter {pair!r}: expected NAME=N with a whole number N")
        found[name] = int(number)
    return found


def _instant(text: str | None) -> str:
    at = datetime.now(UTC)
    if text:
        try:
            at = datetime.fromisoformat(text)
        except ValueError as error:
            raise typer.BadParameter(
                f"--at {text!r}: expected a time such as 2026-11-01 or 2026-11-01T12:00:00Z"
            ) from error
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
