"""Messages that could not be handled: kept, counted, bounded."""

from __future__ import annotations

from pathlib import Path

import msgspec

from edge.wire.set_aside import SetAside, SetAsideMessage


def test_a_message_is_kept_whole_with_its_reason(tmp_path: Path) -> None:
    """Whoever looks finds topic, reason and the bytes as they came."""
    aside = SetAside(tmp_path / "aside")
    assert aside.put("minshan/1/s/live", b"\x00\nrubbish", "no JSON")
    (file,) = aside.files()
    head, _, payload = file.read_bytes().partition(b"\n")
    assert msgspec.json.decode(head, type=SetAsideMessage) == SetAsideMessage("minshan/1/s/live", "no JSON", 9)
    assert payload == b"\x00\nrubbish"
    assert (aside.count, str(aside.last)) == (1, "minshan/1/s/live: no JSON")


def test_a_message_that_comes_again_is_counted_and_kept_once(tmp_path: Path) -> None:
    """A broker that hands one message over for ever fills nothing, not even over restarts."""
    for _ in range(3):
        SetAside(tmp_path).put("t", b"same", "why")
    aside = SetAside(tmp_path)
    aside.put("t", b"same", "why")
    assert len(aside.files()) == 1
    assert aside.count == 1


def test_the_folder_stays_within_its_bytes_and_the_newest_stay(tmp_path: Path) -> None:
    """A flood of rubbish leaves the newest messages and never more bytes than the bound."""
    aside = SetAside(tmp_path, most_bytes=5000)
    for number in range(100):
        aside.put("t", b"%03d" % number * 300, "why")
    assert sum(path.stat().st_size for path in aside.files()) <= 5000
    assert aside.files()[-1].read_bytes().endswith(b"099")
    assert len(aside.files()) > 2


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    """A full or read-only disk costs the copy alone."""
    (tmp_path / "file").write_text("in the way")
    aside = SetAside(tmp_path / "file" / "folder")
    assert not aside.put("t", b"x", "why")
    assert aside.count == 1
