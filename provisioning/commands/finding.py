"""The result of one of the doctor's checks, and how it is shown."""

from __future__ import annotations

from dataclasses import dataclass

import click

from provisioning.folding import say

COLOURS = {"✓": "green", "!": "yellow", "✗": "red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at (`file`, `sensor`, ...), whether it is well, a sentence, a remedy.

    One that is well and has a remedy is a hint (`!`): the station works, and a person may want to know. `silent`: a
    sensor gives nothing at all; `busless`: because its bus is not there, or not to be had.
    """

    check: str
    well: bool
    sentence: str
    remedy: str = ""
    silent: bool = False
    busless: bool = False

    @property
    def mark(self) -> str:
        """✓ well, ! a hint, ✗ to be seen to."""
        return "✗" if not self.well else "!" if self.remedy else "✓"


def show(finding: Finding) -> None:
    """Print a mark, the sentence, and the remedy below."""
    for line in lines(finding):
        say(line)


def lines(finding: Finding) -> list[str]:
    """Return a mark and the sentence, and the remedy below."""
    sentence = f"{click.style(finding.mark, fg=COLOURS[finding.mark])} {finding.sentence}"
    return [sentence, f"  → {finding.remedy}"] if finding.remedy else [sentence]
