"""What spreadsheets take for a formula: a text that begins so is marked as a text; numbers, -5.3 too, are no texts."""

from __future__ import annotations

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def guarded(text: str) -> str:
    """Return a text that no spreadsheet reckons with."""
    return f"'{text}" if text.startswith(FORMULA) else text
