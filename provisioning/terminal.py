"""Adapt output to a terminal: characters that its encoding lacks are replaced by ones that it has.

An old Chinese terminal uses GBK, which lacks µ, ³ and ✓; a serial console often uses only ASCII.
"""

from __future__ import annotations

import codecs
import io
import os
import signal
import sys
import unicodedata
import warnings
from collections.abc import Callable
from functools import wraps

import click.termui

from edge.language import texts

# Replacements of characters; the first that the terminal has is used.
INSTEAD = {
    "✓": ("√", "+"),
    "✗": ("×", "x"),
    "×": ("x",),
    "µ": ("μ", "u"),
    "→": ("->",),
    "–": ("-",),
    "—": ("-",),
    "−": ("-",),
    "│": ("|",),
    "─": ("-",),
    "├": ("+",),
    "└": ("+",),
    "±": ("+/-",),
    "°": ("deg",),
    "℃": ("degC",),
    "′": ("'",),
    "″": ('"',),
    "“": ('"',),
    "”": ('"',),
    "‘": ("'",),
    "’": ("'",),
    "·": (".",),
    "岷": ("",),  # the name is beside it in Latin letters
    "山": ("",),
    "\ud800": ("",),  # FILLER
}
BRAILLE = 0x2800  # the first of 256, each with two columns of four dots
UPPER, LOWER = 0x1B, 0xE4  # the dots of the upper half of one, and of the lower
NUDGE = 0.5  # s
FILLER = "\ud800"  # in no encoding: it is counted, but never written
HANDLER = "minshan-legible"
PLAIN_ASCII = "minshan_ascii"
DOUBLE_BYTE = ("gb2312", "gbk", "gb18030", "big5", "big5hkscs", "cp950")  # shown two columns wide


def can_show(text: str) -> bool:
    """Return whether the standard output can represent a text."""
    return _has(encoding(), text)


def encoding() -> str:
    """Return the standard output's encoding, also while a live table replaces it by an object without one."""
    outputs = (sys.stdout, sys.__stdout__)
    return next((out.encoding for out in outputs if out is not None and out.encoding), "ascii")


def legible(text: str) -> str:
    """Return a text with characters replaced that the standard output lacks, for a program that writes there itself."""
    return text.encode(encoding(), HANDLER).decode(encoding())


def wide_kinds() -> str:
    """Return the East Asian widths of two columns; in double-byte encodings also the ambiguous ones, as of "°"."""
    return "WFA" if codecs.lookup(encoding()).name in DOUBLE_BYTE else "WF"


def as_counted(text: str) -> str:
    """Return a text for `rich`, which counts one column for "°": where it takes two, a FILLER is added."""
    if "A" not in wide_kinds():
        return text
    return "".join(sign + FILLER * (unicodedata.east_asian_width(sign) == "A") for sign in legible(text))


def can_redraw() -> bool:
    """Return whether the standard output is a terminal on which a table can be redrawn in place."""
    return sys.stdout.isatty() and os.environ.get("TERM", "").lower() not in ("dumb", "unknown")


def make_legible() -> None:
    """Make both outputs replace characters that they lack, instead of failing."""
    codecs.register_error(HANDLER, _replace)
    codecs.register(_plain_ascii)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # click takes ASCII for a mistake and writes UTF-8 to it, but for the same encoding by another name
            ascii_alone = codecs.lookup(stream.encoding).name == "ascii"
            stream.reconfigure(encoding=PLAIN_ASCII if ascii_alone else None, errors=HANDLER)


def heed_interrupts() -> None:
    """Make Ctrl-C interrupt every prompt, at whatever instant it is pressed."""
    visible = click.termui.visible_prompt_func = _interruptible(click.termui.visible_prompt_func)
    hidden = _interruptible(_hidden(click.termui.hidden_prompt_func, visible))
    click.termui.hidden_prompt_func = hidden  # type: ignore[assignment]  # declared as a function, called as any other


def is_misread(text: str) -> bool:
    """Return whether a text has undecodable bytes: the terminal uses another encoding than its locale."""
    return any("\udc80" <= sign <= "\udcff" for sign in text)


def _hidden(read: Callable[[str], str], visible: Callable[[str], str]) -> Callable[[str], str]:
    """Return a function that reads a hidden line; without a terminal that can hide it, it warns and reads visibly."""

    def line(prompt: str) -> str:
        from getpass import GetPassWarning  # here: few commands ask for a secret

        with warnings.catch_warnings():
            warnings.simplefilter("error", GetPassWarning)
            try:
                return read(prompt)
            except GetPassWarning:
                from provisioning.folding import say  # here: it needs this module

                say(texts._("No terminal is connected: what is typed here may be visible."), err=True)
                return visible(prompt)

    return line


def _interruptible(read: Callable[[str], str]) -> Callable[[str], str]:
    """Return a function that reads a line, interrupted twice a second; an undecodable line is prompted for again.

    Python handles signals between two of its instructions. One that arrives after the last of them and before the
    system call that waits for a key would be handled only with the next key, so an alarm interrupts the call.
    """

    @wraps(read)
    def line(prompt: str) -> str:
        before = signal.signal(signal.SIGALRM, lambda *_: None)
        signal.setitimer(signal.ITIMER_REAL, NUDGE, NUDGE)
        try:
            return _read_decodable(read, prompt)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    return line


def _read_decodable(read: Callable[[str], str], prompt: str) -> str:
    while True:
        try:
            line = read(prompt)
        except UnicodeDecodeError:
            line = "\udcff"
        if not is_misread(line):
            return line
        from provisioning.folding import say  # here: it needs this module

        say(texts.sentences(*misread_words()), err=True)


def misread_words() -> tuple[str, str]:
    """Return the error for undecodable input, and its remedy."""
    sentence = texts._("The terminal sends characters that are not {encoding}, which is the encoding of its locale.")
    encoding = sys.getfilesystemencoding().upper()
    return sentence.format(encoding=encoding), texts._("Use a UTF-8 terminal: export LANG=zh_CN.UTF-8 (or C.UTF-8).")


def _plain_ascii(name: str) -> codecs.CodecInfo | None:
    if name != PLAIN_ASCII:
        return None
    known = codecs.lookup("ascii")
    return codecs.CodecInfo(
        known.encode,
        known.decode,
        incrementalencoder=known.incrementalencoder,
        incrementaldecoder=known.incrementaldecoder,
        name=PLAIN_ASCII,
    )


def _replace(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(_nearest(sign, error.encoding) for sign in text), error.end


def _nearest(sign: str, encoding: str) -> str:
    dots = ord(sign) - BRAILLE
    if 0 <= dots < 256:  # a piece of a curve
        return " '.:"[bool(dots & UPPER) + 2 * bool(dots & LOWER)]
    for near in (*INSTEAD.get(sign, ()), unicodedata.normalize("NFKD", sign)):
        if _has(encoding, near):
            return near
    return "?"


def _has(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
