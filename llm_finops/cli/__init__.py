"""llm-finops: the command line. Dagster and the verbs are imported inside the commands that need them."""

import os
import sys
from typing import Annotated

import typer

from llm_finops.cli import (
    backfill,
    dashboard,
    demo,
    dev,
    doctor,
    explain,
    fingerprint,
    init,
    loads,
    move,
    price,
    replay,
    summary,
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Exact margins for every AI feature and customer. Reads ./finops.toml, or the file in LLM_FINOPS_CONFIG.",
)


def _version(asked: bool) -> None:
    from importlib.metadata import version

    if asked:
        sys.stdout.write(f"llm-finops {version('llm-finops')}\n")
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)] = False,
) -> None:
    pass


for command in (
    init,
    doctor,
    backfill,
    summary,
    price,
    explain,
    fingerprint,
    loads,
    replay,
    move,
    demo,
    dev,
    dashboard,
):
    command.register(app)


def main() -> None:
    """Run, and say what went wrong in one paragraph instead of a traceback."""
    from llm_finops.cli.errors import said
    from llm_finops.pipeline.visible import visible_lines

    try:
        app()
    except said() as error:
        if os.environ.get("LLM_FINOPS_TRACEBACK"):
            raise
        typer.secho(
            f"llm-finops: {visible_lines(str(error))}",
            err=True,
            fg="red" if sys.stderr.isatty() else None,
        )
        sys.exit(1)
