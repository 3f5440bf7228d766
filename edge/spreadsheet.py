"""Guarding against formula injection in spreadsheets: texts are marked as texts; numbers such as -5.3 are not texts."""

from __future__ import annotations

# Also the full-width characters: spreadsheets in Chinese or Japanese treat them the same.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def guarded(text: str) -> str:
    """Return a text that no spreadsheet evaluates."""
    return f"'{text}" if text.startswith(FORMULA) else text
