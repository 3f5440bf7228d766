"""docs/glossary.md and the catalogue agree on the field's terms."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.edge.language.test_locale import ROOT, chinese, english, messages

GLOSSARY = ROOT / "docs" / "glossary.md"
# The terms that the project's design fixes: they must be in the table whatever else it holds.
FIXED = {"极大风速", "湿球温度", "缺测", "未上传", "补传", "照片", "本地存档", "模拟设备"}


def rows() -> list[tuple[str, str, list[str]]]:
    """Return English, Chinese, and the words that are not used for it."""
    found = []
    for line in Path(GLOSSARY).read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and len(cells) == 4 and cells[0] != "English":
            found.append((cells[0], cells[1], cells[2].split()))
    return found


def test_the_fixed_terms_are_there() -> None:
    """The glossary has every term that the design names."""
    assert {chinese for _english, chinese, _not in rows()} >= FIXED


@pytest.mark.parametrize("row", rows(), ids=lambda row: str(row[0]))
def test_the_catalogue_says_what_the_glossary_says(row: tuple[str, str, list[str]]) -> None:
    """A term that is a text of its own is translated as the table has it; no translation uses a refused word."""
    term, wanted, refused = row
    for message in messages():
        if any(text.lower() == term.lower() for text in english(message)):
            assert wanted in chinese(message), f"{term} is {wanted}"
        for word in refused:
            assert word not in chinese(message), f"{word} is not used, {wanted} is: {message.id}"


def test_a_sentence_that_speaks_of_a_term_uses_its_word() -> None:
    """Gusts, missing, unsent, photos and the archive have one Chinese word wherever they are spoken of."""
    words = {
        "local archive": "本地存档",
        "unsent": "未上传",
        "photo": ("照片", "抓图"),
        "device twins": "模拟设备",
        "maintenance": "维护",
        "receipt": "回执",
    }
    for message in messages():
        for word, wanted in words.items():
            if word in english(message)[0].replace("minshan maintenance", "").replace("--receipts", "").lower():
                accepted = (wanted,) if isinstance(wanted, str) else wanted
                assert any(term in chinese(message) for term in accepted), message.id
