"""Fold sentences on a narrow terminal: between words, never within one, with the following lines indented."""

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

SET_IN = 2  # columns; how far the rest of a line stands behind its beginning
WIDE = "\u2e80-\u9fff\uff00-\uff60"  # a Chinese text may be folded behind any of its characters
OPENING, CLOSING = "（“‘《【[(", "，。；：、！？）”’》】"
STOPS = ".,;:!?)"  # which stay with a command before them
# Signs that are not seen and turn what stands around them: a name that somebody typed or sent may have them.
TURNING = {sign: f"<U+{sign:04X}>" for sign in (0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
# What a terminal obeys, but for line ends and colours: a text that came over the network may have any of it.
_OBEYED = re.compile(r"\x1b(?!\[[\d;]*m)|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]")
KEYS = "PsSpace = next page, q = quit$"  # what `less` shows below a page
_UNQUOTED = re.compile(r"[\w%+,./:=@-]+")  # Chinese needs no quotes
# A command in the midst of a sentence is copied whole too: it ends where the sentence goes on.
_SUDO = rf"\(?sudo(?: [^\s`{WIDE}(),;]+)+"
_COMMAND = rf"`[^`]*`|“minshan [^”{WIDE}]*”|{_SUDO}"
# A number stays with its unit.
_AMOUNT = rf"[+±−-]?\d[\d.]*(?: (?:[^\s\d`{WIDE}(][^\s`{WIDE}]*(?=[\s{WIDE}]|$)|[\u4e00-\u9fff]))"
_ATOM = rf"{_COMMAND}|{_AMOUNT}|[^\s`{WIDE}]+|\s+|."  # compiled at its first use: that takes as long as click


def say(text: str = "", err: bool = False) -> None:
    """Print a text of one or more lines, folded where a person looks at it; a file or a program gets whole lines."""
    stream = sys.stderr if err else sys.stdout
    text = harmless(text)
    click.echo(fold(text, window_size().columns) if stream.isatty() else text, err=err)


def harmless(text: str) -> str:
    """Return a text with the numbers of those signs in it that no terminal shows, but obeys."""
    return _OBEYED.sub(lambda sign: f"<U+{ord(sign[0]):04X}>", text.translate(TURNING))


def as_typed(path: Path | str) -> str:
    """Return a path as it is typed in a shell: in quotes where it has blanks or other signs that a shell reads."""
    import shlex  # here: most commands tell of none

    text = str(path)
    return text if _UNQUOTED.fullmatch(text) else shlex.quote(text)


def program() -> str:
    """Return how this command is typed from here: by its path where the shell would not find it by its name."""
    import shutil  # here: most commands tell of none
    from pathlib import Path

    path = Path(sys.argv[0])
    if path.name != "minshan" or shutil.which("minshan") == str(path.absolute()):
        return "minshan"
    return as_typed(path if path.is_absolute() and not path.is_relative_to(Path.cwd()) else Path(os.path.relpath(path)))


def page(lines: Iterable[str]) -> None:
    """Print lines; where they are more than the window has, through the pager, which q leaves."""
    lines = map(harmless, lines)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        click.echo("\n".join(lines))
        return
    size = window_size()
    text = "\n".join(fold(line, size.columns) for line in lines)
    if text.count("\n") + 2 > size.lines:  # the prompt takes a line too
        for name, value in _pager_settings().items():
            os.environ.setdefault(name, value)
        click.echo_via_pager(terminal.legible(text) + "\n")  # it writes itself, and "?" for what it lacks
    else:
        click.echo(text)


def _pager_settings() -> dict[str, str]:
    """Return how `less` is to show a text: as it is, whatever locales this box has, with its keys in the last line.

    A person's LANG comes with them over SSH; where the box lacks that locale, `less` would write each Chinese sign as
    numbers. The keys are in English: of a prompt in Chinese `less` makes other signs.
    """
    if codecs.lookup(sys.stdout.encoding or "ascii").name != "utf-8":
        return {"LESS": f"-FrX{KEYS}"}
    return {"LESS": f"-FRX{KEYS}", "LESSCHARSET": "utf-8"}


def window_size() -> os.terminal_size:
    """Return the columns and lines of the window that is looked at."""
    import shutil  # here: what is read by a program needs none of it, and it brings all compressors

    return shutil.get_terminal_size()


def fold(text: str, columns: int) -> str:
    """Return the text with no line wider than that, but for what cannot be parted: a path, a command in backticks.

    It is the text as the output shows it: what stands for a sign that it lacks is often wider ("+/-" for "±").
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
    """Yield the pieces between which the line may be parted: no closing sign begins one, no opening sign ends one."""
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
    """Return the columns of a text (a Chinese character takes two), not counting what colours it."""
    shown = click.unstyle(text)  # rich would tell it too, and takes a help as long to load as all the rest
    wide = terminal.wide_kinds()
    return sum(
        (1 + (unicodedata.east_asian_width(sign) in wide)) * (unicodedata.combining(sign) == 0) for sign in shown
    )
