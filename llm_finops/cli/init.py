"""`llm-finops init`: a commented finops.toml, and the files that make a request log, from flags or by asking."""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from llm_finops.recipes import Account, Log

_DAYS = 90
_KINDS = "litellm|litellm-table|sdk|otel|sql|csv|parquet|jsonl|none"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(init)


def init(
    providers: Annotated[
        list[str] | None,
        typer.Option("--provider", help="PROVIDER, or PROVIDER:NAME for one organization of several; may be repeated."),
    ] = None,
    log: Annotated[str | None, typer.Option("--log", help="Path or glob of the request log's files.")] = None,
    log_kind: Annotated[str | None, typer.Option("--log-kind", help=f"{_KINDS}: how you have a request log.")] = None,
    revenue: Annotated[str | None, typer.Option("--revenue", help="Path or glob of CSV files of revenue.")] = None,
    start: Annotated[
        datetime | None, typer.Option("--start", formats=["%Y-%m-%d"], help="First day; default 90 days ago.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write although there is one; the old one is kept.")] = False,
) -> None:
    """Write finops.toml and a recipe for the request log here. Asks, unless flags say it; no key is ever asked for."""
    from llm_finops.recipes import Asked, configuration

    file = Path(os.environ.get("LLM_FINOPS_CONFIG") or "finops.toml").expanduser().absolute()
    if file.exists() and not force:
        raise typer.BadParameter(f"{file.name} is there already; --force writes a new one and keeps it beside")
    if not (providers or log or log_kind or revenue):
        providers, log_kind, log, revenue = _answers()
    accounts = _accounts(providers or [])
    told = _log(file.parent, log_kind, log)
    day = start.date() if start else datetime.now(UTC).date() - timedelta(days=_DAYS)
    asked = Asked(day, accounts, told, revenue or "", _revenue_columns(file.parent, revenue))
    _write(file, configuration(asked))
    _say_next(file, accounts, _write_recipe(file.parent, told.kind if told else "none"))


def _answers() -> tuple[list[str], str, str | None, str | None]:
    """What the flags would have said, asked at the terminal."""
    from llm_finops.recipes import KINDS

    known = sorted(_known())
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise typer.BadParameter(
            f"nobody to ask here: say --provider {known[0]} --log-kind sdk, for example; there are connectors for "
            f"{', '.join(known)}, and logs of kind {_KINDS}"
        )
    providers = [name for name in known if typer.confirm(f"Do you pay {name}?", default=True)]
    for kind, recipe in KINDS.items():
        typer.echo(f"  {kind:<14} {recipe.about}")
    kind = typer.prompt("How do you know which customer a request was for?", default="none")
    path = (
        typer.prompt("Where are the log's files?", default=KINDS[kind].paths) if kind in set(KINDS) - {"none"} else None
    )
    revenue = typer.prompt("A CSV of what customers pay (empty: later)", default="", show_default=False)
    return providers, kind, path, revenue or None


def _known() -> dict[str, str]:
    """{connector: the variable its key is read from}."""
    from llm_finops import connectors
    from llm_finops.connectors.contract import discover

    return {name: module.Options().admin_key_env for name, module in discover(connectors).items()}


def _accounts(given: list[str]) -> "tuple[Account, ...]":
    from llm_finops import connectors
    from llm_finops.connectors.contract import about, discover
    from llm_finops.recipes import Account

    known, modules = _known(), discover(connectors)
    accounts = []
    for text in given:
        connector, _, name = text.partition(":")
        if connector not in known:
            raise typer.BadParameter(f"--provider {connector}: there are connectors for {', '.join(sorted(known))}")
        own = "".join(c if c.isascii() and c.isalnum() else "_" for c in name).upper().lstrip("_0123456789")
        variable = f"{own}_ADMIN_KEY" if own and name != connector else known[connector]
        accounts.append(Account(name or connector, connector, variable, about(modules[connector]).key_kind))
    if twice := sorted({a.name for a in accounts if [b.name for b in accounts].count(a.name) > 1}):
        raise typer.BadParameter(f"--provider: two are called {twice[0]!r}; name them apart, such as openai:openai-eu")
    return tuple(accounts)


def _log(root: Path, kind: str | None, path: str | None) -> "Log | None":
    """The log as told; of files that are there, their columns are looked up in the first."""
    from llm_finops.config.config import expand
    from llm_finops.recipes import KINDS, Log, guessed, header
    from llm_finops.recipes.guess import LOG

    kind = kind or (_kind_of(path) if path else "none")
    if kind not in KINDS:
        raise typer.BadParameter(f"--log-kind {kind}: expected one of {_KINDS}")
    if kind == "none":
        return None
    recipe = KINDS[kind]
    paths = path or recipe.paths
    if recipe.columns:
        return Log(kind, paths, recipe.columns)
    files = expand(root, [paths])
    try:
        seen = tuple(header(files[-1])) if files else ()
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"--log {paths}: {files[-1]} cannot be read as {kind}: {error}") from error
    return Log(kind, paths, guessed(seen, LOG), seen)


def _kind_of(path: str) -> str:
    name = path.lower().removesuffix(".gz")
    kinds = {".parquet": "parquet", ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
    found = next((kind for suffix, kind in kinds.items() if name.endswith(suffix)), None)
    if found is None:
        raise typer.BadParameter(f"--log {path}: cannot tell the format; say --log-kind {_KINDS}")
    return found


def _revenue_columns(root: Path, path: str | None) -> dict[str, str]:
    from llm_finops.config.config import expand
    from llm_finops.recipes import guessed, header
    from llm_finops.recipes.guess import REVENUE

    files = expand(root, [path]) if path else []
    try:
        found = guessed(header(files[-1]), REVENUE) if files else {}
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"--revenue {path}: {files[-1]} cannot be read: {error}") from error
    return {ours: theirs for ours, theirs in found.items() if ours != theirs}


def _write(file: Path, text: str) -> None:
    """Write the file whole, once it is known to be valid; an older one is kept under another name."""
    from llm_finops.config import ConfigError, load

    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.new")
    fresh.write_text(text, encoding="utf-8")
    try:
        load({"LLM_FINOPS_CONFIG": str(fresh)})
    except ConfigError as error:
        fresh.unlink()
        raise typer.BadParameter(str(error).replace(str(fresh), file.name)) from error
    if file.exists():
        kept = next(p for n in range(1, 1000) if not (p := file.with_name(f"{file.name}.old-{n}")).exists())
        file.rename(kept)
        typer.echo(f"kept     {kept}")
    fresh.rename(file)
    typer.echo(f"written  {file}")


def _write_recipe(folder: Path, kind: str) -> list[str]:
    """Write the files of a kind of log; one that is there with other content is somebody's work and stays."""
    from llm_finops.recipes import recipe_files

    for name, content in recipe_files(kind).items():
        path = folder / name
        if not path.exists():
            path.write_text(content, encoding="utf-8")
            typer.echo(f"written  {path}")
        elif path.read_text(encoding="utf-8") != content:
            typer.echo(
                f"kept     {path}, which is another than this program's; delete it and run init --force for ours"
            )
    return list(recipe_files(kind))


def _say_next(file: Path, accounts: "tuple[Account, ...]", files: list[str]) -> None:
    typer.echo("\nNext:")
    for account in accounts:
        typer.echo(f"  export {account.variable}=...    # {account.key_kind}; docs/providers/{account.connector}.md")
    for name in files:
        typer.echo(f"  read the first lines of {file.with_name(name).name}: it makes the request log")
    typer.echo("  llm-finops doctor               # tests every source, books nothing")
    typer.echo(f"  llm-finops backfill --days {_DAYS}")
