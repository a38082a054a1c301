"""`llm-finops move`: the ledger, with all its history, to another database."""

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from llm_finops.ledger import Moved


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(move)


def move(
    to: Annotated[
        str, typer.Option("--to", help="sqlite:///PATH, or postgresql://USER@HOST/DATABASE without a password.")
    ] = "",
    to_env: Annotated[str, typer.Option("--to-env", help="The environment variable that holds such a URL.")] = "",
) -> None:
    """Copy the ledger, every version and journal of it, to an empty database, and compare both.

    The ledger of now is only read and stays. Exits with 1 where both are not the same; the target is then empty.
    """
    from llm_finops.cli.progress import Steps
    from llm_finops.cli.stopping import stopping
    from llm_finops.config import load
    from llm_finops.ledger import move as move_ledger
    from llm_finops.ledger import shown_url

    config = load(os.environ)
    target = _target(to, to_env)
    with stopping(), Steps() as steps:
        moved = move_ledger(config.database_url, target, steps)
    if not _told(moved, shown_url(config.database_url), shown_url(target)):
        raise typer.Exit(1)
    named = f'"${to_env}"' if to_env else f"'{to}'"
    sys.stdout.write(f"From now on: export LLM_FINOPS_DATABASE_URL={named}\n")


def _target(to: str, to_env: str) -> str:
    """The URL; a password on the command line is seen by everybody on the machine, so it is refused there."""
    from llm_finops.ledger import parsed_url

    if bool(to) == bool(to_env):
        raise typer.BadParameter("give --to URL or --to-env VARIABLE")
    if to_env:
        if url := os.environ.get(to_env, "").strip():
            return url
        raise typer.BadParameter(f"the environment variable {to_env} is not set; put the URL there")
    parsed = parsed_url(to)
    if parsed.password is not None or "password" in parsed.query:
        raise typer.BadParameter(
            "--to holds a password, which everybody on this machine can see in the list of processes: "
            "put the URL into an environment variable and name that with --to-env"
        )
    return to


def _told(moved: "Moved", source: str, target: str) -> bool:
    """Say what both hold; whether it is the same."""
    here, there = moved.source, moved.target
    say = sys.stdout.write
    say(f"from  {source}\nto    {target}\n")
    say(f"{len(here.rows)} tables, rows: {sum(here.rows.values())} and {sum(there.rows.values())}\n")
    *past, now = here.fingerprints
    for seq in past:
        say(f"as of commit {seq}: {here.fingerprints[seq]}\n{' ' * len(f'as of commit {seq}')}  ")
        say(f"{there.fingerprints[seq]}\n")
    say(f"fingerprint  {here.fingerprints[now]}\n             {there.fingerprints[now]}\n")
    for what in moved.differing:
        sys.stderr.write(f"{what} differs; nothing was kept at the target\n")
    return not moved.differing
