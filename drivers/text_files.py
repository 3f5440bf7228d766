"""Decode a text file that a person has saved, or say what is wrong with its bytes.

An editor on Windows saves GBK or UTF-16, or puts a byte order mark before its UTF-8; a power cut leaves null bytes.
"""

from __future__ import annotations

import codecs
import re

from drivers.reason import Reason

UTF_16 = "UTF-16"
# The beginnings of files that are not plain text, as word processors and browsers save them.
FORMS = (
    (rb"\s*\{\\rtf", "RTF"),
    (rb"\xd0\xcf\x11\xe0", "Word"),
    (rb"PK\x03\x04", "Word/ZIP"),
    (rb"%PDF-", "PDF"),
    (rb"(?i)\s*<(!doctype|html|\?xml)", "HTML"),
)


class NoTextError(ValueError):
    """The bytes are not UTF-8 text; `reason` says what they are, from the line `line` (from 1) on."""

    def __init__(self, line: int, reason: Reason) -> None:
        super().__init__(str(reason))
        self.line, self.reason = line, reason


def text_of(raw: bytes) -> str:
    """Return the text of a file's bytes without a byte order mark. Raise NoTextError."""
    if form := next((form for begin, form in FORMS if re.match(begin, raw.removeprefix(codecs.BOM_UTF8))), ""):
        reason = Reason("file_has_form", "the file is in {form} format: save it as plain text in UTF-8", form=form)
        raise NoTextError(1, reason)
    try:
        text = raw.decode("utf-8-sig")
        place = raw.find(0)
    except UnicodeDecodeError as error:
        text, place = "", error.start
    if place < 0:
        return text
    other = encoding_of(raw)
    line = 1 if other == UTF_16 else raw.count(b"\n", 0, place) + 1
    raise NoTextError(line, unreadable(other, raw[place]))


def unreadable(encoding: str, byte: int) -> Reason:
    """Return why bytes are not UTF-8 text: they are in that encoding, or ("") this byte is invalid."""
    if encoding:
        return Reason(
            "other_encoding",
            "the file is in {encoding}, not UTF-8: save it as UTF-8 in the editor that wrote it",
            encoding=encoding,
        )
    if not byte:
        return Reason(
            "file_has_nul",
            "the file contains a null byte (0x00), as after a power cut while it was saved: delete it, "
            "or restore the file",
        )
    return Reason("file_not_utf8", "the file is not UTF-8 text (byte {byte}): save it as UTF-8", byte=f"0x{byte:02x}")


def encoding_of(raw: bytes) -> str:
    """Return the encoding in which Windows saved the text, if it can be detected; "" otherwise."""
    # A letter of UTF-16 has one null byte, always at the same parity; those of a power cut are at both.
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or abs(raw[::2].count(0) - raw[1::2].count(0)) > len(raw) / 4:
        return UTF_16
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        return ""
    hanzi = len(re.findall("[\u4e00-\u9fff\uff01-\uff5e\u3000-\u3002“”°±×·µ℃—…]", text))
    high = sum(byte > 0x7F for byte in raw)  # both bytes of a common hanzi are
    return "GBK" if hanzi and 0.9 * high <= 2 * hanzi <= 1.1 * high else ""


def meant(text: str) -> str:
    """Return the Chinese text that an editor decoded with the wrong encoding; "" if this is no such text.

    Three bytes of UTF-8 read as GBK, and saved so, become one and a half hanzi. Some pairs of GBK bytes are also valid
    UTF-8 (the file is then read without an error): 一站 becomes two letters of other alphabets.
    """
    try:
        whole = text.encode("gb18030").decode("utf-8")
        if re.search(r"[\u4e00-\u9fff]", whole):
            return whole
    except UnicodeError:
        pass
    strange = "".join(re.findall(r"[^\x00-\x7f]", text))
    try:
        # Only common hanzi, and at least one letter that is not Latin, Greek or Cyrillic, as units and names have.
        level_1 = re.fullmatch(rb"(?:[\xb0-\xd7][\xa1-\xfe])+", strange.encode())
        return text.encode().decode("gb2312") if level_1 and re.search(r"[\u0530-\u05ff]", strange) else ""
    except UnicodeError:
        return ""
