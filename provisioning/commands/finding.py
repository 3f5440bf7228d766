"""The result of one of the doctor's checks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at (`file`, `sensor`, ...), whether it is well, a sentence, a remedy.

    One that is well and has a remedy is a hint (`!`): the station works, and a person may want to know. `silent`: a
    sensor gives nothing at all.
    """

    check: str
    well: bool
    sentence: str
    remedy: str = ""
    silent: bool = False

    @property
    def mark(self) -> str:
        """✓ well, ! a hint, ✗ to be seen to."""
        return "✗" if not self.well else "!" if self.remedy else "✓"
