"""Collects what is to be translated into the catalogue, and compiles it: python provisioning/locale/catalog.py

Run it after a sentence has changed: new ones come into minshan.po with an empty translation, old ones go, and
minshan.mo is written. Babel does the work and is needed here alone; a station reads the .mo by Python's gettext.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from edge.config.trouble import SENTENCES

HERE = Path(__file__).parent
PROVISIONING = HERE.parent
PO = HERE / "zh_CN" / "LC_MESSAGES" / "minshan.po"
MO = PO.with_suffix(".mo")
KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2)}
# What click says only on Windows, or to programmers.
NOT_CLICK = (
    *("Windows error", "Name '{name}' defined", "Unknown color", "Unknown standard stream"),
    *("Value must be an iterable", "Arguments take exactly", "Boolean option", "Could not determine name"),
    *("Invalid start character", "No options defined", "Couldn't detect Bash", "Shell completion is not"),
    *("{editor}: ", "DeprecationWarning", "deprecated", "{value!r} is not a valid UUID", "env var"),
)
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)

Found = tuple[str, str | tuple[str, ...]]


def ours() -> Iterator[Found]:
    """(where, text) of each text of ours, a tuple for singular and plural."""
    for file, _line, text, _comments, _context in extract_from_dir(PROVISIONING, keywords=KEYWORDS):
        yield f"provisioning/{Path(file).as_posix()}", text
    for text in SENTENCES.values():
        yield "edge/config/trouble.py", text


def clicks() -> Iterator[Found]:
    """The same of click, which speaks by the process's own catalogue."""
    folder = Path(click.__file__).parent
    for _file, _line, text, _comments, _context in extract_from_dir(folder, keywords=KEYWORDS):
        first = text if isinstance(text, str) else text[0]
        if len(first) > 1 and not first.startswith(NOT_CLICK):
            yield "click", text


def collected() -> Catalog:
    """A catalogue of all texts, with the translations that there are."""
    with PO.open("rb") as file:
        known = read_po(file, locale="zh_CN", charset="utf-8")
    fresh = Catalog(locale="zh_CN", project="minshan", charset="utf-8", fuzzy=False)
    fresh.mime_headers = []
    for where, text in sorted({*ours(), *clicks()}, key=lambda found: (found[0], str(found[1]))):
        key = text if isinstance(text, str) else text[0]
        old = known.get(key)
        fresh.add(text, old.string if old else None, locations=[(where, 0)])
    return fresh


def po_bytes(catalog: Catalog) -> bytes:
    """minshan.po of a catalogue: no dates and lines in it, which would change without a word changing."""
    file = io.BytesIO()
    write_po(file, catalog, omit_header=False, include_lineno=False, sort_output=True, width=100)
    lines = [line for line in file.getvalue().splitlines(keepends=True) if b"-Date: " not in line]
    return b"".join(line for line in lines if not line.startswith((b'"Generated-By', b"# FIRST", b"# Copyright")))


def mo_bytes(po: bytes) -> bytes:
    """minshan.mo of a minshan.po's bytes."""
    catalog = read_po(io.BytesIO(po), locale="zh_CN", charset="utf-8")
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
