"""Finds marks of English in a Chinese line: a blank between sentences, half-width commas, colons, quotes, brackets."""

from __future__ import annotations

import re

from tests.kits.english_words import english

HANZI = "\u4e00-\u9fff"
# Code, which keeps its own marks: commands, lists and tables of TOML and JSON, texts in quotes, addresses.
CODE = re.compile(
    r"'minshan\[hub\]'|'C:\\data'|`[^`]*`|\[[^\]]*\]|\{[^}]*\}|\"[^\"]*\"|\w+://\S*|--?[a-z-]+(, --?[a-z-]+)+"
    rf"|“[^”{HANZI}]*”|\([A-Za-z_]+(=[A-Za-z0-9-]+)?\)"
)
WRONG = (
    re.compile(r"[。！？；：，、] \S"),
    re.compile(rf"[{HANZI}，。；”][,;?(]|[{HANZI}]!|[,;?!)][{HANZI}，。；“]"),
    re.compile(r"(?<![\w=])'[^'\n ]*'|”\."),
    re.compile(r"[\w”], [\w“]"),
    re.compile(rf"[\d\"'”{HANZI}]: [{HANZI}“]"),
)


def english_marks(text: str, typed: str = "") -> list[str]:
    """Return the marks that no Chinese line has, each with what stands around it; `typed` is what the person wrote."""
    found = []
    for line in text.splitlines():
        if not re.search(f"[{HANZI}]", line):
            continue
        bare = line
        for word in sorted(
            {word for word in (typed, *typed.split()) if word.strip("-") == word != ""}, key=len, reverse=True
        ):
            bare = bare.replace(word, "x")
        bare = CODE.sub("x", bare)
        found += [match[0] for wrong in WRONG for match in wrong.finditer(bare)]
    return found


def foreign(text: str, typed: str = "") -> list[str]:
    """Return the English words and the marks of English in a Chinese text."""
    return english(text, typed) + english_marks(text, typed)
