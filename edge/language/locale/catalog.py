"""Collects what is to be translated into the catalogue, and compiles it: python edge/language/locale/catalog.py

Run it after a sentence has changed: new ones come into minshan.po with an empty translation, old ones go, and
minshan.mo is written. Babel does the work and is needed here alone; a station reads the .mo by Python's gettext.

A `Reason` is in it by its code, in the context "reason", its English template as the comment above: so it is found
also where a record brings the code alone. Where the template has changed, its translation is marked fuzzy, which a
test refuses until somebody has looked at it.
"""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

import click
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from drivers.devices.profiles import load, names

HERE = Path(__file__).parent
ROOT = HERE.parent.parent.parent
PACKAGES = ("drivers", "edge", "hub", "provisioning")
REASON, SAID = "reason", "said"
PO = HERE / "zh_CN" / "LC_MESSAGES" / "minshan.po"
MO = PO.with_suffix(".mo")
KINDS = [("**.py", "python"), ("**/templates/**.html", "jinja2.ext:babel_extract")]
KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2)}
# What click says only on Windows, or to programmers.
NOT_CLICK = (
    *("Windows error", "Name '{name}' defined", "Unknown color", "Unknown standard stream"),
    *("Value must be an iterable", "Arguments take exactly", "Boolean option", "Could not determine name"),
    *("Invalid start character", "No options defined", "Couldn't detect Bash", "Shell completion is not"),
    *("{editor}: ", "DeprecationWarning", "deprecated", "{value!r} is not a valid UUID", "env var"),
)
MAKES = re.compile(r"\b(Reason|log)\b")  # what `reasons` and `log_lines` look for; it is quicker found than parsed
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)

Found = tuple[str, str | tuple[str, ...]]


def ours() -> Iterator[Found]:
    """Yield (where, text) of each text of ours, a tuple for singular and plural."""
    for package in PACKAGES:
        for file, _line, text, _comments, _context in extract_from_dir(ROOT / package, KINDS, keywords=KEYWORDS):
            yield f"{package}/{Path(file).as_posix()}", text
    yield from log_lines()
    yield from profiles()


def profiles() -> Iterator[Found]:
    """Yield what the built-in Modbus profiles say to people: of what device each is, and what nobody has confirmed."""
    for name in names():
        profile = load(name)
        for text in filter(None, (profile.title, profile.maker, profile.unconfirmed)):
            yield f"drivers/devices/profiles/{name}.toml", text


@cache
def calls() -> tuple[tuple[str, ast.Call], ...]:
    """Return each call in those sources that make a meaning or write to the journal, with its file."""
    return tuple(
        (file.relative_to(ROOT).as_posix(), node)
        for package in PACKAGES
        for file in sorted((ROOT / package).rglob("*.py"))
        if MAKES.search(text := file.read_text(encoding="utf-8"))
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
    )


def log_lines() -> Iterator[Found]:
    """Yield the templates of the journal's lines, but for those that are looked at by developers alone."""
    for file, call in calls():
        match call:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="log"), attr="info" | "warning" | "error" | "exception"),
                args=[ast.Constant(value=str() as text), *_],
            ) if text != "%s":
                yield file, text


class Made(NamedTuple):
    """One `Reason(code, template, name=...)` in the source."""

    where: str
    code: str
    template: str
    params: frozenset[str]


def reasons() -> Iterator[Made]:
    """Yield each place where a meaning is made. Raise ValueError where code and template are not plain texts there."""
    for file, call in calls():
        if isinstance(call.func, ast.Name) and call.func.id == "Reason":
            yield from _made(f"{file}:{call.lineno}", call)


def _made(where: str, call: ast.Call) -> Iterator[Made]:
    match call.args:
        case [ast.Constant(value=str() as code), ast.Constant(value=str() as template)]:
            names = frozenset(keyword.arg or "**" for keyword in call.keywords)
            yield Made(where, code, template, names)
        case _ if where.partition(":")[0] != "drivers/reason.py":  # which makes them again from what was written
            raise ValueError(f"{where}: code and template must be plain texts here")


def templates() -> dict[str, str]:
    """Code -> template."""
    return {made.code: made.template for made in reasons()}


def clicks() -> Iterator[Found]:
    """Yield the same of click, which speaks by the process's own catalogue."""
    folder = Path(click.__file__).parent
    for _file, _line, text, _comments, _context in extract_from_dir(folder, keywords=KEYWORDS):
        first = text if isinstance(text, str) else text[0]
        if len(first) > 1 and not first.startswith(NOT_CLICK):
            yield "click", text


def collected() -> Catalog:
    """Return a catalogue of all texts, with the translations that there are."""
    with PO.open("rb") as file:
        known = read_po(file, locale="zh_CN", charset="utf-8")
    fresh = Catalog(locale="zh_CN", project="minshan", charset="utf-8", fuzzy=False)
    fresh.mime_headers = []
    for where, text in sorted({*ours(), *clicks()}, key=lambda found: (found[0], str(found[1]))):
        key = text if isinstance(text, str) else text[0]
        old = known.get(key)
        fresh.add(text, old.string if old else None, locations=[(where, 0)])
    for code, template in sorted(templates().items()):
        before = known.get(code, context=REASON)
        flags = {"fuzzy"} if before and before.string and " ".join(before.auto_comments) != template else set()
        string = before.string if before else None
        fresh.add(code, string, context=REASON, auto_comments=[template], flags=flags)
    return fresh


def po_bytes(catalog: Catalog) -> bytes:
    """Return the bytes of minshan.po: no dates and lines in it, which would change without a word changing."""
    file = io.BytesIO()
    write_po(file, catalog, omit_header=False, include_lineno=False, sort_output=True, width=100)
    lines = [line for line in file.getvalue().splitlines(keepends=True) if b"-Date: " not in line]
    return b"".join(line for line in lines if not line.startswith((b'"Generated-By', b"# FIRST", b"# Copyright")))


def mo_bytes(po: bytes) -> bytes:
    """Return the bytes of minshan.mo from those of a minshan.po.

    A meaning without parameters is in it by its sentence too, in the context "said": an older station sends that alone.
    """
    catalog = read_po(io.BytesIO(po), locale="zh_CN", charset="utf-8")
    for message in [one for one in catalog if one.context == REASON]:
        sentence = " ".join(message.auto_comments)
        if sentence and "{" not in sentence:
            catalog.add(sentence, message.string, context=SAID)
    # Otherwise the header would hold the minute in which this ran.
    catalog.creation_date = catalog.revision_date = BEGINNING
    file = io.BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def main() -> None:
    """Update both files, and name what has no translation yet."""
    po = po_bytes(collected())
    PO.write_bytes(po)
    MO.write_bytes(mo_bytes(po))
    for message in read_po(io.BytesIO(po), locale="zh_CN", charset="utf-8"):
        if message.id and not all(message.string if isinstance(message.string, tuple) else [message.string]):
            click.echo(f"not translated: {message.id!r}")


if __name__ == "__main__":
    main()
