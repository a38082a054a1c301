"""Makes the README's pictures: `python -m llm_finops_tests.pictures`, after `make demo`.

The dashboard and the Dagster UI are opened on the demo's days in a real browser; the message is what the demo's Slack
was sent, drawn as Slack draws it.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Page

from llm_finops.config import load
from llm_finops.demo.play import demo_home
from llm_finops.pipeline.instance import dagster_home
from llm_finops_tests import chromium
from llm_finops_tests.dashboard.serving import demo_environment, served
from llm_finops_tests.pictures.slack_page import slack_page

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "docs" / "pictures"


def main() -> None:
    """One picture of each of the three screens, in docs/pictures or the folder that is named."""
    home = demo_home(os.environ)
    kept = Path(sys.argv[1]) if len(sys.argv) > 1 else KEPT
    kept.mkdir(parents=True, exist_ok=True)
    with chromium.started() as browser:
        _message(browser, home, kept / "message.png")
        with served(demo_environment(home)) as client:
            _dashboard(browser, str(client.base_url), kept / "dashboard.png")
        with _dagster(home) as url:
            _graph(browser, url, kept / "graph.png")


def _opened(browser: Browser, width: int, height: int) -> Page:
    return browser.new_page(viewport={"width": width, "height": height}, device_scale_factor=1.5)


def _message(browser: Browser, home: Path, kept: Path) -> None:
    page = _opened(browser, 700, 400)
    picture = max((home / "slack_files").glob("llm-finops-*.png"))  # its name ends with its day
    page.set_content(slack_page(_newest(home), "06:31", picture.read_bytes()))
    page.screenshot(path=kept, full_page=True)


def _newest(home: Path) -> dict[str, Any]:
    """The body of the newest message in the channel, which is not in a thread."""
    (file,) = home.rglob("slack.jsonl")
    calls = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    posts = [of["body"] for of in calls if of["method"] == "chat.postMessage" and not of["body"].get("thread_ts")]
    blocks = posts[-1]["blocks"]
    return {**posts[-1], "blocks": json.loads(blocks) if isinstance(blocks, str) else blocks}


def _dashboard(browser: Browser, url: str, kept: Path) -> None:
    page = _opened(browser, 1280, 1000)
    page.goto(url)
    page.screenshot(path=kept)


def _graph(browser: Browser, url: str, kept: Path) -> None:
    """All groups open, and nothing of what stands beside the graph."""
    width, height, left, top = 2200, 1400, 560, 112
    page = browser.new_page(viewport={"width": width, "height": height})
    groups = ",".join(f"global@global:{group}" for group in ("ingest", "reconcile", "allocate", "margin", "tell"))
    page.goto(f"{url}/asset-groups?expanded={groups}")
    page.get_by_text("daily_summary").first.wait_for()
    page.wait_for_timeout(5_000)  # its colours come later, and nothing says that they are there
    page.screenshot(path=kept, clip={"x": left, "y": top, "width": width - left, "height": height - top})


@contextmanager
def _dagster(home: Path) -> Iterator[str]:
    """The Dagster UI on that home, by itself: no daemon, so that nothing begins while it is looked at."""
    environment = {**os.environ, **demo_environment(home)}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "dagster_webserver",
        "-m",
        "llm_finops.definitions",
        "-p",
        str(port),
        "--read-only",
    ]
    started = subprocess.Popen(command, cwd=ROOT, env={**environment, "DAGSTER_HOME": _home_of_dagster(environment)})
    url = f"http://127.0.0.1:{port}"
    try:
        while not _answers(url):
            if started.poll() is not None:
                raise RuntimeError("the Dagster UI did not start")
            time.sleep(0.2)
        yield url
    finally:
        started.terminate()
        started.wait()


def _home_of_dagster(environment: Mapping[str, str]) -> str:
    return str(dagster_home(load(environment)))


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/server_info").is_success
    except httpx.TransportError:
        return False


if __name__ == "__main__":
    main()
