"""The dashboard on loopback, as people run it: a real server, asked over HTTP."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn

from llm_finops.config import load
from llm_finops.dashboard import application


@contextmanager
def served(environment: Mapping[str, str]) -> Iterator[httpx.Client]:
    """A client of the dashboard of that environment's ledger; `client.base_url` is where a browser finds it."""
    settings = uvicorn.Config(application(load(environment)), host="127.0.0.1", port=0, log_level="warning")
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the dashboard did not start")
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


def demo_environment(home: Path) -> dict[str, str]:
    """The environment of a home that the demo was played in."""
    return {
        "LLM_FINOPS_HOME": str(home),
        "LLM_FINOPS_CONFIG": str(home / "finops.toml"),
        "LLM_FINOPS_CLOCK": str(home / "clock"),
    }
