"""A real browser: the machine's own Chromium, without a window and without a word to anybody."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def found() -> str | None:
    """Where it is, of any of its names."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def started() -> Iterator[Browser]:
    """Open until the end of the block; no name found is an error that says what to install."""
    path = found()
    if path is None:
        raise FileNotFoundError(f"none of {', '.join(NAMES)} is on the PATH: install Chromium (Debian: chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*_OPTIONS, "--disable-sync"])
        yield browser
        browser.close()
