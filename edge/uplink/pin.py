"""Which receiver is trusted: the one whose ledger answered first; the receipts of any other are ignored.

Otherwise a stray receiver, or anybody who may publish on a station's topics, could make the station believe that
everything is stored. Another ledger replaces the trusted one after a day in which only the other was heard, or at once
by `minshan accept-ledger`; what the old one proved is then asked about again. This stops stray receivers; forgers must
be stopped by the broker, which should let only the platform publish there.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import msgspec

from drivers.clock import Clock
from edge.snapshots import LedgerSnapshot
from edge.store.notes import Notes

log = logging.getLogger("minshan.uplink")
KIND = "ledger"
ALONE = 24 * 3600.0  # s after which another ledger is trusted if only it was heard
WRITE_EVERY = 3600.0  # s between two writes of how long that has been


class Pinned(msgspec.Struct):
    """The trusted ledger ("": none yet), another one that is heard, and for how many seconds only that one was."""

    ledger: str = ""
    generation: int = 0
    other: str = ""
    other_generation: int = 0
    alone: float = 0.0


class Pin:
    """The ledger that one destination's proofs have to come from. `changed` is called when another becomes trusted."""

    def __init__(self, notes: Notes, clock: Clock, destination: str, changed: Callable[[], object]) -> None:
        self.refused = 0  # answers and receipts of others since the start
        self._notes, self._clock, self._destination, self._changed = notes, clock, destination, changed
        self._lock = threading.RLock()
        self._now = self._load()
        self._other_at: float | None = None  # when the other was heard last; None: the trusted one was heard since
        self._written = self._now.alone
        self._earlier: set[int] = set()  # generations of the trusted ledger that another has followed in this run
        self._is_copied = False  # whether one of them came back, which is logged once

    @property
    def identity(self) -> tuple[str, int]:
        """The trusted ledger and its generation."""
        return self._now.ledger, self._now.generation

    @property
    def ledger(self) -> str:
        """The trusted ledger; "" if there is none yet."""
        return self._now.ledger

    def answered(self, ledger: str, generation: int) -> bool:
        """Return whether an answer of this ledger counts; the first ledger ever heard becomes the trusted one."""
        with self._lock:
            if not ledger:
                return False
            if not self._now.ledger:
                log.info("the receiver %s is trusted from now on", ledger)
                self._keep(Pinned(ledger, generation))
            elif ledger != self._now.ledger and not self._other(ledger, generation):
                return False
            self._note_generation(generation)
            self._now.alone, self._other_at = 0.0, None
            if self._now.generation != generation or self._written:
                self._keep(msgspec.structs.replace(self._now, generation=generation))
            return True

    def received(self, ledger: str, generation: int) -> bool:
        """Return whether a receipt of this ledger counts: it is the one that answered, in the same generation."""
        with self._lock:
            if (ledger, generation) == (self._now.ledger, self._now.generation) and ledger:
                return True
            if ledger and self._now.ledger and ledger != self._now.ledger:
                self._refuse(ledger)
            return False

    def is_earlier(self, ledger: str, generation: int) -> bool:
        """Return whether this is an earlier generation of the trusted ledger: before a restore, or a running copy."""
        return ledger == self._now.ledger and generation in self._earlier

    def _note_generation(self, generation: int) -> None:
        """Note a change of generation; a restored database never returns to its earlier generation."""
        if generation == self._now.generation:
            return
        if generation in self._earlier and not self._is_copied:
            self._is_copied = True
            log.warning("two hubs answer from copies of one database (%s): stop one of them", self._now.ledger)
        self._earlier.add(self._now.generation)

    def accept(self) -> str | None:
        """Trust the other ledger from now on. Return its id; None if no other was heard."""
        with self._lock:
            if not self._now.other:
                return None
            self._take_other()
            return self._now.ledger

    @property
    def snapshot(self) -> LedgerSnapshot:
        """The trusted ledger, the other one and the refusals."""
        now = self._now
        return LedgerSnapshot(now.ledger or None, now.other or None, self.refused)

    def _other(self, ledger: str, generation: int) -> bool:
        """Count an answer of another ledger; True if only it was heard for `ALONE`, so that it is trusted now."""
        self._refuse(ledger)
        now, at = self._now, self._clock.now()
        if ledger != now.other:
            self._keep(msgspec.structs.replace(now, other=ledger, other_generation=generation, alone=0.0))
        elif self._other_at is not None:
            now.alone += at - self._other_at
            now.other_generation = generation
        self._other_at = at
        if self._now.alone >= ALONE:
            self._take_other()
            return True
        if self._now.alone - self._written >= WRITE_EVERY:
            self._keep(self._now)
        return False

    def _take_other(self) -> None:
        now = self._now
        log.warning("the receiver %s is trusted from now on, no longer %s", now.other, now.ledger)
        self._changed()
        self._keep(Pinned(now.other, now.other_generation))
        self._other_at = None

    def _refuse(self, ledger: str) -> None:
        self.refused += 1
        if self.refused == 1 or self.refused % 1000 == 0:
            log.warning(
                "another receiver (%s) answers besides %s, which is trusted: its receipts are "
                "ignored (%d times since the start)",
                ledger,
                self._now.ledger,
                self.refused,
            )

    def _load(self) -> Pinned:
        kept = self._notes.get(KIND, self._destination)
        try:
            return Pinned() if kept is None else msgspec.json.decode(kept, type=Pinned)
        except msgspec.MsgspecError:
            return Pinned()

    def _keep(self, now: Pinned) -> None:
        self._notes.put(KIND, self._destination, msgspec.json.encode(now), most=8)
        self._now, self._written = now, now.alone
