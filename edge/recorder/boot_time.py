"""What is known about this boot's time, in memory and on disk: the trusted source, and the records dated by it."""

from __future__ import annotations

import contextlib
import logging
from collections import deque

from drivers.reason import Reason
from edge.clock.anchors import (
    DRIFT,
    SIMULATED,
    Anchor,
    Slewed,
    believable,
    carried,
    carried_back,
    day_of,
    error_of,
    time_of,
)
from edge.clock.belief import AnchorVerdict, Belief, KnownTime, Story
from edge.recorder.earlier_boots import EarlierBoots
from edge.records.record import ClockMark
from edge.store.errors import StoreError
from edge.store.store import Store
from edge.store.times import Redating

log = logging.getLogger("minshan.time")
STEP = 1.0  # s; an anchor that differs by more from the time believed so far ends the current minute
WIDENED = 86_400.0  # s before a contradiction from which on records include it in their error, until it is decided
MOST_TOLD = 100  # contradictions that wait to be recorded
MOST_EARLY = 4000  # slews that wait for a time


class BootTime:
    """`events`: changes of the time that are still to be recorded as events, oldest first."""

    def __init__(self, store: Store, boot: str) -> None:
        self._store = store
        self._boot = boot
        self._belief = Belief([anchor for anchor in store.times.anchors(boot) if believable(anchor)])
        self._earlier = EarlierBoots(store, boot)
        self._doubted: Anchor | None = None
        self._unbelieved: dict[str, Reason] = {}  # by `Anchor.voice`
        self._dispute: Reason | None = None
        self._early: deque[Slewed] = deque(maxlen=MOST_EARLY)  # slews before any time was known
        self.events: deque[Reason] = deque(maxlen=MOST_TOLD)

    @property
    def known(self) -> KnownTime:
        """What is known of this boot's time, immutable."""
        return self._belief.known

    @property
    def doubt(self) -> Reason | None:
        """What a source says that is not believed (yet); None if there is nothing."""
        return self._dispute or next(reversed(self._unbelieved.values()), None)

    @property
    def settled(self) -> bool:
        """True if the time is known and every contradiction was confirmed: the sources need not be asked soon."""
        rival = self._belief.contradicted
        return bool(self._belief.believed_anchors) and (rival is None or rival.confirmed)

    def learn(self, anchor: Anchor) -> KnownTime | None:
        """Process an anchor from a source. Return the time to date the current minute by if its edges move, else None.

        An impossible anchor, or one that the store refuses, does not change what is believed.
        """
        kept = self._belief.believed_anchors
        if kept and kept[0].source == SIMULATED != anchor.source:
            return None
        if anchor.boot != self._boot or not believable(anchor):
            self._report_doubt(
                anchor,
                Reason(
                    "time_cannot_be",
                    "{source} says {day}, which is impossible: it is not trusted",
                    source=anchor.source,
                    day=day_of(anchor.utc),
                ),
            )
            return None
        refutes = not kept and self._earlier.contradict(anchor)
        witness = self._doubted
        if refutes and not self._is_confirmed(anchor):
            if anchor.voice not in self._unbelieved:
                self._earlier.doubt(anchor)
            self._report_doubt(
                anchor,
                Reason(
                    "time_before_newest",
                    "{source} says {day}, before the newest record: nothing is dated by it before another source "
                    "says so or it has said so for {minutes} min",
                    source=anchor.source,
                    day=day_of(anchor.utc),
                    minutes=round(self._earlier.proof() / 60),
                ),
            )
            return None
        self._unbelieved.pop(anchor.voice, None)
        if refutes:
            self._unbelieved.clear()
        try:
            moved = self._apply(self._belief.hear(anchor), anchor)
            if not kept and self._belief.believed_anchors:
                self._correct_earlier_boots(witness is not None and witness.voice != anchor.voice)
        except StoreError as trouble:  # retried with the next anchor; measuring does not wait
            what = Reason(
                "time_not_saved",
                "the time is known from {source} but cannot be saved: {why}",
                source=anchor.source,
                why=trouble.reason,
            )
            log.warning("%s", what)
            return None
        return moved

    def carry(self, slewed: Slewed) -> None:
        """Carry the known time across a slew of the boot's clock."""
        kept = self._belief.believed_anchors
        if not kept:
            self._early.append(slewed)
        elif kept[0].source != SIMULATED:
            with contextlib.suppress(StoreError):  # it stays in memory until the next start; measuring does not wait
                self._store.times.carry(carried(slewed, kept), slewed.kept)
            self._belief.carry(slewed)

    def bound_lost_boots(self) -> None:
        """Release the records of earlier boots that never knew the time, bounded by what came before and now."""
        now, mark = self.known.time_at(0.0)
        self._earlier.bound_lost(None if now is None else now + round((mark.error or 0.0) * 1e6))

    # -- what is believed ------------------------------------------------------------------------------------------

    def _apply(self, verdict: AnchorVerdict, anchor: Anchor) -> KnownTime | None:
        """Carry out the verdict on an anchor. Raise StoreError if the store refuses; then nothing new is believed."""
        rival = self._belief.contradicted
        moved: KnownTime | None = None
        match verdict:
            case AnchorVerdict.BETTER:
                moved = self._adopt(anchor)
            case AnchorVerdict.CONTRADICTS:
                self._report(self._contradiction(anchor))
            case AnchorVerdict.CONFIRMED if rival is not None:
                known, since = self.known, rival.anchors[0].boottime - WIDENED
                self._store.times.redate(Redating(self._boot, known.anchors, known.against, since))
                self._belief.confirm(rival)
                if self._dispute is None:
                    self._report(self._contradiction(anchor))
            case AnchorVerdict.OUTLASTS | AnchorVerdict.OUTVOTES if rival is not None:
                moved = self._switch_to(rival, verdict is AnchorVerdict.OUTVOTES)
        if self._belief.contradicted is None:
            if self._dispute is not None and verdict in (AnchorVerdict.BETTER, AnchorVerdict.NOTHING):
                self._report(Reason("time_undisputed", "nothing contradicts the time any more: it is kept as it is"))
            self._dispute = None
        elif self._dispute is None:
            self._dispute = self._contradiction(anchor)
        return moved

    def _adopt(self, anchor: Anchor) -> KnownTime | None:
        """Believe an anchor that gives the time more precisely than it was known."""
        before = time_of(anchor.boottime, self._belief.believed_anchors)
        if before is None and self._early and anchor.source != SIMULATED:
            early = carried_back(self._early, anchor)
            self._store.times.carry(early, None)
            self._belief.keep(*early)
            self._early.clear()
        dated = self._store.times.add_anchor(anchor)
        self._belief.keep(anchor)
        self.bound_lost_boots()
        if before is None:
            what = Reason(
                "time_known",
                "time known from {source} to within {error:.3f} s; {records} records dated",
                source=anchor.source,
                error=error_of(anchor),
                records=dated,
            )
            log.info("%s", what)
            return self.known
        if abs(anchor.utc - before[0]) > STEP * 1e6:
            known = self.known
            self._store.times.redate(Redating(self._boot, known.anchors, known.against))
            return known
        return None

    def _switch_to(self, story: Story, sure: bool) -> KnownTime:
        """Believe another story and re-date this boot's records by it. `sure`: more than one source tells it."""
        before = self.known
        others = tuple(against for against in before.against if against != tuple(story.anchors))
        against = others if sure else (before.anchors, *others)
        redating = Redating(self._boot, tuple(story.anchors), against)
        source, at = story.anchors[-1].source, story.anchors[-1].boottime
        was, is_now = self.known.time_at(at)[0] or 0, story.anchors[-1].utc
        dated = self._store.times.redate(redating)
        self._belief.believe(story, sure)
        what = Reason(
            "time_turned",
            "the time was {seconds:+.3f} s wrong according to {source}: {records} records were re-dated",
            seconds=round((was - is_now) / 1e6, 3),
            source=source,
            records=dated,
        )
        self._report(what)
        self._dispute = None if sure else what
        self._correct_earlier_boots(sure)
        return KnownTime(redating.anchors, against)

    def _correct_earlier_boots(self, sure: bool) -> None:
        """Correct earlier boots that contradict the now known beginning of this one."""
        told = time_of(0.0, self.known.anchors)  # the believed time; the minutes' errors cover all stories
        if told is not None:
            self._earlier.refute(told[0] + round((told[1].error or 0.0) * 1e6), sure)

    def _contradiction(self, anchor: Anchor) -> Reason:
        kept = time_of(anchor.boottime, self._belief.believed_anchors)
        utc, mark = kept or (anchor.utc, ClockMark(anchor.source))
        return Reason(
            "time_contradicted",
            "{source} says {day}, {seconds:+.3f} s from what {kept_source} said: both may be right until more is known",
            source=anchor.source,
            day=day_of(anchor.utc),
            seconds=round((anchor.utc - utc) / 1e6, 3),
            kept_source=mark.source,
        )

    def _report(self, what: Reason) -> None:
        """Report a change of the time, in the log and as an event."""
        log.warning("%s", what)
        self.events.append(what)

    def _is_confirmed(self, anchor: Anchor) -> bool:
        """Return whether the doubted time is confirmed by another source, or by the same for long enough.

        If not, this anchor is the doubted one from now on.
        """
        first = self._doubted
        if first is not None:
            since = anchor.boottime - first.boottime
            apart = abs((anchor.utc - first.utc) / 1e6 - since)
            if apart <= error_of(anchor) + error_of(first) + DRIFT * abs(since) + STEP:
                return anchor.voice != first.voice or since >= self._earlier.proof()
        self._doubted = anchor
        return False

    def _report_doubt(self, anchor: Anchor, why: Reason) -> None:
        """Report once that a source is not believed."""
        if anchor.voice not in self._unbelieved:
            self._report(why)
            self._unbelieved[anchor.voice] = why
