"""`llm-finops dev`: the Dagster UI, with nothing to export."""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from llm_finops.config import Config

_WORKSPACE = Path(__file__).parents[2] / "workspace.yaml"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(dev)


def dev(port: Annotated[int, typer.Option(help="Port of the UI, on loopback.")] = 3000) -> None:
    """Open the Dagster UI on your configuration (or the demo's, if that is all there is), on loopback."""
    from llm_finops.config import ConfigError, load
    from llm_finops.demo.play import only_demo, reopened
    from llm_finops.pipeline.instance import fallback_home
    from llm_finops.pipeline.visible import visible_lines

    environment = dict(os.environ)
    if home := only_demo(environment):
        sys.stderr.write("No finops.toml here: this is the demo's company, with its stand-ins running.\n")
        with reopened(home) as world:
            sys.exit(_serve_ledger(world, load(world), port))
    try:
        config = load(environment)
    except ConfigError as error:
        sys.stderr.write(f"{visible_lines(str(error))}\nThe UI opens all the same and says so.\n")
        sys.exit(_serve(environment, fallback_home(environment), port))
    sys.exit(_serve_ledger(environment, config, port))


def _serve_ledger(environment: dict[str, str], config: "Config", port: int) -> int:
    """Serve, and keep the ledger where it is, between two runs too: the next would go on with the old one."""
    from llm_finops.ledger import present
    from llm_finops.pipeline.instance import dagster_home

    home = dagster_home(config)
    with present(config.database_url):
        return _serve(environment, home, port)


def _serve(environment: dict[str, str], home: Path, port: int) -> int:
    where = ["-w", _WORKSPACE.name] if _WORKSPACE.exists() else ["-m", "llm_finops.definitions"]
    # A relative configuration is looked for where the command was given, not beside workspace.yaml.
    if config := environment.get("LLM_FINOPS_CONFIG") or (Path("finops.toml").exists() and "finops.toml"):
        environment = {**environment, "LLM_FINOPS_CONFIG": str(Path(config).resolve())}
    sys.stderr.write(f"Dagster UI: http://127.0.0.1:{port}\n")
    command = [sys.executable, "-m", "dagster", "dev", *where, "-h", "127.0.0.1", "-p", str(port)]
    try:
        done = subprocess.run(  # noqa: S603  our own interpreter
            command, env={**environment, "DAGSTER_HOME": str(home)}, cwd=_WORKSPACE.parent, check=False
        )
    except KeyboardInterrupt:
        return 0
    return done.returncode
