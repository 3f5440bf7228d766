"""One of the two languages, whatever the process uses: messages go to people who read different ones."""

from __future__ import annotations

from typing import Literal

from drivers.reason import Reason
from edge.language import texts
from edge.language.speech import catalogue, speaking
from edge.language.words import CROPS, STAGES, UNITS

Lang = Literal["en", "zh"]


class Spoken:
    """The words of one language."""

    def __init__(self, lang: Lang) -> None:
        self.lang = lang
        self._known = catalogue(lang)

    def say(self, text: str, **gaps: object) -> str:
        """Return a sentence that the catalogue knows, its gaps filled."""
        return self._known.gettext(text).format(**gaps)

    def reason(self, reason: Reason) -> str:
        """Return a meaning."""
        with speaking(self.lang):
            return texts.render(reason)

    def crop(self, name: str) -> str:
        """Return a crop."""
        return self.say(CROPS[name]) if name in CROPS else name

    def stage(self, name: str) -> str:
        """Return a crop's stage."""
        return self.say(STAGES[name]) if name in STAGES else name

    def quantity(self, channel: str) -> str:
        """Return what a channel measures, with its sensor's name where it has one."""
        with speaking(self.lang):
            return texts.label(channel)

    def unit(self, name: str) -> str:
        """Return a unit as people write it."""
        return self.say(UNITS[name]) if UNITS.get(name) else UNITS.get(name, name)
