"""Files that people save: which bytes are text, and names whose bytes were taken for another encoding's."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.devices.profiles import ProfileError, load
from drivers.text_files import NoTextError, meant, text_of

TEXT = '[station]\nid = "a"\n# 上寨果园，一号\n'


@pytest.mark.parametrize(
    ("raw", "line", "code"),
    [
        (TEXT.encode("gbk"), 3, "other_encoding"),
        (TEXT.encode("utf-16"), 1, "other_encoding"),
        (TEXT.encode("utf-16-le"), 1, "other_encoding"),
        (TEXT.encode() + b"x = 1\n\0\0\0", 5, "file_has_nul"),
        (bytes(300), 1, "file_has_nul"),
        (TEXT.encode() + bytes(300), 4, "file_has_nul"),
        (TEXT.encode() + b"\xe9", 4, "file_not_utf8"),
        ("# 海拔 1590±10 m，31.68°，2 µg，一站——二站\n".encode("gb18030"), 1, "other_encoding"),
        (b"{\\rtf1\\ansi [station]}", 1, "file_has_form"),
        (b"PK\x03\x04\x14\0\6\0\x08\0\0\0", 1, "file_has_form"),
        (b"\n<!DOCTYPE html>\n<html>", 1, "file_has_form"),
    ],
    ids=[
        *(
            "GBK",
            "UTF-16",
            "UTF-16 without a mark",
            "null",
            "nothing but null",
            "more null than text",
            "other",
            "signs",
        ),
        *("RTF", "Word", "a web page"),
    ],
)
def test_bytes_that_are_no_text_are_told_with_their_line(raw: bytes, line: int, code: str) -> None:
    """Null bytes are what a power cut leaves: to save the file in another encoding would not help."""
    with pytest.raises(NoTextError) as told:
        text_of(raw)
    assert (told.value.line, told.value.reason.code) == (line, code)


def test_a_profile_in_another_encoding_is_told_as_the_stations_file_is(tmp_path: Path) -> None:
    """With its line and the encoding's name."""
    file = tmp_path / "own.toml"
    file.write_bytes('\ntitle = "风速"\n'.encode("gbk"))
    with pytest.raises(ProfileError, match=r"own\.toml:2: the file is in GBK, not UTF-8"):
        load(str(file))


@pytest.mark.parametrize("name", ["一站", "园", "寨一站", "一园 2"])
def test_a_name_whose_bytes_in_gbk_are_utf_8_too_is_recognised(name: str) -> None:
    """Such a file is read without an error, with letters of other alphabets in place of the name."""
    read = name.encode("gbk").decode("utf-8")
    assert read != name
    assert meant(read) == name


@pytest.mark.parametrize("name", ["上寨", "上寨果园", "茂县", "果园 2"])
def test_a_name_that_was_read_as_gbk_and_saved_so_is_recognised(name: str) -> None:
    """What many an editor makes of UTF-8."""
    assert meant(name.encode("utf-8").decode("gb18030")) == name


@pytest.mark.parametrize(
    "name",
    [
        "上寨果园",
        "一站",
        "岷山",
        "31.68°N ±2 µg",
        "Café Šiška",
        "Ωα",
        "Алматы",
        "мак",
        "Тұз",
        "Երևան",
        "རྡོ་རྗེ",
        "مەۋلان",
        "",
    ],
)
def test_another_name_is_left_as_it_is(name: str) -> None:
    """Of whatever alphabet."""
    assert meant(name) == ""
