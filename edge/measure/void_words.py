"""A thermometer that jumps to 0, or to one step below it, and stays there: the words 0000 and ffff, not a frost.

A device whose element is disconnected answers with a word that means no value: ffff, which in signed tenths is -0.1
degC, or 0000. Beside other void quantities the answer is refused when it is decoded (drivers); alone in its register it
is a temperature like any other, and in a frost night the most important one of the year. Only the change to it shows
the fault: air that changed by 1 K or more from one minute to the next does not stop, in every sample, at exactly that
number. So a minute all of whose samples are that word is doubted if the last good mean before, at most ten minutes ago,
was so far away (2 K if the minute has fewer than three samples, and ten steps of a coarse device); until one differs.

Not decidable, so it passes: the word in air that was within 1 K of it; in the first minute after a start or a gap. Then
a second thermometer shows it, or the check for standing still (`persistence`). All of it is ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from drivers.driver import Channel
from drivers.reason import Reason
from edge.measure.quality import Flag
from edge.measure.value import Value

THERMOMETERS = ("air_temperature", "soil_temperature", "leaf_temperature")
LEAP, LEAP_OF_FEW, FEW = 1.0, 2.0, 3  # K; K, for a minute with fewer samples than FEW
STEPS, GAP = 10.0, 600.0  # of the device; s


class Word(msgspec.Struct):
    """A thermometer's void words, the last good mean that was not one (end s, degC), and whether it is in doubt."""

    words: tuple[float, float]
    before: tuple[float, float] | None = None
    doubted: bool = False


class VoidWords:
    """The thermometers of a station."""

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self._words = {
            name: Word((0.0, -channel.resolution))
            for name, channel in channels.items()
            if channel.quantity in THERMOMETERS
        }

    def doubts(
        self, end: float, values: Mapping[str, Value], samples: Mapping[str, Sequence[float]]
    ) -> dict[str, Reason]:
        """Return channel -> why it is suspect, after the minute until `end` s; `samples`: those that passed."""
        found = {}
        for name, word in self._words.items():
            value = values.get(name)
            if value is not None and value.value is not None and samples.get(name):
                add_minute(word, end, value, samples[name])
            if word.doubted and value is not None and value.value is not None:
                found[name] = Reason(
                    "void_word",
                    "an empty register? it leapt to {value:g} degC and does not move",
                    value=value.value,
                )
        return found

    def keep(self) -> list[str]:
        """Return the doubted thermometers."""
        return [name for name, word in self._words.items() if word.doubted]

    def resume(self, kept: Iterable[str]) -> None:
        """Restore doubted thermometers."""
        for name in kept:
            if name in self._words:
                self._words[name].doubted = True


def add_minute(word: Word, end: float, value: Value, samples: Sequence[float]) -> None:
    """Add a minute of a thermometer."""
    is_word = any(all(abs(sample - void) < 1e-6 for sample in samples) for void in word.words)
    if not is_word:
        word.doubted = False
        if value.flag is Flag.PASS and value.value is not None:
            word.before = end, value.value
        return
    if word.before is not None and end - word.before[0] <= GAP:
        least = max(LEAP if len(samples) >= FEW else LEAP_OF_FEW, STEPS * -word.words[1])
        word.doubted |= abs(samples[0] - word.before[1]) >= least - 1e-6
    word.before = None  # air that reaches the word in small steps is real
