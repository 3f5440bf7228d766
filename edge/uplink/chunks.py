"""Send pictures: thumbnails before full pictures, in chunks that resume where the broker's acknowledgements end.

The thumbnail of a requested picture is sent before older records, without waiting for bytes in flight.

If the broker has all of a part but the platform does not confirm it (`proof = "committed"`), the station probes with an
empty chunk at the end of the part: the platform confirms the part, or states the offset from which it lacks bytes.
"""

from __future__ import annotations

import logging
from collections import deque

from drivers.clock import Clock
from edge.northbound.minshan import OutgoingBatch
from edge.store.picture_rows import PieceRow, file_name
from edge.store.store import Store
from edge.uplink.destination import Destination
from edge.uplink.picture_gate import PictureGate
from edge.uplink.window import Window
from edge.wire.contract import CHUNK, VERSION, ChunkHeader, Receipt, Topic, encode_chunk

log = logging.getLogger("minshan.uplink")
AT_ONCE = 2  # chunks in flight: live records never wait behind more than 64 kB of picture
PROBE_AFTER = 120.0  # s after which an unconfirmed part is probed; doubles with each probe,
PROBED_DAILY = 24 * 3600.0  # s; up to a day
AWAITED = 5.0  # s for which older records wait at most for a picture that is being taken on command,
NOT_AGAIN = 25.0  # s before they wait again: constant requests delay them by a sixth at most
HASTENED = 16  # requested pictures whose thumbnails are sent first
PROBES = 10  # parts probed at once
NEVER = float("inf")
Key = tuple[str, str]


class Chunks:
    """Sends one station's pictures to one destination; its state outlives the connections."""

    def __init__(self, destination: Destination, store: Store, clock: Clock) -> None:
        self._dest, self._station = destination.name, destination.adapter.station
        self._book, self._clock, self._committed = store.pictures, clock, destination.adapter.committed
        self._gate = PictureGate(destination.name, store, destination.budget)
        self._probes: dict[Key, tuple[int, float]] = {}  # part -> (number of probes so far, instant of the next one)
        self._hastened: deque[Key] = deque(maxlen=HASTENED)
        self._awaited, self._awaited_until = "", float("-inf")  # the command for the picture that others wait for
        self.probe_due = clock.now() if self._committed else NEVER

    def awaits(self, command: str) -> None:
        """Hold older records back for the picture that is being taken on this command."""
        now = self._clock.now()
        if now >= self._awaited_until + NOT_AGAIN:
            self._awaited, self._awaited_until = command, now + AWAITED

    def awaits_no_longer(self, command: str) -> None:
        """Stop waiting: this command is done or has failed."""
        if command == self._awaited:
            self._awaited = ""

    def awaited_until(self) -> float:
        """Return until when (boottime, s) older records wait for a picture being taken; not after now: they do not."""
        return self._awaited_until if self._awaited else float("-inf")

    def hasten(self, picture: str) -> None:
        """Send this picture's thumbnail before older records, and all of the picture regardless of the budget."""
        self._gate.ask([picture])
        self._hastened.append((picture, "thumbnail"))

    def next_hastened(self, window: Window) -> OutgoingBatch | None:
        """Return the next chunk of a hastened thumbnail; None if there is none."""
        if not self._hastened:
            return None
        rows = self._book.next_pieces(self._dest, HASTENED)
        return self._next(window, [row for row in rows if (row.picture, row.part) in self._hastened], AT_ONCE + 1)

    def next(self, window: Window) -> OutgoingBatch | None:
        """Return the next chunk; None if there is none, or if `AT_ONCE` chunks are in flight."""
        while True:
            rows = self._book.next_pieces(self._dest, AT_ONCE + 1)
            passing = [row for row in rows if self._gate.passes(row)]
            if passing or not rows:
                return self._next(window, passing, AT_ONCE)

    def _next(self, window: Window, rows: list[PieceRow], at_once: int) -> OutgoingBatch | None:
        in_flight = window.chunks()
        if len(in_flight) >= at_once:
            return None
        for row in rows:
            ends = [end for header, end in in_flight if _key(header) == (row.picture, row.part)]
            offset = max([row.offset, *ends])
            if row.size == 0 or not row.path.exists():
                log.warning("the file of picture %s (%s) is gone; it is not sent", row.picture[:8], row.part)
                self._book.closed(self._dest, row.picture, row.part)
            elif offset < row.size or not ends:
                return self._chunk(row, offset, window.payload_bytes)
        return None

    def sent(self, header: ChunkHeader, end: int) -> None:
        """Advance the offset: the broker has this chunk. A chunk after a refused one is sent again with it."""
        key = _key(header)
        rows = self._book.next_pieces(self._dest, AT_ONCE + HASTENED)
        row = next((r for r in rows if (r.picture, r.part) == key), None)
        if row is None or header.offset > row.offset:
            return
        self._book.progress(self._dest, *key, end)
        if end < header.size:
            return
        if key in self._hastened:
            self._hastened.remove(key)
        if not self._committed:
            self._book.closed(self._dest, *key)
            return
        self._book.sent(self._dest, *key)
        probes, _ = self._probes.get(key, (0, 0.0))
        self._probes[key] = probes, self._clock.now() + min(PROBE_AFTER * 2**probes, PROBED_DAILY)
        self.probe_due = min(self.probe_due, self._probes[key][1])

    def received(self, receipt: Receipt, believed: bool) -> bool:
        """Close the parts that the platform has, if the receipt is believed, and reopen those it wants.

        Return whether something is to be sent. With `committed` only parts sent whole are closed: no answer
        lists pictures, so one closed by mistake would never be sent.
        """
        again = []
        for piece in receipt.pictures if believed and self._committed else ():
            again.append(self._book.proven(self._dest, piece.picture, piece.part))
            self._probes.pop((piece.picture, piece.part), None)
        self._gate.ask(piece.picture for piece in receipt.wanted)
        again += [self._book.again(self._dest, piece.picture, piece.part, piece.offset) for piece in receipt.wanted]
        return any(again)

    def probe_all(self) -> None:
        """Probe all unconfirmed parts now: the platform is back, or it is another one."""
        self._probes.clear()
        self.probe_due = self._clock.now() if self._committed else NEVER

    def probe(self) -> bool:
        """Make the parts whose probe is due unsent at their end; True if there are any."""
        now = self._clock.now()
        if now < self.probe_due:
            return False
        unproven = self._book.unproven(self._dest)
        due = [key for key in unproven if self._probes.get(key, (0, 0.0))[1] <= now][-PROBES:]
        for key in due:
            probes, _ = self._probes.get(key, (0, 0.0))
            self._probes[key] = probes + 1, NEVER  # until its chunk is acknowledged
            self._book.again(self._dest, *key, self._size(key))
        later = [self._probes.get(key, (0, now + PROBE_AFTER))[1] for key in unproven if key not in due]
        self.probe_due = min(later, default=NEVER)
        return bool(due)

    def _size(self, key: Key) -> int:
        try:
            return (self._book.folder / file_name(*key)).stat().st_size
        except FileNotFoundError:
            return 0

    def _chunk(self, row: PieceRow, offset: int, most: int | None) -> OutgoingBatch | None:
        """Return the chunk at the offset, as large as the broker accepts; None if its limit leaves no room."""
        header = ChunkHeader(
            v=VERSION,
            station=self._station,
            picture=row.picture,
            part=row.part,
            offset=offset,
            size=row.size,
            sha256=row.sha256,
            camera=row.camera,
            epoch=row.epoch,
            seq=row.seq,
            time=row.time,
        )
        size = CHUNK if most is None else min(CHUNK, most - len(encode_chunk(header, b"")))
        if size < 1:
            return None
        with row.path.open("rb") as file:
            file.seek(offset)
            data = file.read(size)
        end = offset + len(data) if data else row.size  # if the file has become shorter, the platform will refuse it
        asked = self._gate.is_asked(row)
        return OutgoingBatch(Topic.PICTURE, encode_chunk(header, data), chunk=header, chunk_end=end, asked=asked)


def _key(header: ChunkHeader) -> Key:
    return header.picture, header.part
