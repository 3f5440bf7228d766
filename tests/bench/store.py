"""The store: synced appends in a second and bytes that reach the disk, beside a raw synced append.

There are two raw appends of the record's JSON and a line feed: to the end of a file that grows, with fsync, and into
a file of zeros, with fdatasync, which is the least that a disk can do. Neither can be searched, nor closed by a
range, nor salvaged. Whole rounds of the store's log are counted, so that folding it in is part of the figure. Bytes
on the disk are a loop device's own counter under ext4, where this may be mounted; otherwise they are not measured, as
the process's counter does not see the file system's journal.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from edge.records.record import ClockMark, Draft, Kind, Stamp
from edge.records.spans import Span
from edge.store import schema
from edge.store.folder import DATABASE
from edge.store.outbox import PLATFORM
from edge.store.rows import record_of
from edge.store.store import Store
from tests.bench.figures import Row, UnmeasuredError, repeated, row
from tests.kits.store_kit import many

BURST = 2000
REPEATS = 3
ROUND = schema.WAL_PAGES  # records: at least one round of the log
MINUTES = 4400  # about two rounds of the log, so that what folding it in costs is counted
WARM = 3000
NAMES = (
    "air_temperature",
    "relative_humidity",
    "air_pressure",
    "wind_speed",
    "wind_speed_of_gust",
    "wind_from_direction",
    "wind_speed_2min",
    "wind_speed_10min",
    "rainfall_amount",
    "illuminance",
    "pm1",
    "pm2p5",
    "pm10",
    "air_temperature.louvre",
)
SPANS = 60_000
IMAGE_MB = 256
SECTOR = 512
Worker = Callable[..., None]  # (folder, number of records, what to do after each)


def draft(n: int) -> Draft:
    """Return minute `n` of a station with 14 channels."""
    values = {name: round((n * 7919 + i * 104729) % 10000 / 100, 2) for i, name in enumerate(NAMES)}
    body = {"values": values, "quality": dict.fromkeys(NAMES, 1), "reasons": {}}
    return Draft(Kind.MINUTE, Stamp("6f1c" * 8, n * 60.0), 60.0, n * 60_000_000, ClockMark("ntp", 0.01), body, 1)


def line(n: int, given: Draft) -> bytes:
    """Return a record as the raw append writes it."""
    return msgspec.json.encode(record_of(given, "5d0c9c1f", n)) + b"\n"


def rows() -> Iterator[Row]:
    """Yield the bench's rows."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ways: dict[str, Worker] = {"ours": stored, "growing": raw_appended, "zeros": raw_overwritten}
        rates: dict[str, list[float]] = {way: [] for way in ways}
        for turn in range(REPEATS):
            for way, work in ways.items():
                rates[way].append(ROUND / timed(work, folder / f"{way}-{turn}", ROUND))
        for peer, what in (("growing", "growing file, fsync"), ("zeros", "file of zeros, fdatasync")):
            yield repeated(f"appends in a second (raw, {what})", rates["ours"], rates[peer])
        size = (folder / "ours-0" / DATABASE).stat().st_size
        yield row("bytes of the file for a record (its JSON line)", size / ROUND, len(line(9, draft(9))), "<= 600 B")
        yield row("CPU ms for a message of 60,000 spans, every other record ", 1000 * spans_proven(folder / "p"))
    with disk() as (mount, written):
        peers = {settle: bytes_written(mount, written, raw_appended, settle) for settle in (False, True)}
        for what, settle, closing in (
            ("in a burst", False, False),
            ("at one a minute", True, False),
            ("at one a minute, each acknowledged and closed", True, True),
        ):
            ours = bytes_written(mount, written, closed if closing else stored, settle)
            yield row(f"bytes written to the disk for a record {what} (raw, fsync)", ours, peers[settle], "<= 1.0 x")


def ignore(n: int) -> None:
    """Do nothing after record `n`."""


def timed(work: Worker, folder: Path, number: int) -> float:
    """Return the seconds that the work takes."""
    began = time.monotonic()
    work(folder, number)
    return time.monotonic() - began


def stored(folder: Path, number: int, each: Callable[[int], None] = ignore) -> None:
    """Append to the store."""
    store = Store.open(folder, epoch="5d0c9c1f", destinations=(PLATFORM,))
    for n in range(1, number + 1):
        store.append(draft(n), {"rainfall_amount": n})
        each(n)
    store.close()


def closed(folder: Path, number: int, each: Callable[[int], None] = ignore) -> None:
    """Append to the store, each record sent and closed before the next."""
    store = Store.open(folder, epoch="5d0c9c1f", destinations=(PLATFORM,))
    for n in range(1, number + 1):
        record = store.append(draft(n), {"rainfall_amount": n})
        store.outbox.mark_sent([record], PLATFORM)
        store.outbox.prove([Span(record.epoch, record.seq, record.seq)], PLATFORM)
        each(n)
    store.close()


def spans_proven(folder: Path) -> float:
    """Return the s of CPU that the store takes to close every other of 120,000 records, told one by one."""
    many(folder, 2 * SPANS)
    store = Store.open(folder, epoch="b", destinations=(PLATFORM,))
    named = [Span("a", n, n) for n in range(1, 2 * SPANS, 2)]
    began = time.process_time()
    store.outbox.prove(named, PLATFORM)
    taken = time.process_time() - began
    store.close()
    return taken


def raw_appended(folder: Path, number: int, each: Callable[[int], None] = ignore) -> None:
    """Append to the end of a file, each synced."""
    folder.mkdir()
    with (folder / "lines").open("ab", buffering=0) as file:
        for n in range(1, number + 1):
            file.write(line(n, draft(n)))
            os.fsync(file.fileno())
            each(n)


def raw_overwritten(folder: Path, number: int, each: Callable[[int], None] = ignore) -> None:
    """Write into a file of zeros, each synced without what the file system knows of the file."""
    folder.mkdir()
    size = sum(len(line(n, draft(n))) for n in range(1, number + 1))
    with (folder / "lines").open("wb", buffering=0) as file:
        file.write(bytes(size))
        os.fsync(file.fileno())
        file.seek(0)
        for n in range(1, number + 1):
            file.write(line(n, draft(n)))
            os.fdatasync(file.fileno())
            each(n)


def bytes_written(mount: Path, written: Callable[[], int], work: Worker, settle: bool) -> float:
    """Return the bytes for a record that reached the device, the file system's journal among them.

    Counted after WARM records, when the store's log has its size, as it has for all but a daemon's first hours. With
    `settle` the file system is brought to rest after each record, as it is within a minute.
    """
    counted = MINUTES if settle else BURST
    at: list[int] = []
    syncfs = ctypes.CDLL(None).syncfs  # this file system alone: others have their own work
    top = os.open(mount, os.O_RDONLY)

    def each(n: int) -> None:
        if n >= WARM and settle:
            syncfs(top)
        if n in (WARM, WARM + counted):
            syncfs(top)
            at.append(written())

    work(mount / "work", WARM + counted, each)
    os.close(top)
    shutil.rmtree(mount / "work")
    return (at[1] - at[0]) / counted


@contextmanager
def disk() -> Iterator[tuple[Path, Callable[[], int]]]:
    """Mount an ext4 of our own on a loop device. Yield its path and the reader of its counter of bytes written."""
    if os.geteuid() or not shutil.which("mkfs.ext4") or not shutil.which("losetup"):
        raise UnmeasuredError("bytes written to the disk want root, mkfs.ext4 and losetup")
    with ExitStack() as undo:
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory()))
        image, mount = folder / "image", folder / "mount"
        mount.mkdir()
        with image.open("wb") as file:
            file.truncate(IMAGE_MB << 20)
        run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(image))
        device = run("losetup", "--find", "--show", str(image))
        undo.callback(run, "losetup", "--detach", device)
        run("mount", "-o", "noatime", device, str(mount))
        undo.callback(run, "umount", str(mount))
        counters = Path("/sys/block", Path(device).name, "stat")
        yield mount, lambda: int(counters.read_text().split()[6]) * SECTOR


def run(*command: str) -> str:
    """Return what a command prints. Raise UnmeasuredError with its reason where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UnmeasuredError(f"{command[0]}: {done.stderr.strip()}")
    return done.stdout.strip()
