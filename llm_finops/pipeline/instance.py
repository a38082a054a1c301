"""Dagster's home inside ours: made, private, with its dagster.yaml, so that nobody has to export anything."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from llm_finops.config import Config

# The same text as dagster.yaml at the top of a clone (a test holds them together): an installed package has no clone.
_TEMPLATE = Path(__file__).with_name("dagster.yaml")

# What earlier programs wrote there, and nobody changed since.
_FORMER = frozenset(
    {
        "eabc4fca89bfbd89005795bcd5ca9637ee082577b245cfef64e572fcb3e121f0",
        "5b28c4ca3a16b3b6be45b7a1e06018771de7411d0d2263258ac01a41761f5958",
        "33570727c36b0ffd7d73a7b153a94105c86b64e0bfdb5f299dc685476fcf7a1c",
    }
)


def dagster_home(config: Config) -> Path:
    """The absolute home, created with its settings where there is none yet."""
    return _made(config.home)


def fallback_home(environment: Mapping[str, str]) -> Path:
    """Where Dagster lives while there is no configuration yet."""
    return _made(Path(environment.get("LLM_FINOPS_HOME") or ".llm_finops").expanduser().resolve())


def _made(parent: Path) -> Path:
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    home = parent / "dagster"
    home.mkdir(exist_ok=True, mode=0o700)
    settings = home / "dagster.yaml"
    if not settings.exists() or hashlib.sha256(settings.read_bytes()).hexdigest() in _FORMER:
        settings.write_text(_TEMPLATE.read_text(encoding="utf-8"), encoding="utf-8")
    return home


@contextmanager
def instance(config: Config) -> Iterator[dg.DagsterInstance]:
    """Dagster's instance in that home."""
    home = dagster_home(config)
    os.environ["DAGSTER_HOME"] = str(home)  # run workers and the UI find it there too
    with dg.DagsterInstance.from_config(str(home)) as found:
        yield found
