"""What goes when room runs out, in the stated order, and what is told of it."""

from __future__ import annotations

import os
import random
from base64 import b85encode
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.records.record import ClockMark, Kind, Record, Stamp
from edge.records.spans import Span
from edge.store.check import check
from edge.store.delivery import FORWARD
from edge.store.outbox import PLATFORM
from edge.store.picture_rows import FULL, THUMBNAIL, NewPicture, PicturePart
from edge.store.store import Store
from tests.kits.store_kit import BODY, MINUTE, NTP, event, minute

DAY = 1440  # minutes
BIG = {**BODY, "note": b85encode(random.Random(1).randbytes(1550)).decode()}  # two pages a record, however packed
LIMIT = 400_000  # bytes: about 190 of them


@pytest.fixture(name="folder")
def state_folder(tmp_path: Path) -> Iterator[Path]:
    """Give a state folder whose store must be sound at the end."""
    yield tmp_path / "state"
    assert check(tmp_path / "state") == []


def sweep(store: Store, number: int) -> list[Record]:
    """Sweep at the boot's minute `number`."""
    return store.sweep(event(Kind.LOSS, number, {}).stamp, number * MINUTE, NTP)


def test_old_proven_records_go_and_nothing_else(folder: Path) -> None:
    """The archive keeps a year or what is set; what is older goes only where the platform has it."""
    store = Store.open(folder, epoch="a", destinations=(PLATFORM,), archive_days=2)
    for day in range(6):
        for n in range(4):
            store.append(minute(day * DAY + n))
    store.outbox.prove([Span("a", 5, 24)], PLATFORM)
    assert sweep(store, 6 * DAY) == []
    assert [r.seq for r in store.range(1, 99)] == [1, 2, 3, 4, *range(17, 25)]
    assert store.outbox.count_unsent(PLATFORM) == 4
    store.close()


def test_without_a_time_nothing_is_old(folder: Path) -> None:
    """A box that does not know the time deletes nothing for its age."""
    store = Store.open(folder, epoch="a", destinations=(PLATFORM,), archive_days=0)
    store.append(minute(1))
    store.append(minute(2))
    store.outbox.prove([Span("a", 1, 2)], PLATFORM)
    assert store.sweep(event(Kind.LOSS, 3, {}).stamp, None, NTP) == []
    assert len(store.range(1, 9)) == 2
    store.close()


def test_a_boot_that_nobody_can_date_any_more_does_not_keep_what_follows_it(folder: Path) -> None:
    """It goes with the next record that is old enough, and stays where that is not."""
    store = Store.open(folder, epoch="a", destinations=(PLATFORM,), archive_days=2)
    lost = msgspec.structs.replace(minute(1), stamp=Stamp("lost", 0.0), start=None, clock=ClockMark("bounds"))
    for day in (0, 1, 5):
        store.append(lost)
        store.append(minute(day * DAY))
    store.outbox.prove([Span("a", 1, 6)], PLATFORM)
    assert sweep(store, 6 * DAY) == []
    assert [r.seq for r in store.range(1, 99)] == [5, 6]
    store.close()


def test_another_platform_that_takes_nothing_costs_the_station_no_record(folder: Path) -> None:
    """Over the bound what the platform has goes before what it lacks, though another destination lacks all: that is a
    loss record of its own kind; and pictures wait for no such destination."""
    other = FORWARD + "county"
    store = Store.open(folder, epoch="a", destinations=(PLATFORM, other), records_bytes=LIMIT)
    for n in range(1, 251):
        store.append(minute(n, body=BIG))
    store.outbox.prove([Span("a", 41, 250)], PLATFORM)
    losses = sweep(store, 300)
    assert [loss.fields()["state"] for loss in losses] == ["not forwarded"] * len(losses) != []
    assert (losses[0].fields()["first"], store.get(1) is not None) == (41, True)
    assert store.outbox.count_unsent(PLATFORM) == 40 + len(losses)
    assert store.size_bytes() <= LIMIT
    (store.pictures.folder / f"{'ab' * 32}.jpg").write_bytes(b"123456789")
    draft = event(Kind.PICTURE, 301, {})
    store.append(draft, picture=NewPicture("ab" * 32, "north", PicturePart(9, "ab" * 32), None))
    assert (len(store.pictures.next_pieces(PLATFORM, 9)), store.pictures.next_pieces(other, 9)) == (1, [])
    store.close()


def test_sent_goes_before_unsent_and_every_loss_is_a_record(folder: Path) -> None:
    """Over the bound what is proven goes first without a word, then the oldest unsent, with span and cause."""
    store = Store.open(folder, epoch="a", destinations=(PLATFORM,), records_bytes=LIMIT)
    for n in range(1, 151):
        store.append(minute(n, body=BIG))
    store.outbox.prove([Span("a", 101, 150)], PLATFORM)
    for n in range(151, 221):
        store.append(minute(n, body=BIG))
    assert sweep(store, 300) == []
    assert store.outbox.count_unsent(PLATFORM) == 170
    assert store.size_bytes() <= LIMIT
    for n in range(221, 1401):
        store.append(minute(n, body=BIG))
    losses = sweep(store, 1500)
    assert store.size_bytes() <= LIMIT
    assert [(r.kind, r.fields()["what"], r.fields()["cause"]["text"]) for r in losses] == [
        (Kind.LOSS, "records", "quota")
    ] * len(losses)
    lost = {n for r in losses for n in range(r.fields()["first"], r.fields()["last"] + 1)}
    kept = {r.seq for r in store.range(1, 9999)}
    assert lost | kept | set(range(101, 151)) == set(range(1, store.next_seq))
    assert losses[0].fields()["start"] == MINUTE
    assert {r.seq for r in losses} <= {r.seq for r in store.outbox.unsent(PLATFORM, limit=9999)}
    store.close()


def test_the_file_stays_bounded_for_ever(folder: Path) -> None:
    """Months without a link never let the database grow beyond its bound."""
    store = Store.open(folder, epoch="a", destinations=(PLATFORM,), records_bytes=LIMIT)
    for n in range(1, 3001):
        store.append(minute(n, body=BIG))
        if n % 50 == 0:
            sweep(store, n)
    store.close()
    assert (folder / "records.db").stat().st_size <= LIMIT + 50 * 2100 + 500_000


def test_a_setup_stays_while_records_need_it(folder: Path) -> None:
    """The setup that kept minutes were made under is never swept before them."""
    store = Store.open(folder, epoch="a", destinations=(PLATFORM,), archive_days=1)
    for day in range(4):
        setup = store.append(event(Kind.SETUP, day * DAY, {"day": day})).seq
        store.append(event(Kind.HEALTH, day * DAY + 1, {}))
        store.append(msgspec.structs.replace(minute(day * DAY + 2), setup=setup))
    store.outbox.prove([Span("a", 1, 12)], PLATFORM)
    sweep(store, 4 * DAY)
    assert [r.fields()["day"] for r in store.range(1, 99) if r.kind == Kind.SETUP] == [3]
    assert all(store.get(r.setup) for r in store.range(1, 99) if r.setup)
    store.close()


def picture(store: Store, number: int, thumbnail: bool = True) -> str:
    """Keep a picture of 1000 bytes, with a thumbnail of 10; its name."""
    name = f"{number:064x}"
    (store.pictures.folder / f"{name}.jpg").write_bytes(bytes(1000))
    if thumbnail:
        (store.pictures.folder / f"{name}.thumb.jpg").write_bytes(bytes(10))
    new = NewPicture(name, "mast", PicturePart(1000, name), PicturePart(10, name[::-1]) if thumbnail else None)
    store.append(event(Kind.PICTURE, number, {"picture": name}), picture=new)
    return name


def left(store: Store) -> list[tuple[int, str]]:
    """Return the parts whose files are there: number and part."""
    names = (path.name for path in store.pictures.folder.iterdir())
    return sorted((int(name.partition(".")[0], 16), THUMBNAIL if "thumb" in name else FULL) for name in names)


def test_pictures_go_in_the_stated_order(folder: Path) -> None:
    """Pictures that the platform has go first, then full ones that leave a thumbnail, each loss told."""
    store = Store.open(folder, epoch="a", destinations=(PLATFORM,), pictures_bytes=3100)
    first = picture(store, 1)
    picture(store, 2, thumbnail=False)
    last = picture(store, 3)
    for name in (first, last):
        store.pictures.closed(PLATFORM, name, FULL)
    assert sweep(store, 10) == []
    picture(store, 4)
    assert sweep(store, 11) == []
    assert left(store) == [(1, THUMBNAIL), (2, FULL), (3, FULL), (3, THUMBNAIL), (4, FULL), (4, THUMBNAIL)]
    picture(store, 5)
    picture(store, 6)
    losses = sweep(store, 12)
    assert (1, FULL) not in left(store)
    assert (3, FULL) not in left(store)
    assert {(2, FULL), (4, THUMBNAIL), (5, THUMBNAIL), (6, THUMBNAIL)} <= set(left(store))
    assert [(r.fields()["what"], r.fields()["part"], r.fields()["first"]) for r in losses] == [("pictures", FULL, 4)]
    assert store.pictures.stray_files() == []
    store.close()


def test_a_picture_is_sent_thumbnail_first_and_resumes(folder: Path) -> None:
    """Thumbnails go before full pictures, the newest first; a chunk's offset outlives a restart."""
    store = Store.open(folder, epoch="a", destinations=(PLATFORM,))
    old, new = picture(store, 1), picture(store, 2)
    pieces = store.pictures.next_pieces(PLATFORM, 9)
    assert [(p.picture, p.part) for p in pieces] == [(new, THUMBNAIL), (old, THUMBNAIL), (new, FULL), (old, FULL)]
    store.pictures.progress(PLATFORM, new, FULL, 600)
    store.close()
    store = Store.open(folder, epoch="b", destinations=(PLATFORM,))
    for name in (new, old):
        assert store.pictures.sent(PLATFORM, name, THUMBNAIL)
    piece = store.pictures.next_pieces(PLATFORM)[0]
    assert (piece.picture, piece.offset, piece.size, piece.time, piece.epoch) == (new, 600, 1000, 2 * MINUTE, "a")
    assert piece.path.stat().st_size == 1000
    assert store.pictures.unproven(PLATFORM) == [(old, THUMBNAIL), (new, THUMBNAIL)]
    assert store.pictures.closed(PLATFORM, old, THUMBNAIL)
    assert store.pictures.again(PLATFORM, new, THUMBNAIL)
    assert store.pictures.next_pieces(PLATFORM)[0].part == THUMBNAIL
    assert not store.pictures.again(PLATFORM, "none", FULL)
    count = store.pictures.count(PLATFORM)
    assert (count.thumbnails, count.full, count.bytes_left) == (1, 2, 10 + 400 + 1000)
    store.close()


def disk_with(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    """Let the system say that the disk of 32 GB has so many bytes left."""
    blocks = 32 * 10**9 // 4096
    said = os.statvfs_result((4096, 4096, blocks, free // 4096, free // 4096, 1, 1, 1, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda path: said)


def test_a_scarce_disk_takes_pictures_and_what_is_proven_but_nothing_unsent(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While somebody else fills the disk no record is given up that the platform may lack."""
    store = Store.open(folder, epoch="a", destinations=(PLATFORM,))
    for n in range(1, 101):
        store.append(minute(n))
    store.outbox.prove([Span("a", 1, 40)], PLATFORM)
    picture(store, 101)
    disk_with(monkeypatch, free=100_000_000)
    losses = sweep(store, 102)
    assert [(r.fields()["what"], r.fields()["cause"]["text"]) for r in losses] == [
        ("pictures", "disk"),
        ("pictures", "disk"),
    ]
    assert left(store) == []
    assert [r.seq for r in store.range(1, 100)] == list(range(41, 101))
    store.close()


def test_a_full_disk_gives_up_the_oldest_few_for_the_newest(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no byte left and nothing else to give up, a twentieth of the records goes in a sweep, and it is told."""
    store = Store.open(folder, epoch="a", destinations=(PLATFORM,))
    for n in range(1, 101):
        store.append(minute(n))
    disk_with(monkeypatch, free=0)
    losses = sweep(store, 102)
    assert [(r.fields()["first"], r.fields()["last"], r.fields()["cause"]["text"]) for r in losses] == [(1, 5, "disk")]
    assert store.outbox.count_unsent(PLATFORM) == 96
    store.close()
