"""What each destination has of the pictures: none delays another, and older stores keep what they knew of it."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import apsw
import pytest

from edge.store import schema
from edge.store.folder import DATABASE, PICTURES
from edge.store.outbox import PLATFORM
from edge.store.picture_rows import CLOSED, FULL, SENT, THUMBNAIL, UNSENT, PictureCount
from edge.store.store import Store
from tests.kits.power import Disk, Tape
from tests.kits.store_kit import folder_in_memory, minute
from tests.unit.edge.store.test_store_packing import old_store
from tests.unit.edge.store.test_store_quota import left, picture, sweep

__all__ = ["folder_in_memory"]  # a fixture
BACKUP = "backup"
SIZES = {FULL: 1000, THUMBNAIL: 10}
# (number, part) -> bytes that the broker has, and the state, as a store of version 1 or 3 had them
KNOWN = {
    (1, FULL): (1000, CLOSED),
    (1, THUMBNAIL): (10, CLOSED),
    (2, FULL): (1000, SENT),
    (2, THUMBNAIL): (10, CLOSED),
    (3, FULL): (600, UNSENT),
    (3, THUMBNAIL): (10, SENT),
    (4, FULL): (0, UNSENT),
}


def name_of(number: int) -> str:
    """Return a picture's name."""
    return f"{number:064x}"


def due(store: Store, destination: str) -> list[tuple[int, str, int]]:
    """Return what goes to a destination, in its order: number, part, from which byte on."""
    return [(int(row.picture, 16), row.part, row.offset) for row in store.pictures.next_pieces(destination, 99)]


def test_each_destination_has_the_pictures_for_itself(tmp_path: Path) -> None:
    """What one has, has in part, or loses, changes nothing for the other."""
    store = Store.open(tmp_path, epoch="a", destinations=(PLATFORM, BACKUP))
    one, two = picture(store, 1), picture(store, 2)
    everything = [(2, THUMBNAIL, 0), (1, THUMBNAIL, 0), (2, FULL, 0), (1, FULL, 0)]
    for part in (THUMBNAIL, FULL):
        assert store.pictures.closed(PLATFORM, two, part)
        assert store.pictures.sent(PLATFORM, one, part)
    store.pictures.progress(BACKUP, one, FULL, 700)
    assert due(store, PLATFORM) == []
    assert due(store, BACKUP) == [*everything[:-1], (1, FULL, 700)]
    assert store.pictures.closed(BACKUP, one, THUMBNAIL)
    store.append(minute(3))
    store.close()
    store = Store.open(tmp_path, epoch="b", destinations=(PLATFORM, BACKUP))
    assert store.pictures.unproven(PLATFORM) == [(one, FULL), (one, THUMBNAIL)]
    assert store.pictures.unproven(BACKUP) == []
    assert store.pictures.count(PLATFORM) == PictureCount(1, 1, 1010)
    assert store.pictures.count(BACKUP) == PictureCount(1, 2, 10 + 1000 + 300)
    store.pictures.doubt(BACKUP)
    assert store.pictures.unproven(BACKUP) == [(one, THUMBNAIL)]
    assert store.pictures.again(BACKUP, one, THUMBNAIL)
    assert store.pictures.unproven(PLATFORM) == [(one, FULL), (one, THUMBNAIL)]
    store.pictures.doubt(PLATFORM)
    assert len(store.pictures.unproven(PLATFORM)) == 4
    assert due(store, BACKUP) == [*everything[:-1], (1, FULL, 700)]
    store.close()


def test_a_new_destination_is_sent_every_picture(tmp_path: Path) -> None:
    """Pictures that were taken before somebody named it are unsent there, and as they were for the other."""
    store = Store.open(tmp_path, epoch="a", destinations=(PLATFORM,))
    assert store.pictures.closed(PLATFORM, picture(store, 1), FULL)
    store.close()
    store = Store.open(tmp_path, epoch="b", destinations=(PLATFORM, BACKUP))
    store.append(minute(2))
    assert due(store, BACKUP) == [(1, THUMBNAIL, 0), (1, FULL, 0)]
    assert due(store, PLATFORM) == [(1, THUMBNAIL, 0)]
    store.close()


def test_room_is_made_of_what_every_destination_has(tmp_path: Path) -> None:
    """A picture that one destination alone has does not go before one that both have, however old it is."""
    store = Store.open(tmp_path, epoch="a", destinations=(PLATFORM, BACKUP), pictures_bytes=4200)
    one, two = picture(store, 1), picture(store, 2)
    for n in (3, 4):
        picture(store, n)
    for destination, name in ((PLATFORM, one), (PLATFORM, two), (BACKUP, two)):
        assert store.pictures.closed(destination, name, FULL)
    picture(store, 5)
    assert sweep(store, 6) == []
    assert (2, FULL) not in left(store)
    assert {(n, FULL) for n in (1, 3, 4, 5)} <= set(left(store))
    picture(store, 6)
    assert [loss.fields()["pictures"] for loss in sweep(store, 7)] == [[one]]
    assert [number for number, *_ in due(store, BACKUP) if number == 1] == [1], "the thumbnail alone"
    store.close()


# -- stores of older versions ------------------------------------------------------------------------------------


def older(folder: Path, version: int) -> None:
    """Make a store of that version (1: that of 0.1.0) with pictures in every state, and their files."""
    old_store(folder)
    connection = apsw.Connection(str(folder / DATABASE))
    with connection:
        for migration in schema.MIGRATIONS[1:version]:
            migration(connection)
        connection.pragma("user_version", version)
        connection.executemany(
            "INSERT INTO piece (picture, part, epoch, seq, camera, size, sha256, sent, state) "
            "VALUES (?, ?, 'old', ?, 'mast', ?, ?, ?, ?)",
            [(name_of(n), p, n, SIZES[p], name_of(n), sent, state) for (n, p), (sent, state) in KNOWN.items()],
        )
    connection.close()
    put_files(folder)


def put_files(folder: Path) -> None:
    """Put the pictures' files there."""
    (folder / PICTURES).mkdir(exist_ok=True)
    for number, part in KNOWN:
        ending = ".thumb.jpg" if part == THUMBNAIL else ".jpg"
        (folder / PICTURES / f"{name_of(number)}{ending}").write_bytes(bytes(SIZES[part]))


def check_known(store: Store) -> None:
    """Check that a store knows all that the older one knew."""
    assert due(store, PLATFORM) == [(4, FULL, 0), (3, FULL, 600)]
    assert store.pictures.unproven(PLATFORM) == [(name_of(2), FULL), (name_of(3), THUMBNAIL)]
    assert store.pictures.count(PLATFORM) == PictureCount(1, 3, 400 + 1000)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_an_older_store_keeps_what_the_platform_has(tmp_path: Path, version: int) -> None:
    """Nothing goes a second time because the program was renewed, and nothing counts as there that is not."""
    older(tmp_path / "state", version)
    store = Store.open(tmp_path / "state", epoch="new", destinations=(PLATFORM,))
    assert store.repaired is None
    check_known(store)
    store.append(minute(1))
    check_known(store)
    store.close()


def test_an_older_store_that_is_damaged_keeps_it_too(tmp_path: Path) -> None:
    """The salvage of a store of the version before takes over what the platform has of its pictures."""
    older(tmp_path / "state", 3)
    connection = apsw.Connection(str(tmp_path / "state" / DATABASE))
    connection.execute("DROP INDEX timeless")  # what no version of this program does
    connection.close()
    store = Store.open(tmp_path / "state", epoch="new", destinations=(PLATFORM,))
    assert store.repaired is not None
    check_known(store)
    store.append(minute(1))
    check_known(store)
    store.close()


def test_taking_over_the_pictures_of_an_older_store_may_be_cut_off(ram: Path) -> None:
    """60 power cuts while it is taken over: after each, the next start knows all that the older one knew."""
    older(ram / "live", 3)
    shutil.copytree(ram / "live", ram / "before")
    tape, rng = Tape("tape-pictures", ram / "live"), random.Random(7)
    with tape.listening():
        Store.open(ram / "live", epoch="new", destinations=(PLATFORM,), vfs=tape.vfs_name).close()
    tape.unregister()
    disk, done = Disk(ram / "before"), 0
    for at in sorted(rng.randint(1, len(tape.ops)) for _ in range(60)):
        for op in tape.ops[done:at]:
            disk.play(op)
        done = at
        disk.cut(ram / "cut", rng)
        put_files(ram / "cut")
        store = Store.open(ram / "cut", epoch="after", destinations=(PLATFORM,))
        check_known(store)
        store.close()
        shutil.rmtree(ram / "cut")
