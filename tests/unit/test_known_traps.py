"""The lists of known traps say what is done about each and which test holds it: those tests are there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LISTS = sorted((ROOT / "docs").glob("known-traps-*.md"))
HEAD = "| trap | what is done | test |"
NAMED = re.compile(r"`([^`]*\.py)(?:::(\w+))?`")


@cache
def functions(file: str) -> frozenset[str]:
    """Return the names of a test file's functions; empty where there is no such file."""
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def rows(page: Path) -> list[list[str]]:
    """Return the cells of each line of a page's tables, without heads and rules."""
    lines = (line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("|"))
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line != HEAD]
    return [row for row in cells if set(row[0]) - set("-| ")]


@pytest.mark.parametrize("page", LISTS, ids=lambda page: page.name)
def test_each_trap_has_its_answer_and_a_test_that_is_there(page: Path) -> None:
    """Whoever carries on finds, for each trap, what is done, and the test (or in words why there is none)."""
    found = rows(page)
    assert found and HEAD in page.read_text(encoding="utf-8"), f"a table begins with {HEAD}"
    for row in found:
        assert len(row) == 3 and all(row), f"three cells: {row}"
        for file, name in NAMED.findall(row[2]):
            there = functions(file)
            assert there and (not name or name in there), f"{page.name} names {file}::{name}, which is not there"
