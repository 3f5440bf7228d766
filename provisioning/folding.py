"""Wrap sentences on a narrow terminal: between words, never within one, with the following lines indented."""

from __future__ import annotations

import codecs
import os
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import click

from provisioning import terminal

if TYPE_CHECKING:
    from pathlib import Path

SET_IN = 2  # columns by which continuation lines are indented
WIDE = "\u2e80-\u9fff\uff00-\uff60"  # Chinese text may be wrapped after any character
OPENING, CLOSING = "（“‘《【[(", "，。；：、！？）”’》】"
STOPS = ".,;:!?)"  # these stay with a command before them
# Invisible characters that change the direction of text; typed or received names may contain them.
TURNING = {sign: f"<U+{sign:04X}>" for sign in (0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
# Control characters and sequences, except line ends and colours; text from the network may contain them.
_OBEYED = re.compile(r"\x1b(?!\[[\d;]*m)|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]")
KEYS = "PsSpace = next page, q = quit$"  # the prompt of `less`
_UNQUOTED = re.compile(r"[\w%+,./:=@-]+")  # Chinese needs no quotes
# A command within a sentence is kept whole too; it ends where the sentence continues.
_SUDO = rf"\(?sudo(?: [^\s`{WIDE}(),;]+)+"
_COMMAND = rf"`[^`]*`|“minshan [^”{WIDE}]*”|{_SUDO}"
# A number is kept with its unit.
_AMOUNT = rf"[+±−-]?\d[\d.]*(?: (?:[^\s\d`{WIDE}(][^\s`{WIDE}]*(?=[\s{WIDE}]|$)|[\u4e00-\u9fff]))"
_ATOM = rf"{_COMMAND}|{_AMOUNT}|[^\s`{WIDE}]+|\s+|."  # compiled at the first use: that takes as long as importing click


def say(text: str = "", err: bool = False) -> None:
    """Print a text of one or more lines, wrapped on a terminal; a file or a program gets whole lines."""
    stream = sys.stderr if err else sys.stdout
    text = harmless(text)
    click.echo(fold(text, window_size().columns) if stream.isatty() else text, err=err)


def harmless(text: str) -> str:
    """Return a text with control and direction characters replaced by their code points."""
    return _OBEYED.sub(lambda sign: f"<U+{ord(sign[0]):04X}>", text.translate(TURNING))


def as_typed(path: Path | str) -> str:
    """Return a path quoted for a shell where necessary."""
    import shlex  # here: most commands do not need it

    text = str(path)
    return text if _UNQUOTED.fullmatch(text) else shlex.quote(text)


def program() -> str:
    """Return this command's name as typed here: a path where the shell would not find it by name."""
    import shutil  # here: most commands do not need it
    from pathlib import Path

    path = Path(sys.argv[0])
    if path.name != "minshan" or shutil.which("minshan") == str(path.absolute()):
        return "minshan"
    return as_typed(path if path.is_absolute() and not path.is_relative_to(Path.cwd()) else Path(os.path.relpath(path)))


def page(lines: Iterable[str]) -> None:
    """Print lines, through the pager if they do not fit into the window."""
    lines = map(harmless, lines)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        click.echo("\n".join(lines))
        return
    size = window_size()
    text = "\n".join(fold(line, size.columns) for line in lines)
    if text.count("\n") + 2 > size.lines:  # the prompt takes a line too
        for name, value in _pager_settings().items():
            os.environ.setdefault(name, value)
        click.echo_via_pager(terminal.legible(text) + "\n")  # the pager writes itself, and "?" for missing characters
    else:
        click.echo(text)


def _pager_settings() -> dict[str, str]:
    """Return the environment for `less`: show text unchanged, whatever locales this box has, with a prompt of its keys.

    SSH passes a person's LANG on; if the box lacks that locale, `less` would show Chinese characters as numbers. The
    prompt is in English, because `less` garbles a Chinese one.
    """
    if codecs.lookup(sys.stdout.encoding or "ascii").name != "utf-8":
        return {"LESS": f"-FrX{KEYS}"}
    return {"LESS": f"-FRX{KEYS}", "LESSCHARSET": "utf-8"}


def window_size() -> os.terminal_size:
    """Return the columns and lines of the terminal's window."""
    import shutil  # here: not needed for a program's output, and it imports all compressors

    return shutil.get_terminal_size()


def fold(text: str, columns: int) -> str:
    """Return the text with no line wider than that, except for indivisible parts: a path, a command in backticks.

    Missing characters are replaced before, as the replacement is often wider ("+/-" for "±").
    """
    return "\n".join(part for line in terminal.legible(text).split("\n") for part in _folded(line, columns))


def _folded(line: str, columns: int) -> Iterator[str]:
    lead = len(line) - len(line.lstrip())
    margin = " " * (lead + SET_IN)
    here = ""
    for atom in _atoms(line):
        if here.strip() and columns_of(here + atom.rstrip()) > columns:
            yield here.rstrip()
            here = margin + atom.lstrip()
        else:
            here += atom
    yield here.rstrip() if here.strip() else ""


def _atoms(line: str) -> Iterator[str]:
    """Yield the pieces between which a line may be wrapped: none begins with a closing or ends with an opening sign."""
    held = ""
    for atom, following in pairwise([*re.findall(_ATOM, line), " "]):
        held += atom
        closes = following[0] in CLOSING or (held[-1] == "`" and not following.strip(STOPS))
        if held[-1] not in OPENING and not closes and not atom.isspace():
            yield held
            held = ""
    if held.strip():
        yield held


def columns_of(text: str) -> int:
    """Return the columns of a text (a Chinese character takes two), without colour codes."""
    shown = click.unstyle(text)  # rich could do it, but takes as long to load as all the rest of a help
    wide = terminal.wide_kinds()
    return sum(
        (1 + (unicodedata.east_asian_width(sign) in wide)) * (unicodedata.combining(sign) == 0) for sign in shown
    )
