"""Records that fit no packet of this broker, or never arrive: reported once by a loss record, delaying no others.

They stay in the store, unsent: another broker, or the same one with a higher limit, gets them, and after a restart of
the daemon all are tried again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drivers.reason import Reason
from edge.records.record import Kind, Record
from edge.snapshots import TooLargeSnapshot
from edge.store.notes import Notes

KIND = "too large"
MOST_REPORTED = 100  # loss records of one run: a broker that accepts no record at all must not double what is stored
REMEMBERED = 1000

NO_SUCH_SIZE = Reason("no_such_size", "the broker accepts no message of that size")
NEVER_ARRIVES = Reason("never_arrives", "it was repeatedly sent and acknowledged, but the platform does not have it")


class TooLarge:
    """Remembers these records: `seqs` on the current connection; `last` is the reason for the newest.

    `lost`: seq -> name of those that never arrive, whatever their size.
    """

    def __init__(self, notes: Notes, on_loss: Callable[[dict[str, Any]], object]) -> None:
        self.seqs: set[int] = set()
        self.last: Reason | None = None
        self.lost: dict[int, str] = {}
        self._notes, self._on_loss = notes, on_loss
        self._reported = 0

    def begin(self) -> None:
        """Forget them for a new connection: its broker may accept more, and what never arrived may have arrived."""
        self.seqs.clear()
        self.lost.clear()

    def put(self, record: Record, size: int, most: int) -> None:
        """Remember a record whose message of `size` bytes exceeds `most`, and report it once."""
        self.seqs.add(record.seq)
        self.last = Reason(
            "record_too_large",
            "record {number} has {size} bytes, and the broker accepts at most {most}",
            number=record.seq,
            size=size,
            most=most,
        )
        self._report(record, size, Reason("broker_takes_less", "the broker accepts at most {most} bytes", most=most))

    def put_refused(self, record: Record, size: int) -> None:
        """Remember a record that this broker does not accept even alone, and report it once."""
        self.seqs.add(record.seq)
        self.last = Reason(
            "record_breaks_connection",
            "record {number} has {size} bytes, and the broker closes the connection when it is sent",
            number=record.seq,
            size=size,
        )
        self._report(record, size, NO_SUCH_SIZE)

    def put_lost(self, record: Record, size: int) -> None:
        """Remember a record that was sent repeatedly and never arrived, and report it once."""
        self.seqs.add(record.seq)
        self.lost[record.seq] = f"{record.seq} ({record.kind})"
        self._report(record, size, NEVER_ARRIVES)

    @property
    def snapshot(self) -> TooLargeSnapshot:
        """How many stay on the station for their size, and the reason for the newest."""
        return TooLargeSnapshot(len(self.seqs - self.lost.keys()), self.last)

    def _report(self, record: Record, size: int, cause: Reason) -> None:
        name = f"{record.epoch}/{record.seq}/{record.revision}"
        if self._reported >= MOST_REPORTED or is_loss_report(record) or self._notes.get(KIND, name) is not None:
            return
        self._reported += 1
        self._notes.put(KIND, name, b"", REMEMBERED)
        self._on_loss(
            {
                "what": "record",
                "epoch": record.epoch,
                "seq": record.seq,
                "revision": record.revision,
                "kind": record.kind,
                "bytes": size,
                "cause": cause.builtins(),
            }
        )


def is_loss_report(record: Record) -> bool:
    """Return whether the record itself reports one that could not be sent."""
    return record.kind == Kind.LOSS and record.fields().get("what") == "record"
