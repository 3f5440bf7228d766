"""Joints of Chinese and Latin: where a gap of a Chinese sentence is filled with "PM10" or "3", a blank parts them.

A sentence cannot know what fills its gap: "{channels}缺测" is right with 气温 and wants a blank with PM10. What
fills it is not changed itself.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Mapping
from typing import Any

HANZI = "\u4e00-\u9fff"
# Compiled when a sentence is first filled: that takes 5 ms, which most commands need not spend.
_OPEN = rf"\}}[{HANZI}]|[{HANZI}]\{{"  # a gap that touches a Chinese character
_JOINT = rf"[{HANZI}][A-Za-z0-9]|[A-Za-z0-9%°℃][{HANZI}]"


class Template(str):
    """A Chinese text with gaps, which parts what fills them from the characters around."""

    __slots__ = ()

    def format(self, *args: object, **gaps: object) -> str:
        """Return the sentence, its gaps filled."""
        return _filled(self, args, gaps) if re.search(_OPEN, self) else super().format(*args, **gaps)

    def format_map(self, gaps: Mapping[str, object], /) -> str:  # type: ignore[override]  # typeshed's own protocol
        """Return the same of gaps that are named."""
        return _filled(self, (), gaps) if re.search(_OPEN, self) else super().format_map(gaps)


class Chinese(gettext.GNUTranslations):
    """The Chinese texts; those that are to be filled are templates."""

    def gettext(self, message: str) -> str:
        """Return a text."""
        return _template(super().gettext(message))

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return the form for `n` of a text."""
        return _template(super().ngettext(msgid1, msgid2, n))

    def pgettext(self, context: str, message: str) -> str:
        """Return a text that is found in a context."""
        return _template(super().pgettext(context, message))


def said_anew(text: str, before: Mapping[str, object], now: Mapping[str, object]) -> str:
    """Return a sentence that was told whole, as records bring it, with what it names as it is said to people now.

    A channel stands in it by its name in the contract. A sentence whose gap is still open is left as it is, and so is
    what stands in quotes, which is to be typed.
    """
    for name, value in before.items():
        if str(now[name]) != str(value) and f"{{{name}" not in text:
            word = str(now[name]).replace("\\", r"\\")
            text = re.sub(rf"(?<![\w.\"]){re.escape(str(value))}(?![\w.]*\w)", word, text)
    return text


def _template(text: str) -> str:
    return Template(text) if "{" in text else text


def _filled(template: str, args: tuple[object, ...], gaps: Mapping[str, Any]) -> str:
    from string import Formatter  # here: few sentences have such a gap

    told = ""
    for literal, name, spec, conversion in Formatter().parse(template):
        pieces = [literal]
        if name is not None:
            gap = f"{{{name}{f'!{conversion}' if conversion else ''}{f':{spec}' if spec else ''}}}"
            pieces.append(gap.format(*args, **gaps))
        for piece in pieces:
            told += f" {piece}" if re.fullmatch(_JOINT, told[-1:] + piece[:1]) else piece
    return told
