"""The order of deletion when space runs out. Nothing is deleted because it was sent, only because space is needed.

Records, bounded by `records_bytes` of pages in use, go in this order, the oldest first in each step:
 1. records that every destination has proven to have and that are older than `archive_days`;
 2. younger ones that every destination has proven to have, while the bound is exceeded;
 3. those that the platform has proven to have and another destination has not: no other destination may cost the
    platform a record;
 4. those sent to the platform but not proven;
 5. unsent ones.
A setup record stays while a remaining record was made under it, and the newest record always stays, so that its seq
is never reused. Steps 3 to 5 each leave a loss record with the span and the cause.

Pictures, bounded by `pictures_bytes` of files, go in this order, the oldest first in each step:
 1. parts that every destination has, full pictures before thumbnails;
 2. full pictures, sent or not, that have a thumbnail;
 3. full pictures without one;  4. thumbnails.
Steps 2 to 4 leave a loss record. If the disk itself has less than its reserve free (`reserve_bytes`, at most 2 % of
it), pictures go before any record. A step continues to 2 % below its bound, so that it does not run every minute.
"""

from typing import Any

import apsw
import msgspec

from drivers.reason import Reason
from edge.records import ranges
from edge.records.ranges import NOTHING, Ranges
from edge.store import picture_rows
from edge.store.delivery import DeliveryLedger
from edge.store.epochs import Tail
from edge.store.schema import PAGE
from edge.store.times import BOUNDS

MiB = 1024 * 1024
DAY = 86_400_000_000  # microseconds
RECORDS_BYTES = 2048 * MiB
PICTURES_BYTES = 8192 * MiB
ARCHIVE_DAYS = 365.0
STEP = 500  # records in one transaction, at most a twentieth of all
PICTURES_STEP = 50
SLACK = 0.02
SPARE = 2 * MiB  # bytes to be free inside the file if the disk is scarce
FULL_BYTES = 1 * MiB  # a disk with less left counts as full
QUOTA = Reason("quota", "quota")  # the texts of version 1 of the wire contract
DISK = Reason("disk", "disk")
NOT_FORWARDED = "not forwarded"  # the state of records that the platform has and another destination lacks
LEAST_PAGES = 64  # free inside the file: an hour of records


class StoreLimits(msgspec.Struct, frozen=True):
    """Bounds in bytes, the archive's age in days. A year of minutes of 14 channels is about 0.15 GB."""

    records_bytes: int = RECORDS_BYTES
    pictures_bytes: int = PICTURES_BYTES
    archive_days: float = ARCHIVE_DAYS
    reserve_bytes: int = 256 * MiB


class Room(msgspec.Struct):
    """The input of a sweep. `now`: microseconds UTC, None if unknown: then nothing counts as old; `free` and `disk`:
    the file system's free and total bytes."""

    limits: StoreLimits
    now: int | None
    free: int
    disk: int

    @property
    def scarce(self) -> int:
        """The bytes by which the disk is below its reserve."""
        return max(0, min(self.limits.reserve_bytes, self.disk // 50) - self.free)


class StepLoss(msgspec.Struct, frozen=True):
    """What a step deleted: the body of its loss record, None if nothing is lost; the files; the bytes freed."""

    body: dict[str, Any] | None
    files: tuple[str, ...] = ()
    freed: int = 0


# -- records --------------------------------------------------------------------------------------------------


def used_bytes(connection: apsw.Connection) -> int:
    """Return the bytes of the pages in use: free pages inside the file are reused before it grows."""
    return int(connection.pragma("page_count") - connection.pragma("freelist_count")) * PAGE


def too_many(connection: apsw.Connection, room: Room, going_on: bool) -> Reason | None:
    """Return why records must be deleted: QUOTA, or DISK if it is full; None if they need not be.

    `going_on`: this sweep has deleted some already. On a scarce disk only proven records are deleted (step 2), until
    the file has SPARE free bytes inside for new records; on a full one others too, one step a sweep.
    """
    bound = room.limits.records_bytes * (1 - SLACK if going_on else 1)
    if used_bytes(connection) > bound:
        return QUOTA
    spare = int(connection.pragma("freelist_count")) * PAGE
    return DISK if room.scarce > 0 and spare < SPARE else None


def may_lose(connection: apsw.Connection, room: Room, going_on: bool) -> bool:
    """Return whether the disk is so full that unsent records are deleted to make room for the newest ones."""
    return not going_on and room.free < FULL_BYTES and int(connection.pragma("freelist_count")) < LEAST_PAGES


def old(connection: apsw.Connection, ledger: DeliveryLedger, room: Room) -> Ranges:
    """Return at most STEP proven records that are older than `archive_days`."""
    if room.now is None:
        return NOTHING
    horizon = room.now - round(room.limits.archive_days * DAY)
    found: list[int] = []
    beside: list[int] = []  # those of a boot whose end is unknown: as old as the record that follows
    for first, last in _first(ranges.without(ledger.proven_by_all(), _staying(connection, ledger)), STEP):
        sql = "SELECT seq, coalesce(start, not_after), source FROM record WHERE seq BETWEEN ? AND ? ORDER BY seq"
        for seq, time, source in connection.execute(sql, (first, last)):
            if time is None and source == BOUNDS:
                beside.append(seq)
                continue
            if time is None or time >= horizon:
                return ranges.of(found)
            found += [*beside, seq]
            beside = []
    return ranges.of(found)


def surplus(connection: apsw.Connection, ledger: DeliveryLedger, proven_alone: bool) -> tuple[Ranges, str | None]:
    """Return the records of one step in the stated order, and the state of what it loses (None: nothing is lost)."""
    size = max(1, min(STEP, ranges.count(ledger.existing) // 20))
    free = ranges.without(ledger.existing, _staying(connection, ledger))
    for others in (True, False):
        done = ranges.common(free, ledger.proven_by_all(others))
        if done:
            return _first(done, size), None if others else NOT_FORWARDED
    if proven_alone:
        return NOTHING, None
    waiting: Ranges = NOTHING
    for destination in ledger.main:
        waiting = ranges.union(waiting, ledger.unsent(destination))
    sent = ranges.without(free, waiting)
    return (_first(sent, size), "sent") if sent else (_first(free, size), "unsent")


def drop(
    connection: apsw.Connection, ledger: DeliveryLedger, tail: Tail, seqs: Ranges, lost: str | None, cause: Reason
) -> list[dict[str, Any]]:
    """Delete records. Return the bodies of the loss records, one for each epoch's range, if `lost` names a state."""
    bodies = []
    for span in tail.spans(seqs, ledger.last) if lost else ():
        times = connection.execute(
            "SELECT min(start), max(start + CAST(duration * 1e6 AS INTEGER)) FROM record WHERE seq BETWEEN ? AND ?",
            (span.first, span.last),
        ).get
        body = {"what": "records", "state": lost, "epoch": span.epoch, "first": span.first, "last": span.last}
        bodies.append({**body, "start": times[0], "end": times[1], "cause": cause.builtins()})
    connection.executemany("DELETE FROM record WHERE seq BETWEEN ? AND ?", seqs)
    ledger.forget(seqs)
    return bodies


def _staying(connection: apsw.Connection, ledger: DeliveryLedger) -> Ranges:
    """Return the newest record, and the setup records under which existing ones were made."""
    since = connection.execute("SELECT setup FROM record WHERE setup NOT NULL ORDER BY seq LIMIT 1").get
    setups = "SELECT seq FROM record WHERE kind = 'setup' AND kind <> 'minute'"
    if since is None:
        found = connection.execute(setups + " ORDER BY seq DESC LIMIT 1")
    else:
        found = connection.execute(setups + " AND seq >= ?", (since,))
    return ranges.of([ledger.last, *(row[0] for row in found)])


def _first(seqs: Ranges, size: int) -> Ranges:
    """Return the first `size` numbers."""
    found = []
    for first, last in seqs:
        if size <= 0:
            break
        found.append((first, min(last, first + size - 1)))
        size -= last - first + 1
    return tuple(found)


# -- pictures -------------------------------------------------------------------------------------------------

_ORDER = """
    SELECT p.picture, p.part, p.size, p.seq, r.start, CASE
        WHEN d.everywhere AND p.part = 'full' THEN 0
        WHEN d.everywhere THEN 1
        WHEN p.part = 'full' AND t.picture NOT NULL THEN 2
        WHEN p.part = 'full' THEN 3
        ELSE 4 END AS step
    FROM piece p LEFT JOIN piece t ON t.picture = p.picture AND t.part = 'thumbnail'
        LEFT JOIN record r ON r.seq = p.seq
        LEFT JOIN (
            SELECT picture, part, count(*) = json_array_length(:destinations) AS everywhere FROM delivery
            WHERE state = 'closed' AND destination IN (SELECT value FROM json_each(:destinations))
            GROUP BY picture, part
        ) d ON d.picture = p.picture AND d.part = p.part
    ORDER BY step, p.seq LIMIT :limit
"""


def pictures_over(connection: apsw.Connection, limits: StoreLimits) -> int:
    """Return the bytes of pictures beyond the bound less its slack; 0 if they are within the bound."""
    total = int(connection.execute("SELECT coalesce(sum(size), 0) FROM piece").get)
    return total - round(limits.pictures_bytes * (1 - SLACK)) if total > limits.pictures_bytes else 0


def drop_pictures(
    connection: apsw.Connection, destinations: tuple[str, ...], cause: Reason, wanted: int
) -> StepLoss | None:
    """Delete the rows of parts until `wanted` bytes are freed or a step ends; None if no parts are left."""
    named = {"destinations": msgspec.json.encode(destinations).decode(), "limit": PICTURES_STEP}
    found: list[tuple[Any, ...]] = connection.execute(_ORDER, named).fetchall()
    taken: list[tuple[Any, ...]] = []
    freed = 0
    for row in found:
        if freed >= wanted or row[5] != found[0][5]:
            break
        taken.append(row)
        freed += row[2]
    if not taken:
        return None
    for table in ("piece", "delivery"):
        connection.executemany(f"DELETE FROM {table} WHERE picture=? AND part=?", [row[:2] for row in taken])
    files = tuple(picture_rows.file_name(picture, part) for picture, part, *_ in taken)
    return StepLoss(_pictures_body(taken, cause) if found[0][5] > 1 else None, files, freed)


def _pictures_body(taken: list[tuple[Any, ...]], cause: Reason) -> dict[str, Any]:
    times = [row[4] for row in taken if row[4] is not None]
    return {
        "what": "pictures",
        "part": taken[0][1],
        "pictures": [row[0] for row in taken],
        "first": taken[0][3],
        "last": taken[-1][3],
        "start": min(times, default=None),
        "end": max(times, default=None),
        "cause": cause.builtins(),
    }
