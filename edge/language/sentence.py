"""What a part of Minshan refuses, as a sentence of its own."""

from __future__ import annotations

import re

from drivers.reason import Reason
from edge.language import texts
from edge.language.speech import spoken

RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")


def as_sentence(reason: Reason) -> str:
    """Return in words what a part of Minshan refuses, as a sentence: in English it begins with a capital letter.

    A name that stands first, of a file or a server, stays as it is.
    """
    text, first = texts.render(reason), reason.template[:1]
    return first.upper() + text[1:] if first.islower() and text.startswith(first) else text


def isolated(name: str) -> str:
    """Return a name that does not turn about the date or number beside it, as one in Uyghur or Kazakh letters does."""
    return f"\u2068{name}\u2069" if RIGHT_TO_LEFT.search(name) else name


def gap() -> str:
    """Return what parts a text that ends with a stop from the next one: a Chinese stop holds the blank behind it."""
    return "" if spoken() == "zh" else " "
