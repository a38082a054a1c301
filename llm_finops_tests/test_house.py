"""The house rules that no linter knows."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "llm_finops"
SOURCES = sorted(PACKAGE.rglob("*.py"))
FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 45  # aim for under 20; a SQL text or a table of options may take more
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager"}


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_says_what_it_is_and_stays_readable(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree) or not text.strip(), "every module opens with a sentence that says what it is"
    assert len(text.splitlines()) <= FILE_LINES_MAX
    assert path.stem not in EMPTY_NAMES
    long = [f.name for f in _functions(tree) if (f.end_lineno or 0) - f.lineno >= FUNCTION_LINES_MAX]
    assert not long, f"functions over {FUNCTION_LINES_MAX} lines: {long}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_nobody_catches_everything_or_defers_annotations(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else ""
            assert caught not in {"", "Exception", "BaseException"}, f"line {node.lineno}"
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            # Dagster and pydantic read annotations at run time.
            assert "annotations" not in {alias.name for alias in node.names}


def test_money_is_never_a_float() -> None:
    pattern = re.compile(r"\bfloat\(|: float\b.*nano")
    money = [PACKAGE / "core", PACKAGE / "ledger", PACKAGE / "connectors"]
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in money
        for path in folder.rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []


def test_both_copies_of_dagsters_settings_are_one() -> None:
    assert (ROOT / "dagster.yaml").read_bytes() == (PACKAGE / "pipeline" / "dagster.yaml").read_bytes()


def test_no_two_providers_know_each_other() -> None:
    connectors = PACKAGE / "connectors"
    providers = {
        p.stem for p in connectors.glob("*.py") if not p.stem.startswith("_") and p.stem not in {"contract", "tape"}
    }
    assert providers >= {"openai", "anthropic"}
    for path in SOURCES:
        if path.parent.name in {"demo", "standins"} or "demo" in path.parts:
            continue
        named = [
            p for p in providers if re.search(rf"import {p}\b|connectors\.{p}\b", path.read_text(encoding="utf-8"))
        ]
        assert named == [], f"{path} names a provider; discovery is by folder"
