"""What the platform proves: hello and its answer, receipts, and the time contained in an answer.

An acknowledgement of the broker makes records *sent*. With `proof = "committed"` only the platform can prove them, and
only with the trusted ledger (`edge.uplink.pin`); a hello asks about what stays unproven, and what the answer lacks is
unsent again. An answer covers the epochs that its hello named and no other.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import msgspec

from drivers.clock import Clock
from edge.clock.anchors import CRYSTAL, Anchor, error_of
from edge.clock.belief import SECOND_LOOK
from edge.northbound.minshan import OutgoingBatch
from edge.records import spans
from edge.records.record import Record
from edge.records.spans import Span
from edge.store.outbox import ASK_AFTER
from edge.store.store import Store
from edge.uplink.destination import Destination
from edge.uplink.lacking import LackingCounts
from edge.uplink.pin import Pin
from edge.uplink.rounds import Rounds
from edge.wire.contract import GATHER, VERSION, Hello, HelloAnswer, Receipt, Revised, Topic
from edge.wire.session import Granted, Session

UNANSWERED_UNDATED = 60.0  # s between two rounds while nobody answered and the time is unknown
UNANSWERED = 600.0  # s between two rounds while nobody answered
CONTRADICTED = SECOND_LOOK + 60.0  # s between two looks at a platform's clock that contradicts what this box knows
LOOK_AGAIN = 3600.0  # s between two looks at the platform's clock: a crystal drifts 0.2 s in that time
DAILY = 24 * 3600.0  # s between two rounds about all epochs, whatever happens
GREETED = 3600.0  # s after a whole round in which a new connection starts none: a flapping link would cost data
NEVER = float("inf")
NEXT_PAGE = 1.0  # s between two hellos of a round
YOUNG = ASK_AFTER / 2  # s: what was sent so shortly before a hello may still be in transit when that is answered
ASKED = 64  # hellos whose answers are still accepted,
ANSWERED_WITHIN = 3600.0  # s after they were sent: a later answer is stale


class SentHello(msgspec.Struct):
    """A hello that was sent at `at` (boottime, s) about these epochs.

    `timed`: the time of an answer was used; `answered`: the trusted ledger has answered.
    """

    at: float
    epochs: list[Span]
    timed: bool = False
    answered: bool = False


class Receipts:
    """What one platform has proven of one station's records, and when to ask it."""

    def __init__(self, destination: Destination, boot: str, epoch: str, store: Store, clock: Clock) -> None:
        self.hello_due = self._overdue = NEVER
        self._gather = GATHER if destination.adapter.committed else 0  # s that receipts may wait for each other
        self._gathered = 0.0  # s that a receipt of what was sent live may take
        self.lacking = LackingCounts()
        self.pictures_doubted = False  # set here, cleared by the inbound handler when it probes them
        self.pin = Pin(store.notes, clock, destination.name, self._doubt)
        self._dest, self._boot, self._epoch = destination.name, boot, epoch
        self._station = destination.adapter.station
        self._store, self._clock, self._committed = store, clock, destination.adapter.committed
        seed = destination.way.seed
        self._random = random.Random(None if seed is None else f"{seed} {epoch}")
        self._rounds = Rounds(store, destination.name)
        self._whole_at = float("-inf")  # when the last whole round began
        self._asked: dict[str, SentHello] = {}  # by nonce
        self._forgotten = float("-inf")  # when a broker was found to have forgotten this station
        self._doubted = float("-inf")  # when what was proven last came into doubt

    def connected(self, session: Session, granted: Granted) -> None:
        """Make a hello due on a new connection, and note whether the broker has kept the session.

        If it has not, it has also lost what it had acknowledged: those messages will never reach the platform.
        """
        keeps = not session.fresh and (granted.expiry is None or granted.expiry >= session.expiry)
        if keeps and not granted.session_present:
            self._forgotten = self._clock.now()
        self.greet(whole=False)

    def greet(self, whole: bool = True, at: float = 0.0) -> None:
        """Make a hello due at once, or at an instant: a new connection, or somebody wants to know (`whole`)."""
        now = self._clock.now()
        if whole or now - self._whole_at >= GREETED:
            self._want_whole()
        self.hello_due = min(self.hello_due, max(now, at))

    def wait_no_longer(self) -> None:
        """Ask for receipts without gathering from now on: somebody waits for them, or the station is stopping."""
        self._gather = 0
        self.greet(whole=False)

    def accept_ledger(self) -> str | None:
        """Trust the other ledger that was heard, and ask it about everything. Return its id. Callable from any lane."""
        accepted = self.pin.accept()
        if accepted is not None:
            self.greet()
        return accepted

    def due(self) -> float:
        """Return when a hello is due, or a check of whether one is (boottime, s)."""
        return min(self.hello_due, self._overdue)

    def is_hello_due(self) -> bool:
        """Return whether a hello is due: it was requested, or the proof of something sent is overdue."""
        now = self._clock.now()
        if now >= self._overdue:
            self._overdue = self._store.outbox.overdue(self._dest)
        return now >= self.due()

    def hello(self, unsent: int, room: int | None) -> bytes | None:
        """Return the next hello of the round, of at most `room` bytes; None if none fits."""
        now = self._clock.now()
        if now - self._whole_at >= DAILY:
            self._want_whole()
        page = self._rounds.page(lambda epochs, unproven: self._hello(epochs, unproven, unsent), room)
        self._overdue = NEVER  # this hello asks about what was overdue
        if self._rounds.open:
            self.hello_due = now + NEXT_PAGE
        else:
            self.hello_due = now + (UNANSWERED_UNDATED if _source(self._store.last()) == "unknown" else UNANSWERED)
        if page is None:
            return None
        hello, payload = page
        self._asked = dict(list(self._asked.items())[1 - ASKED :]) | {hello.nonce: SentHello(now, hello.epochs)}
        return payload

    def _hello(self, epochs: list[Span], unproven: list[Span], unsent: int) -> Hello:
        return Hello(
            v=VERSION,
            station=self._station,
            nonce=f"{self._random.getrandbits(64):016x}",
            epoch=self._epoch,
            epochs=epochs,
            next_seq=self._store.next_seq,
            unproven=unproven,
            unsent=unsent,
            clock=_source(self._store.last()),
            proof="committed" if self._committed else "broker",
            gather=self._gather,
        )

    def _want_whole(self) -> None:
        self._rounds.want_whole()
        self._whole_at = self._clock.now()

    def sent(self, messages: Sequence[OutgoingBatch]) -> None:
        """Mark the records of these as sent, or as proven if the broker's acknowledgement is the proof."""
        for wait, live in ((self._gathered, True), (0.0, False)):  # receipts of live records may be gathered
            some = [message for message in messages if (message.channel is Topic.LIVE) == live]
            records = [record for message in some for record in message.records]
            if records:
                self._sent(records, wait)

    def _sent(self, records: list[Record], wait: float) -> None:
        now = self._clock.now()
        if self._committed:
            self._store.outbox.mark_sent(records, self._dest, at=now, wait=wait)
            self._overdue = min(self._overdue, now + ASK_AFTER + wait)
        else:
            self._store.outbox.mark_proven(records, self._dest)

    def answered(self, answer: HelloAnswer, on_anchor: Callable[[Anchor], object]) -> bool:
        """Handle an answer; True if something became unsent again. An answer to no hello of ours is dropped."""
        now = self._clock.now()
        asked = self._asked.get(answer.nonce)
        if asked is None or now - asked.at > ANSWERED_WITHIN or (asked.answered and answer.about is None):
            return False
        before = self.pin.identity
        believed = answer.has is not None and self.pin.answered(answer.ledger or "", answer.generation)
        contradicts = not asked.timed and self._learn_time(answer, asked, believed, on_anchor)
        reopened = 0
        if answer.has is not None and believed:
            asked.answered = True
            self._gathered = float(min(answer.gathers, GATHER))
            self._prove(answer.has, answer.revised)
            if self._committed:
                scope = asked.epochs if answer.about is None else spans.common(asked.epochs, answer.about)
                reopened = self._reopen(asked.at, scope, answer.has, answer.revised)
        if before[0] and self.pin.identity != before:  # another ledger, or one from a backup: what else does it lack?
            self._doubt_pictures()
            self.greet()
        elif (believed or not self.pin.ledger) and not self._rounds.open:
            overdue = self._committed and self._store.outbox.unproven(self._dest, before=now - ASK_AFTER)
            alone = _source(self._store.last()) in ("unknown", "platform", CRYSTAL)  # no other source of time
            look = LOOK_AGAIN if alone else DAILY  # at the platform's clock
            self.hello_due = now + (ASK_AFTER if overdue else CONTRADICTED if contradicts else look)
            self._overdue = self._store.outbox.overdue(self._dest)
        return reopened > 0

    def _learn_time(
        self, answer: HelloAnswer, asked: SentHello, believed: bool, on_anchor: Callable[[Anchor], object]
    ) -> bool:
        """Pass on the platform's time as an anchor: the only source, or a second one beside others.

        Return whether it contradicts the time of the newest record: then it is asked again, as a contradiction counts
        only if repeated. A platform whose own clock is not synchronised sends 0.
        """
        half = (self._clock.now() - asked.at) / 2
        if not answer.utc or not (believed or not self.pin.ledger or _source(self._store.last()) == "unknown"):
            return False
        asked.timed = True
        anchor = Anchor(self._boot, asked.at + half, answer.utc, "platform", max(half + answer.error, 0.001))
        on_anchor(anchor)
        last = self._store.last()
        if last is None or last.start is None or last.stamp.boot != self._boot:
            return False
        off = (anchor.utc - last.start) / 1e6 - (anchor.boottime - last.stamp.boottime)
        return abs(off) > error_of(anchor) + (last.clock.error or 0.0)

    def received(self, receipt: Receipt) -> bool:
        """Close what the platform has committed. Return False if the receipt is not from the trusted ledger.

        If it names records that were not sent, the platform is asked with a hello: the receipt may be forged.
        """
        believed = self.pin.received(receipt.ledger, receipt.generation)
        if believed:
            asks = self._store.outbox.count_unsent(self._dest, receipt.has) > 0
            self._prove(receipt.has, receipt.revised)
        else:  # the answer to a hello decides whether to trust it; a running copy would cost a hello each time
            may = receipt.ledger and self.pin.ledger in ("", receipt.ledger)
            asks = bool(may) and not self.pin.is_earlier(receipt.ledger, receipt.generation)
        if asks:
            self._rounds.want_whole()
            self.hello_due = min(self.hello_due, self._clock.now() + ASK_AFTER)
        return believed

    def _prove(self, has: list[Span], revised: list[Revised]) -> None:
        """Close what the platform has, each record in the revision in which it has it."""
        proved = self._store.outbox.prove(has, self._dest, revision=0)
        for held in revised:
            proved += self._store.outbox.prove(held.has, self._dest, revision=held.revision)
        self.lacking.proved(has, proved > 0)

    def _doubt(self) -> None:
        """Doubt what the previous ledger proved: another one is trusted now."""
        self._doubted = self._clock.now()
        if self._committed:
            self._store.outbox.doubt(self._dest)
        self._doubt_pictures()
        self._rounds.want_whole()

    def _doubt_pictures(self) -> None:
        """Doubt the pictures too: no answer lists them, so each has to be probed."""
        if self._committed:
            self._store.pictures.doubt(self._dest)
            self.pictures_doubted = True

    def _reopen(self, asked_at: float, scope: list[Span], has: list[Span], revised: list[Revised]) -> int:
        """Make unsent whatever of `scope` the platform lacks, proven or not: its database may be from a backup.

        Excepted is what was sent shortly before the hello (`asked_at`), which may still have been in the broker's
        queue unless the broker lost it, and what was sent after it: a platform that is processing a backlog answers
        after minutes, and would get all of that a second time.
        Records sent before a broker lost them, or before the platform did, do not count as lacking (`lacking.py`).
        """
        names = {span.epoch for span in scope}
        outbox, dest = self._store.outbox, self._dest
        before = min(asked_at, max(asked_at - YOUNG, self._forgotten))
        unproven = [span for span in outbox.unproven(dest) if span.epoch in names]
        young = spans.minus(unproven, outbox.unproven(dest, before=before))
        tried = spans.minus(unproven, outbox.unproven(dest, before=max(self._forgotten, self._doubted)))
        self.lacking.again(spans.minus(spans.common(tried, scope), [*has, *young]))
        lacks = spans.minus(scope, [*has, *young])
        if outbox.count_proven(lacks, dest):  # an older copy of what it had, its pictures too
            self._doubt_pictures()
        reopened = outbox.reopen(lacks, dest)
        named = spans.common(has, scope)
        unrevised = spans.minus(named, [span for held in revised for span in held.has])
        for held in [Revised(0, unrevised), *revised]:
            here = spans.common(held.has, scope)
            reopened += outbox.reopen(spans.minus(here, young), dest, newer_than=held.revision)
        return reopened


def _source(last: Record | None) -> str:
    """Return the source of the newest record's time; "unknown" if it has none."""
    return "unknown" if last is None or last.start is None else last.clock.source
