"""Find the line of a key in a TOML text: tomllib returns values without lines.

It recognizes headers and the beginnings `key =`, which is enough for files that tomllib accepts; what it does not find
(a key inside an inline table, say) gets the line of the nearest enclosing key or table.
"""

from __future__ import annotations

import re

Path = tuple[str | int, ...]
_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEYS = rf"{_PART}(?:\s*\.\s*{_PART})*"
_TABLES = re.compile(rf"^\s*\[\[\s*({_KEYS})\s*\]\]")
_TABLE = re.compile(rf"^\s*\[\s*({_KEYS})\s*\]")
_VALUE = re.compile(rf"^\s*({_KEYS})\s*=\s*(.*)$")
# One thing inside a value: a string, a comment, a bracket.
_INSIDE = re.compile(r"""\"(?:[^"\\]|\\.)*\"|'[^']*'|\#.*|[\[\]]""")


class TomlLines:
    """The lines (from 1) of the tables and keys of a TOML text."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {}
        self._texts: dict[Path, str] = {}
        self._counts: dict[Path, int] = {}
        self._table: Path = ()
        self._until = ""  # the quotes that end a multi-line string
        self._depth = 0  # open brackets of a multi-line list
        self.starts: list[int] = []  # the lines on which a table, a key or anything else begins
        for number, line in enumerate(text.splitlines(), 1):
            self._read(number, line)

    def of(self, path: Path) -> int | None:
        """Return the line of the key at that path, or of the nearest table around it; None if there is none."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._lines:
                return self._lines[path[:length]]
        return None

    def text(self, path: Path) -> str:
        """Return the text of the value at that path, as written; "" for a table or a multi-line value."""
        return self._texts.get(path, "")

    def _read(self, number: int, line: str) -> None:
        if self._until:
            self._until = "" if self._until in line else self._until
        elif self._depth:
            self._depth = max(0, self._depth + _opened(line))
        elif line.strip() and not line.strip().startswith("#"):
            self.starts.append(number)
            self._begin(number, line)

    def _begin(self, number: int, line: str) -> None:
        if found := _TABLES.match(line):
            path = self._resolved(_parts(found[1]))
            base = path[:-1] if isinstance(path[-1], int) else path
            self._counts[base] = self._counts.get(base, 0) + 1
            self._lines.setdefault(base, number)
            self._table = (*base, self._counts[base] - 1)
            self._lines[self._table] = number
        elif found := _TABLE.match(line):
            self._table = self._resolved(_parts(found[1]))
            self._lines.setdefault(self._table, number)
        elif found := _VALUE.match(line):
            path = (*self._table, *_parts(found[1]))
            self._lines.setdefault(path, number)
            if not self._opens(found[2]):
                self._texts.setdefault(path, _bare(found[2]))

    def _opens(self, value: str) -> bool:
        """Return whether a value continues on the next lines, and note what ends it."""
        for quotes in ('"""', "'''"):
            if value.startswith(quotes) and quotes not in value[3:]:
                self._until = quotes
                return True
        if value.startswith("["):
            self._depth = max(0, _opened(value))
        return self._depth > 0

    def _resolved(self, keys: tuple[str, ...]) -> Path:
        """Return a header's path: within a list of tables it refers to the last one."""
        path: Path = ()
        for key in keys:
            path = (*path, key)
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
        return path


def value_on(line: str) -> str | None:
    """Return the text after the key and `=` of a line; None if the line has no key."""
    found = _VALUE.match(line)
    return None if found is None else _bare(found[2])


def is_whole_text(value: str) -> bool:
    """Return whether a value is exactly one string."""
    found = _INSIDE.match(value)
    return found is not None and found[0] == value


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_PART, dotted))


def _opened(text: str) -> int:
    """Count the brackets opened less those closed, outside strings and comments."""
    found = _INSIDE.findall(text)
    return found.count("[") - found.count("]")


def _bare(value: str) -> str:
    """Return a value of one line without a trailing comment."""
    for found in _INSIDE.finditer(value):
        if found[0].startswith("#"):
            return value[: found.start()].strip()
    return value.strip()
