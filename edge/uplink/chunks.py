"""Pictures on their way: thumbnails before full pictures, each in chunks that go on where the broker's word ends.

The thumbnail of a picture that somebody asked for goes before older records, and beside what is in flight.

A part that the broker has whole and the platform does not confirm (`proof = "committed"`) is asked about by its
last chunk alone: a platform that has the part says so, one that lacks some of it says from where to go on.
"""

from __future__ import annotations

import logging
from collections import deque

from drivers.clock import Clock
from edge.northbound.minshan import Outgoing
from edge.store.picture_rows import PieceRow, file_name
from edge.store.store import Store
from edge.uplink.picture_gate import PictureGate
from edge.uplink.window import Window
from edge.wire.contract import CHUNK, VERSION, ChunkHeader, Receipt, Topic, encode_chunk

log = logging.getLogger("minshan.uplink")
AT_ONCE = 2  # chunks in flight: live records never wait behind more than 64 kB of picture
PROBE_AFTER = 120.0  # s until a part that nobody confirmed is asked about; doubles each time
HASTENED = 16  # pictures asked for of which the thumbnail goes first
PROBES = 10  # parts asked about at once
NEVER = float("inf")
Key = tuple[str, str]


class Chunks:
    """The pictures of one station towards one platform; outlives the connections."""

    def __init__(
        self, station: str, store: Store, clock: Clock, committed: bool, gate: PictureGate | None = None
    ) -> None:
        self._gate = gate
        self._station, self._book, self._clock, self._committed = station, store.pictures, clock, committed
        self._asked: dict[Key, tuple[int, float]] = {}  # part -> (how often, when next)
        self._hastened: deque[Key] = deque(maxlen=HASTENED)
        self.probe_due = clock.now() if committed else NEVER

    def hasten(self, picture: str) -> None:
        """Send this picture's thumbnail before older records, and all of it whatever the budget says."""
        if self._gate is not None:
            self._gate.ask([picture])
        self._hastened.append((picture, "thumbnail"))

    def next_hastened(self, window: Window) -> Outgoing | None:
        """Return the next chunk of a thumbnail that is waited for; None where there is none."""
        if not self._hastened:
            return None
        rows = [row for row in self._book.next_pieces(limit=HASTENED) if (row.picture, row.part) in self._hastened]
        return self._next(window, rows, AT_ONCE + 1)

    def next(self, window: Window) -> Outgoing | None:
        """Return the next chunk; None where there is none, or enough of them are on their way."""
        while True:
            rows = self._book.next_pieces(limit=AT_ONCE + 1)
            passing = [row for row in rows if self._gate is None or self._gate.passes(row)]
            if passing or not rows:
                return self._next(window, passing, AT_ONCE)

    def _next(self, window: Window, rows: list[PieceRow], at_once: int) -> Outgoing | None:
        flying = window.chunks()
        if len(flying) >= at_once:
            return None
        for row in rows:
            offset = max([row.offset, *(end for header, end in flying if _key(header) == (row.picture, row.part))])
            if row.size == 0 or not row.path.exists():
                log.warning("the file of picture %s (%s) is gone; it is not sent", row.picture[:8], row.part)
                self._book.closed(row.picture, row.part)
            elif offset < row.size:
                return self._chunk(row, offset, window.payload_bytes)
        return None

    def sent(self, header: ChunkHeader, end: int) -> None:
        """Take in that the broker has this chunk. One that came after a refused one is sent again with it."""
        key = _key(header)
        row = next((r for r in self._book.next_pieces(limit=AT_ONCE + HASTENED) if (r.picture, r.part) == key), None)
        if row is None or header.offset > row.offset:
            return
        self._book.progress(*key, end)
        if end < header.size:
            return
        if key in self._hastened:
            self._hastened.remove(key)
        if not self._committed:
            self._book.closed(*key)
            return
        self._book.sent(*key)
        asked, _ = self._asked.get(key, (0, 0.0))
        self._asked[key] = asked, self._clock.now() + PROBE_AFTER * 2**asked
        self.probe_due = min(self.probe_due, self._asked[key][1])

    def received(self, receipt: Receipt, believed: bool) -> bool:
        """Parts that the platform has, where it is to be believed, and parts that it wants; True: send something."""
        for piece in receipt.pictures if believed else ():
            self._book.closed(piece.picture, piece.part)
            self._asked.pop((piece.picture, piece.part), None)
        if self._gate is not None:
            self._gate.ask(piece.picture for piece in receipt.wanted)
        again = [self._book.again(piece.picture, piece.part, piece.offset) for piece in receipt.wanted]
        return any(again)

    def probe(self) -> bool:
        """Ask about parts that nobody confirmed for long; True where something is to be sent for that."""
        now = self._clock.now()
        if now < self.probe_due:
            return False
        unproven = self._book.unproven()
        ripe = [key for key in unproven if self._asked.get(key, (0, 0.0))[1] <= now][-PROBES:]
        for key in ripe:
            asked, _ = self._asked.get(key, (0, 0.0))
            self._asked[key] = asked + 1, NEVER  # until its chunk is acknowledged
            self._book.again(*key, max(0, self._size(key) - CHUNK))
        left = [self._asked.get(key, (0, now + PROBE_AFTER))[1] for key in unproven if key not in ripe]
        self.probe_due = min(left, default=NEVER)
        return bool(ripe)

    def _size(self, key: Key) -> int:
        try:
            return (self._book.folder / file_name(*key)).stat().st_size
        except FileNotFoundError:
            return 0

    def _chunk(self, row: PieceRow, offset: int, most: int | None) -> Outgoing | None:
        """Return the chunk at the offset, as large as the broker takes; None where it takes none with its header."""
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
        end = offset + len(data) if data else row.size  # a file that has become shorter: the platform will refuse it
        asked = self._gate is not None and self._gate.is_asked(row)
        return Outgoing(Topic.PICTURE, encode_chunk(header, data), chunk=header, chunk_end=end, asked=asked)


def _key(header: ChunkHeader) -> Key:
    return header.picture, header.part
