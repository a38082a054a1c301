"""The nouns of the contract."""

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

from llm_finops.connectors.contract import Asked, discover


def asked(first: str, last: str) -> Asked:
    return Asked("acct", date.fromisoformat(first), date.fromisoformat(last))


def test_days_are_asked_for_with_the_last_included() -> None:
    range_ = asked("2026-02-27", "2026-03-01")

    assert range_.days == ("2026-02-27", "2026-02-28", "2026-03-01")
    assert str(range_.until) == "2026-03-02"
    assert str(range_) == "2026-02-27 to 2026-03-01"
    assert str(asked("2026-03-01", "2026-03-01")) == "2026-03-01"


def test_windows_hold_every_day_once() -> None:
    windows = list(asked("2026-01-01", "2026-03-31").windows(31))

    assert [len(window.days) for window in windows] == [31, 31, 28]
    assert [day for window in windows for day in window.days] == list(asked("2026-01-01", "2026-03-31").days)


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="before"):
        asked("2026-01-02", "2026-01-01")


@pytest.fixture
def package(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """A package of its own for each test, to be found by its path."""
    found = ModuleType(f"package_of_{request.node.name}")
    found.__path__ = [str(tmp_path)]
    sys.modules[found.__name__] = found
    yield found
    for name in [name for name in sys.modules if name.partition(".")[0] == found.__name__]:
        del sys.modules[name]


def test_a_connector_is_found_by_its_file(package: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "zeta.py").write_text('PROVIDER = "zeta"\n')
    (tmp_path / "_inner.py").write_text("raise RuntimeError\n")
    (tmp_path / "contract.py").write_text("")

    assert list(discover(package)) == ["zeta"]


def test_a_connector_that_calls_itself_otherwise_is_refused(package: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "zeta.py").write_text('PROVIDER = "Zeta"\n')

    with pytest.raises(ValueError, match="calls itself 'Zeta'"):
        discover(package)
