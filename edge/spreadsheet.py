"""What spreadsheets take for a formula: a text that begins so is marked as a text; numbers, -5.3 too, are no texts."""

from __future__ import annotations

# The full-width ones too: a spreadsheet in Chinese or Japanese takes them for the same.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def guarded(text: str) -> str:
    """Return a text that no spreadsheet reckons with."""
    return f"'{text}" if text.startswith(FORMULA) else text
