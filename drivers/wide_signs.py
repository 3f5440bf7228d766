"""Full-width characters of a Chinese keyboard (：，＝“”) in configuration files, and their ASCII equivalents."""

from __future__ import annotations

import re
import unicodedata

from drivers.reason import Reason

# Chinese punctuation whose ASCII equivalent is not its compatibility form in Unicode.
PLAIN = {
    **dict.fromkeys("“”„「」『』", '"'),
    **dict.fromkeys("‘’", "'"),
    **dict.fromkeys("【〔", "["),
    **dict.fromkeys("】〕", "]"),
    **dict.fromkeys("–—−", "-"),
    "。": ".",
    "、": ",",
}
DASHES = "\u2010-\u2015\u2212\ufe58\ufe63\uff0d"
SPACES = "\u3000\u00a0\u200b\ufeff"
_WHOLE_TEXT = re.compile(r"""\"(?:[^"\\]|\\.)*\"|'[^']*'|\#.*""")


def plain(sign: str) -> str:
    """Return the ASCII equivalent of a full-width character; "" for any other character."""
    if sign in SPACES:
        return " "
    narrow = unicodedata.normalize("NFKC", sign) if "\uff01" <= sign <= "\uff5e" else ""
    return PLAIN.get(sign, narrow)


def narrowed(text: str) -> str:
    """Return a text with its full-width characters replaced by ASCII ones."""
    return "".join(plain(sign) or sign for sign in text)


def first_wide(text: str) -> Reason | None:
    """Return the reason for the first full-width character of a text; None if it has none."""
    for place, sign in enumerate(text):
        if right := plain(sign):
            is_in_list = text.count("[", 0, place) > text.count("]", 0, place)
            if re.fullmatch("[0-9][，。、][0-9]", text[max(0, place - 1) : place + 2]) and not is_in_list:
                right = "."  # of a number, which has no comma
            if sign in "，、；" and not text[place + 1 :].strip():
                return Reason(
                    "wide_end", "the line ends with a full-width {sign}: remove it, or write , in a list", sign=sign
                )
            if sign in SPACES[1:]:
                return Reason(
                    "invisible_sign",
                    "it contains an invisible sign ({sign}): remove it, or write an ordinary space",
                    sign=f"U+{ord(sign):04X}",
                )
            if right == " ":
                return Reason("wide_space", "it contains a full-width space: write an ordinary one")
            return Reason("full_width", "write {right} instead of the full-width {sign}", sign=sign, right=right)
    return None


def wide_dash(word: str) -> Reason | None:
    """Return the reason for a command-line option whose -- a phone or an editor replaced by a dash; None otherwise."""
    found = re.match(f"-*([{DASHES}])[-{DASHES}]*([A-Za-z].*)", word)
    if found is None:
        return None
    right = ("-" if len(found[2]) == 1 else "--") + found[2]
    return Reason("wide_dash", "it starts with the dash {sign}: write {right}", sign=found[1], right=right)


def outside_texts(line: str) -> str:
    """Return a line of TOML without its strings and comment, which may contain any character."""
    return _WHOLE_TEXT.sub("", line)
