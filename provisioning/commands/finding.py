"""The result of one of the doctor's checks, and how it is shown."""

from __future__ import annotations

from dataclasses import dataclass

import click

from provisioning.folding import say

COLOURS = {"✓": "green", "!": "yellow", "✗": "red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check: its subject (`file`, `sensor`, ...), whether it passed, a sentence, a remedy.

    One that passed and has a remedy is a hint (`!`): the station works, but a person should know. `silent`: a sensor
    gives no readings at all; `busless`: because its bus is missing or unavailable.
    """

    check: str
    well: bool
    sentence: str
    remedy: str = ""
    silent: bool = False
    busless: bool = False

    @property
    def mark(self) -> str:
        """✓ passed, ! a hint, ✗ needs attention."""
        return "✗" if not self.well else "!" if self.remedy else "✓"


def show(finding: Finding) -> None:
    """Print a mark, the sentence, and the remedy below."""
    for line in lines(finding):
        say(line)


def lines(finding: Finding) -> list[str]:
    """Return a mark and the sentence, and the remedy below."""
    sentence = f"{click.style(finding.mark, fg=COLOURS[finding.mark])} {finding.sentence}"
    return [sentence, f"  → {finding.remedy}"] if finding.remedy else [sentence]
