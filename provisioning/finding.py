"""What a check of the doctor's comes to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at (`file`, `sensor`, ...), whether it is well, a sentence, a remedy."""

    check: str
    well: bool
    sentence: str
    remedy: str = ""
