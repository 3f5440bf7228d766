"""A file with a password, however the editors and shells of Windows save it."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.reason import system_reason
from edge.files import NoPasswordError, read_password

LINE = "must contain one line of UTF-8 text, only the password"


@pytest.mark.parametrize(
    "saved",
    [
        b"geheim 7\r\n",
        "\ufeffgeheim 7\r\n".encode(),
        "geheim 7\r\n".encode("utf-16"),
        b"\xfe\xff" + "geheim 7".encode("utf-16-be"),
    ],
    ids=["line ends", "mark", "shell", "big endian"],
)
def test_a_password_is_what_was_typed(tmp_path: Path, saved: bytes) -> None:
    """Neither the mark before it nor the two bytes of each of its letters are part of it."""
    file = tmp_path / "password"
    file.write_bytes(saved)
    assert read_password(file) == "geheim 7"


@pytest.mark.parametrize(
    "saved",
    [b"one\ntwo", "geheim".encode("utf-16-le"), "密码".encode("gbk"), b"\xff\xfe1"],
    ids=["two lines", "no mark", "GBK", "torn"],
)
def test_what_is_no_line_of_text_is_told_and_not_used(tmp_path: Path, saved: bytes) -> None:
    """A password with a line end or null bytes in it would be refused by whoever gets it, and nobody would know why."""
    file = tmp_path / "password"
    file.write_bytes(saved)
    with pytest.raises(NoPasswordError) as told:
        read_password(file)
    assert (told.value.filename, str(system_reason(told.value))) == (str(file), LINE)
