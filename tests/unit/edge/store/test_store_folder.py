"""What lies in the state folder beside the database: whose it is, and what no record tells of."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge.records.record import Kind
from edge.store.folder import DATABASE, LOG
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from tests.kits.store_kit import event, minute


def test_strays_are_moved_aside_and_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that no row tells of are kept aside, the newest of them where they are too many."""
    store = Store.open(tmp_path, epoch="a", destinations=(PLATFORM,))
    for n in range(4):
        path = tmp_path / "pictures" / f"{n}.jpg"
        path.write_bytes(bytes(100))
        os.utime(path, (n, n))
    monkeypatch.setattr("edge.store.pictures.STRAYS_BYTES", 250)
    assert store.pictures.set_strays_aside() == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    assert sorted(path.name for path in store.pictures.strays.iterdir()) == ["2.jpg", "3.jpg"]
    assert store.pictures.count_strays() == (2, 200)
    assert store.pictures.set_strays_aside() == []
    store.close()


def test_nobody_else_may_read_the_records(tmp_path: Path) -> None:
    """Whatever the umask: all is closed to others, older ones too; records to our group as well: the page's."""
    before = os.umask(0)
    try:
        for _ in range(2):
            store = Store.open(tmp_path / "state", epoch="a", destinations=(PLATFORM,))
            store.append(minute(1))
            store.sweep(event(Kind.LOSS, 2, {}).stamp, None, minute(1).clock)
            for name in (".", DATABASE, DATABASE + LOG, "ballast", "pictures", "lock"):
                assert not (tmp_path / "state" / name).stat().st_mode & 0o007, name
            for name in (DATABASE, DATABASE + LOG):
                assert not (tmp_path / "state" / name).stat().st_mode & 0o077, name
            store.close()
            os.chmod(tmp_path / "state" / DATABASE, 0o644)
    finally:
        os.umask(before)
