"""`llm-finops dev`: the Dagster UI, with nothing to export."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

_WORKSPACE = Path(__file__).parents[2] / "workspace.yaml"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(dev)


def dev(port: Annotated[int, typer.Option(help="Port of the UI, on loopback.")] = 3000) -> None:
    """Open the Dagster UI on your configuration (or the demo's, if that is all there is), on loopback."""
    from llm_finops.config import ConfigError, load
    from llm_finops.demo.play import demo_home, reopened
    from llm_finops.pipeline.instance import dagster_home, fallback_home
    from llm_finops.pipeline.visible import visible_lines

    environment = dict(os.environ)
    configured = "LLM_FINOPS_CONFIG" in environment or Path("finops.toml").exists()
    home = demo_home(environment)
    if not configured and (home / "finops.toml").exists():
        sys.stderr.write("No finops.toml here: this is the demo's company, with its stand-ins running.\n")
        with reopened(home) as world:
            sys.exit(_serve(world, dagster_home(load(world)), port))
    try:
        dagster = dagster_home(load(environment))
    except ConfigError as error:
        sys.stderr.write(f"{visible_lines(str(error))}\nThe UI opens all the same and says so.\n")
        dagster = fallback_home(environment)
    sys.exit(_serve(environment, dagster, port))


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
