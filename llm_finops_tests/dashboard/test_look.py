"""Every page as people see it: light and dark, wide and narrow, in a real browser."""

import os
import re
from html import unescape
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage

from llm_finops.dashboard.pages import ALL

WIDTHS = {"wide": 1280, "narrow": 390}
# An element whose text is wider than what is seen of it, and that does not scroll.
CLIPPED = """() => [...document.querySelectorAll("main *, header *")].filter(e =>
    e.children.length === 0 && e.textContent.trim() && !e.closest("svg, .scroll, .skip, select, option, #says") &&
    e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== "inline").map(e => e.outerHTML)"""
# Text of a drawing that leaves it.
OUTSIDE = """() => [...document.querySelectorAll("figure svg text")].filter(t => {
    const own = t.getBoundingClientRect(), all = t.closest("svg").getBoundingClientRect();
    return own.width && (own.left < all.left - 1 || own.right > all.right + 1); }).map(t => t.textContent)"""


@pytest.fixture(scope="module")
def details(demo: httpx.Client) -> dict[str, str]:
    """What makes a page show something: the demo's own names, and from there by links."""
    known = {"/customer": "?customer=northwind", "/feature": "?feature=code-review"}
    known["/customer-day"] = "?customer=northwind&from=2026-10-01&to=2026-10-01"
    for at, to, part in (
        ("/customer-day", "/line", "line="),
        ("/line", "/load", "load="),
        ("/reconciliation", "/reconciliation", "kind="),
    ):
        text = demo.get(f"{at}{known.get(at, '')}").text
        links = [unescape(link) for link in re.findall(rf'href="({to}\?[^"]+)"', text) if part in link]
        assert links, f"{at} leads to no {to} with {part}"
        known[to] = links[0].removeprefix(to)
    return known


@pytest.mark.slow
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_whole_readable_and_silent(
    demo: httpx.Client, browser: Browser, details: dict[str, str], theme: str, width: str, tmp_path: Path
) -> None:
    size = {"width": WIDTHS[width], "height": 900}
    context = browser.new_context(viewport=size, color_scheme="dark" if theme == "dark" else "light")  # type: ignore[arg-type]
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(_said(message)))
    page.on("pageerror", lambda error: said.append(str(error)))
    kept = Path(os.environ.get("LLM_FINOPS_SCREENSHOTS", tmp_path))
    for shown in ALL:
        address = f"{str(demo.base_url).rstrip('/')}{shown.path}{details.get(shown.path, '')}"
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        assert page.locator("tbody tr").count() > 0, address
        kept.mkdir(parents=True, exist_ok=True)
        name = shown.path.strip("/") or "overview"
        page.screenshot(path=kept / f"{name}-{theme}-{width}.png", full_page=True)
        assert said == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[width], address
        assert page.evaluate(CLIPPED) == [], address
        assert page.evaluate(OUTSIDE) == [], address
        found = Axe().run(page).response["violations"]
        serious = [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in {"serious", "critical"}]
        assert serious == [], address
    context.close()


def _said(message: ConsoleMessage) -> str:
    return f"{message.type}: {message.text}"
