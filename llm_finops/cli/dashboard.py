"""`llm-finops dashboard`: the ledger as pages, on loopback."""

import os
import socket
import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_finops.config import Config


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(dashboard)


def dashboard(
    port: Annotated[int, typer.Option(help="Port of the pages; 0: any that is free.", min=0, max=65535)] = 3001,
    host: Annotated[
        str, typer.Option(help="Address to listen at; loopback, unless a login stands before it.")
    ] = "127.0.0.1",
    allow_host: Annotated[
        list[str] | None, typer.Option(help="A name by which browsers ask for it, behind a proxy; may be repeated.")
    ] = None,
) -> None:
    """Show the ledger (or the demo's, if that is all there is) in a browser. Reads only."""
    from llm_finops.config import load
    from llm_finops.demo.play import left, only_demo

    environment = dict(os.environ)
    if home := only_demo(environment):
        sys.stderr.write("No finops.toml here: this is the demo's company.\n")
        environment = left(home)
    config = load(environment)
    _serve(config, _listening(host, port), host, [host, *(allow_host or ())])


def _listening(host: str, port: int) -> socket.socket:
    """The socket; typer.Exit where it cannot be had, with the reason told."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        why = (error.strerror or str(error)).partition(" (")[0]  # Python adds the address, which is said already
        said = f"llm-finops: cannot listen at {host}, port {port}: {why}; --port takes another\n"
        sys.stderr.write(said)
        raise typer.Exit(1) from None


def _serve(config: "Config", listening: socket.socket, host: str, hosts: "Sequence[str]") -> None:
    import uvicorn

    from llm_finops.dashboard import application

    shown = f"[{host}]" if ":" in host else host
    sys.stderr.write(f"Dashboard: http://{shown}:{listening.getsockname()[1]}\n")
    if host not in {"127.0.0.1", "::1", "localhost"}:
        sys.stderr.write("It has no login of its own, and listens to more than this machine: docs/dashboard.md\n")
    settings = uvicorn.Config(application(config, hosts), log_level="warning", server_header=False)
    try:
        uvicorn.Server(settings).run(sockets=[listening])
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
