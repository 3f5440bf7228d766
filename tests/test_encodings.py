"""Texts name their encoding: nothing hangs on what the machine speaks."""

from __future__ import annotations

import ast
import re

from tests.test_house import PACKAGES, modules

ALONE = {"read_text": 0, "write_text": 1}  # a path's methods: arguments before the encoding's
OPENERS = ("open", "fdopen", "NamedTemporaryFile")


def is_unnamed(call: ast.Call) -> bool:
    """Return whether a call reads, writes or opens a text and names no encoding."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if "encoding" in [keyword.arg for keyword in call.keywords]:
        return False
    if isinstance(call.func, ast.Name) and name == "open":
        return not any("b" in str(one.value) for one in call.args if isinstance(one, ast.Constant))
    if name in OPENERS:  # also buses and stores are opened: these have no such mode
        return any(isinstance(one, ast.Constant) and re.fullmatch("[rwax]t?[+]?", str(one.value)) for one in call.args)
    return len(call.args) == ALONE.get(name)


def test_a_text_file_is_in_the_encoding_that_is_named() -> None:
    """No text is read or written in whatever encoding the machine speaks: on many a Chinese one that is GBK."""
    unnamed = [
        f"{module.where}:{node.lineno}"
        for module in modules(*PACKAGES)
        for node in module.nodes
        if isinstance(node, ast.Call) and is_unnamed(node)
    ]
    assert not unnamed, "name the encoding: " + "; ".join(unnamed)
