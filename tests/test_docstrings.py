"""What a docstring promises by name is there to be found."""

from __future__ import annotations

import builtins
import re

from tests.test_house import PACKAGES, ROOT

PROMISED = re.compile(r"\bRaise ([A-Z]\w+Error)\b")
NAMED = re.compile(r"[A-Z][A-Za-z]*Error\b")


def test_an_error_that_a_docstring_says_is_raised_has_that_name() -> None:
    """Whoever handles it by the docstring would otherwise look for a class that has another name by now."""
    files = [file for room in PACKAGES for file in sorted((ROOT / room).rglob("*.py"))]
    texts = {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in files}
    known = {*dir(builtins), *(name for text in texts.values() for name in NAMED.findall(PROMISED.sub("", text)))}
    missing = [
        f"{where}: {name}" for where, text in texts.items() for name in PROMISED.findall(text) if name not in known
    ]
    assert not missing, "errors that no code has: " + "; ".join(missing)
