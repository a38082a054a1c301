"""`llm-finops doctor`: every configured source, tested with a real read of a day; books nothing."""

import json
import os
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from llm_finops.doctor import Check, Proposal

_WIDTH, _INDENT = 110, " " * 9
_COLORS = {"ok": "green", "warning": "yellow", "problem": "red"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(
    day: Annotated[
        datetime | None, typer.Option("--day", formats=["%Y-%m-%d"], help="The UTC day to read; default yesterday.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the checks as JSON.")] = False,
) -> None:
    """Test every source of finops.toml with a read of one day. Books nothing, posts nothing, shows no key.

    Exits with 1 where there is a problem; a warning is none.
    """
    from llm_finops.doctor import PROBLEM, WARNING, examine, proposals

    checks = []
    with _quiet_retries():
        for check in examine(os.environ, day.date() if day else None):
            checks.append(check)
            if not as_json:
                _show(check)
    general, mappings = proposals(os.environ)
    problems = sum(check.state == PROBLEM for check in checks)
    warnings = sum(check.state == WARNING for check in checks)
    if as_json:
        mapped = [{**of._asdict(), "mapping": of.mapping._asdict()} for of in mappings]
        told = {"green": not problems, "checks": [check._asdict() for check in checks], "next_mapping": mapped}
        sys.stdout.write(json.dumps(told) + "\n")
    elif problems:
        sys.stdout.write(f"\n{problems} problem{'s' if problems > 1 else ''}, {warnings} to look at.\n")
    else:
        sys.stdout.write(
            f"\nGreen, {warnings} to look at. Next: llm-finops backfill --days 90, then llm-finops summary\n"
        )
    if not as_json:
        _show_mappings(general, mappings)
    if problems:
        raise typer.Exit(1)


@contextmanager
def _quiet_retries() -> Iterator[None]:
    """Retries are written to stdout otherwise, in the middle of what is said here."""
    from stamina.instrumentation import get_on_retry_hooks, set_on_retry_hooks

    hooks = get_on_retry_hooks()
    set_on_retry_hooks([])
    try:
        yield
    finally:
        set_on_retry_hooks(hooks)


def _show_mappings(general: str, mappings: "list[Proposal]") -> None:
    """What would take most out of (unallocated), with the rule as it is to be pasted."""
    sys.stdout.write(f"\nNext mapping: {general}\n")
    for proposal in mappings:
        _write(proposal.said + (". To paste at the end of finops.toml:" if proposal.toml else "."))
        if proposal.toml:
            sys.stdout.write("\n" + textwrap.indent(proposal.toml, _INDENT) + "\n")


def _show(check: "Check") -> None:
    """The state, the table, and the paragraph below; each as soon as it is known."""
    typer.secho(f"{check.state:<8} {check.subject}", fg=_COLORS[check.state] if sys.stdout.isatty() else None)
    _write(check.said)
    sys.stdout.flush()


def _write(text: str) -> None:
    """A paragraph, indented. Addresses and paths are there to be copied: they are never broken."""
    for paragraph in text.replace(" %", "\N{NO-BREAK SPACE}%").splitlines():
        filled = textwrap.fill(
            paragraph,
            _WIDTH,
            initial_indent=_INDENT,
            subsequent_indent=_INDENT,
            break_long_words=False,
            break_on_hyphens=False,
        )
        sys.stdout.write(filled.replace("\N{NO-BREAK SPACE}", " ") + "\n")
