"""What the platform proves: hello and its answer, receipts, and the time that comes with an answer.

An acknowledgement of the broker makes records *sent*. With `proof = "committed"` only the platform's word closes
them; what stays unproven is asked for by a hello, and what the answer lacks is unsent again.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from drivers.clock import Clock
from edge.anchors import Anchor
from edge.record import Record
from edge.store.outbox import ASK_AFTER
from edge.store.store import Store
from edge.uplink import spans
from edge.uplink.contract import VERSION, Answer, Hello, Receipt, Revised, Span

UNANSWERED_UNDATED = 60.0  # s between two hellos while nobody answered and the time is unknown
UNANSWERED = 600.0  # s between two hellos while nobody answered
LOOK_AGAIN = 3600.0  # s between two looks at the platform's clock: a crystal drifts 0.2 s in that time
NEVER = float("inf")


class Receipts:
    """The state of proof of one station towards one platform."""

    def __init__(
        self, station: str, boot: str, epoch: str, store: Store, clock: Clock, committed: bool, seed: int | None
    ) -> None:
        self.hello_due = NEVER
        self._station, self._boot, self._epoch = station, boot, epoch
        self._store, self._clock, self._committed = store, clock, committed
        self._random = random.Random(seed)
        self._asked: dict[str, float] = {}  # nonce -> boottime at which its hello was sent

    def greet(self) -> None:
        """A hello is due at once: a new connection, or the platform calls the roll."""
        self.hello_due = self._clock.now()

    def hello(self, unsent: int) -> Hello:
        """The hello to be sent now."""
        now = self._clock.now()
        source = self._source()
        nonce = f"{self._random.getrandbits(64):016x}"
        self._asked = dict(list(self._asked.items())[-3:]) | {nonce: now}
        self.hello_due = now + (UNANSWERED_UNDATED if source == "unknown" else UNANSWERED)
        return Hello(
            v=VERSION,
            station=self._station,
            nonce=nonce,
            epoch=self._epoch,
            epochs=self._store.epochs(),
            next_seq=self._store.next_seq,
            unproven=self._store.unproven(),
            unsent=unsent,
            clock=source,
            proof="committed" if self._committed else "broker",
        )

    def sent(self, records: list[Record]) -> None:
        """The broker has these: sent, and proven where the broker's word is enough."""
        now = self._clock.now()
        if self._committed:
            self._store.mark_sent(records, at=now)
            self.hello_due = min(self.hello_due, now + ASK_AFTER)
        else:
            self._store.mark_proven(records)

    def answered(self, answer: Answer, on_anchor: Callable[[Anchor], object]) -> bool:
        """Take an answer in; True where something became unsent again. An answer to no hello of ours is dropped."""
        asked = self._asked.pop(answer.nonce, None)
        if asked is None:
            return False
        now = self._clock.now()
        half = (now - asked) / 2
        if self._source() in ("unknown", "platform"):  # every other source is better than half a round trip
            on_anchor(Anchor(self._boot, asked + half, answer.utc, "platform", max(half, 0.001)))
        reopened = 0
        if answer.has is not None:
            self._prove(answer.has, answer.revised)
            if self._committed:
                reopened = self._reopen(answer.has, answer.revised, now)
        self.hello_due = now + (ASK_AFTER if self._committed and self._store.unproven() else self._next_look())
        return reopened > 0

    def received(self, receipt: Receipt) -> None:
        """Take a receipt in: what the platform has committed is closed."""
        self._prove(receipt.has, receipt.revised)

    def _prove(self, has: list[Span], revised: list[Revised]) -> None:
        """Close what the platform has, each record in the revision in which it has it."""
        self._store.prove(has, revision=0)
        for held in revised:
            self._store.prove(held.has, revision=held.revision)

    def _source(self) -> str:
        """Who told this station the time; "unknown" while nobody has."""
        last = self._store.last()
        return "unknown" if last is None or last.start is None else last.clock.source

    def _next_look(self) -> float:
        """Seconds until the platform's clock is looked at again, where there is no other."""
        return LOOK_AGAIN if self._source() in ("unknown", "platform") else NEVER

    def _reopen(self, has: list[Span], revised: list[Revised], now: float) -> int:
        """Whatever the platform lacks is unsent again, proven or not: its database may be one from a backup.

        What was sent a short while ago may still be on its way through the broker.
        """
        young = spans.minus(self._store.unproven(), self._store.unproven(before=now - ASK_AFTER))
        reopened = self._store.reopen(spans.minus(self._store.epochs(), [*has, *young]))
        unrevised = spans.minus(has, [span for held in revised for span in held.has])
        for held in [Revised(0, unrevised), *revised]:
            reopened += self._store.reopen(spans.minus(held.has, young), newer_than=held.revision)
        return reopened
