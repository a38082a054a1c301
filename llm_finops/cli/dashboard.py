"""`llm-finops dashboard`: the ledger as pages, on loopback."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from llm_finops.config import Config


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(dashboard)


def dashboard(
    port: Annotated[int, typer.Option(help="Port of the pages.")] = 3001,
    host: Annotated[
        str, typer.Option(help="Address to listen at; loopback, unless a login stands before it.")
    ] = "127.0.0.1",
) -> None:
    """Show the ledger (or the demo's, if that is all there is) in a browser. Reads only."""
    from llm_finops.config import load
    from llm_finops.demo.play import demo_home, left

    environment = dict(os.environ)
    home = demo_home(environment)
    configured = "LLM_FINOPS_CONFIG" in environment or Path("finops.toml").exists()
    if not configured and (home / "finops.toml").exists():
        sys.stderr.write("No finops.toml here: this is the demo's company.\n")
        environment = left(home)
    _serve(load(environment), host, port)


def _serve(config: "Config", host: str, port: int) -> None:
    import uvicorn

    from llm_finops.dashboard import application

    sys.stderr.write(f"Dashboard: http://{host}:{port}\n")
    if host not in {"127.0.0.1", "::1", "localhost"}:
        sys.stderr.write("It has no login of its own, and listens to more than this machine: docs/dashboard.md\n")
    uvicorn.run(application(config), host=host, port=port, log_level="warning", server_header=False)
