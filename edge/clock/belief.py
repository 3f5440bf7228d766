"""Which source of the time is believed if they contradict each other.

Anchors of one boot that agree within their errors are one *story* of its time. The first story is kept; an anchor that
contradicts it by more than both errors begins another. A source speaks for the story that it told last: it has one
voice. While another story is open and not outvoted, every time states an error that covers both. The other is believed

- when two sources or more speak for it, and more than for the kept one; or
- when no source has told the kept story for as long as it had been told before (at least ten minutes, at most a day),
  while a source told the other one all that time.

A source that changed its story may change back: a story that was confirmed or believed stays open as long as a source
speaks for it, and then for twice as long as it was told. So a single outlier never prevails against sources that agree,
and a persistent source is not refused for ever.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import Enum

import msgspec

from edge.clock.anchors import CRYSTAL, DAY, Anchor, Slewed, carried, error_of, time_of
from edge.records.record import ClockMark

SECOND_LOOK = 600.0  # s: a story told again after that long is confirmed
UNCONFIRMED = 2 * SECOND_LOOK  # s for which an unconfirmed story stays open
VOICE = 2 * DAY  # s for which a source's last anchor counts: the platform is asked once a day
MOST_STORIES = 4  # besides the kept one; the one told longest ago is dropped
ROUNDING = 1e-3  # s
CONTRADICTED = "time_contradicted"  # the code of the reason shown for it
BETTER = 0.75  # an anchor is kept if its error is below this share of the known error


class AnchorVerdict(Enum):
    """The verdict on an anchor: the caller carries it out once the store has accepted it."""

    NOTHING = "it adds nothing to what is known"
    BETTER = "it is more precise than what was known"
    CONTRADICTS = "it contradicts the kept story for the first time; nothing is decided"
    CONFIRMED = "a second look, or a second source, contradicts the kept story; nothing is decided"
    OUTLASTS = "its story has been told for as long as the kept one, which no source tells any more"
    OUTVOTES = "more sources speak for its story than for the kept one"


class Story(msgspec.Struct):
    """Anchors that agree. `said`: when each `Anchor.voice` that speaks for it last did; instants are s of the boot.

    `last`: when it was last told; `left`: when another story was believed instead.
    `alone`: since when only this story has been told and the kept one has not; `confirmed`: it was told twice.
    """

    anchors: list[Anchor]
    said: dict[str, float] = msgspec.field(default_factory=dict)
    last: float = 0.0
    left: float = 0.0
    alone: float | None = None
    confirmed: bool = False

    @classmethod
    def of(cls, anchors: Sequence[Anchor]) -> Story:
        """Return the story of these anchors, which are oldest first."""
        said = {anchor.voice: anchor.boottime for anchor in anchors if anchor.source != CRYSTAL}
        return cls(list(anchors), said, max(said.values(), default=0.0))

    @property
    def proof(self) -> float:
        """For how long (s) another story must be told instead to be believed: as long as this one was."""
        return max(SECOND_LOOK, min(DAY, self.last - self.anchors[0].boottime))

    def is_open(self, now: float) -> bool:
        """Return whether it may still be right, although another is kept."""
        if not self.confirmed:
            return now - self.last <= UNCONFIRMED
        return self.voices(now) > 0 or now - max(self.last, self.left) <= 2 * self.proof

    def voices(self, now: float) -> int:
        """Return how many sources speak for it."""
        return sum(now - at <= VOICE for at in self.said.values())

    def takes(self, anchor: Anchor) -> bool:
        """Return whether the anchor agrees with it within both errors."""
        time = time_of(anchor.boottime, self.anchors)
        return time is not None and apart(time, (anchor.utc, ClockMark("", error_of(anchor)))) <= ROUNDING

    def off(self, anchor: Anchor) -> float:
        """Return by how many s the anchor differs from this story."""
        time = time_of(anchor.boottime, self.anchors)
        return math.inf if time is None else abs(anchor.utc - time[0]) / 1e6

    def betters(self, anchor: Anchor) -> bool:
        """Return whether the anchor is so much more precise than this story that it is worth keeping."""
        time = time_of(anchor.boottime, self.anchors)
        return time is None or error_of(anchor) < BETTER * (time[1].error or 0.0)

    def add(self, *anchors: Anchor) -> None:
        """Add anchors, replacing those of the same instant."""
        by_instant = {anchor.boottime: anchor for anchor in (*self.anchors, *anchors)}
        self.anchors = [by_instant[at] for at in sorted(by_instant)]


class KnownTime(msgspec.Struct, frozen=True):
    """What is known of a boot's time: the believed anchors, and those of each story that may equally be right."""

    anchors: tuple[Anchor, ...] = ()
    against: tuple[tuple[Anchor, ...], ...] = ()

    def time_at(self, boottime: float) -> tuple[int | None, ClockMark]:
        """Return the UTC (microseconds) of an instant of the boot and how it is known; the error covers every story."""
        told = time_of(boottime, self.anchors)
        if told is None:
            return None, ClockMark("arrival")
        utc, mark = told
        return utc, self.widened(boottime, utc, mark)

    def widened(self, boottime: float, utc: int, mark: ClockMark) -> ClockMark:
        """Return the mark of a time (microseconds) with an error that covers every story of the instant."""
        error = mark.error or 0.0
        for anchors in self.against:
            other = time_of(boottime, anchors)
            if other is not None:
                error = max(error, abs(other[0] - utc) / 1e6 + (other[1].error or 0.0))
        return mark if error == mark.error else msgspec.structs.replace(mark, error=round(error + ROUNDING, 6))


class Belief:
    """The stories of a boot's time. `hear` judges an anchor; `keep`, `confirm` and `believe` carry out a verdict."""

    def __init__(self, anchors: Sequence[Anchor] = ()) -> None:
        self._kept = Story.of(anchors)
        self._others: list[Story] = []
        self._open: list[Story] = []
        self.known = KnownTime()
        self._publish(0.0)

    @property
    def believed_anchors(self) -> list[Anchor]:
        """The anchors that are believed, oldest first."""
        return self._kept.anchors

    @property
    def contradicted(self) -> Story | None:
        """The open story told last that contradicts the kept one; None if there is none."""
        return self._open[-1] if self._open else None

    def hear(self, anchor: Anchor) -> AnchorVerdict:
        """Judge a believable anchor."""
        spoken_for = next((other for other in self._others if anchor.voice in other.said), None)
        if not self.believed_anchors or self._is_kept(anchor, spoken_for):
            verdict = self._judge_agreeing(anchor)
        else:
            verdict = self._judge_contradicting(anchor)
        self._publish(anchor.boottime)
        return verdict

    def keep(self, *anchors: Anchor) -> None:
        """Believe anchors that agree."""
        self._kept.add(*anchors)
        self._publish(self._kept.anchors[-1].boottime)

    def confirm(self, story: Story) -> None:
        """Mark a contradicting story as told twice; the anchor just heard has already opened it."""
        story.confirmed = True

    def believe(self, story: Story, sure: bool) -> None:
        """Believe another story from now on. `sure`: more than one source tells it; a single one may change back."""
        former = self._kept
        former.confirmed, former.left, story.alone = True, story.last, None
        self._kept, self._others = story, [] if sure else [former]
        self._publish(story.last)

    def carry(self, slewed: Slewed) -> None:
        """Carry every story across a slew of the boot's clock."""
        for story in (self._kept, *self._others):
            if story.anchors:
                story.add(*carried(slewed, story.anchors))
        self._publish(slewed.until)

    def _is_kept(self, anchor: Anchor, spoken_for: Story | None) -> bool:
        """Return whether an anchor belongs to the kept story; if also to its source's own, the nearer one decides."""
        if spoken_for is not None and spoken_for.takes(anchor) and spoken_for.off(anchor) <= self._kept.off(anchor):
            return False
        return self._kept.takes(anchor)

    def _judge_agreeing(self, anchor: Anchor) -> AnchorVerdict:
        """Judge an anchor of the kept story."""
        self._give_voice(anchor, self._kept)
        for other in self._others:
            other.alone = None
        self._others = self._remaining(anchor.boottime)
        return AnchorVerdict.BETTER if self._kept.betters(anchor) else AnchorVerdict.NOTHING

    def _judge_contradicting(self, anchor: Anchor) -> AnchorVerdict:
        """Judge an anchor that contradicts the kept story."""
        now = anchor.boottime
        story = next((other for other in self._others if other.takes(anchor)), None)
        fresh = story is None
        story = story or Story([anchor])
        if not fresh and story.betters(anchor):
            story.add(anchor)
        self._give_voice(anchor, story)
        self._others = [other for other in self._remaining(now) if other is not story][1 - MOST_STORIES :]
        self._others.append(story)
        story.alone = now if story.alone is None else story.alone
        mine, kept = story.voices(now), self._kept.voices(now)
        if mine >= 2 and mine > kept:
            return AnchorVerdict.OUTVOTES
        if mine >= kept and now - story.alone >= self._kept.proof:
            return AnchorVerdict.OUTLASTS
        if not story.confirmed and (mine >= 2 or now - story.anchors[0].boottime >= SECOND_LOOK):
            return AnchorVerdict.CONFIRMED
        return AnchorVerdict.CONTRADICTS if fresh else AnchorVerdict.NOTHING

    def _give_voice(self, anchor: Anchor, story: Story) -> None:
        """Make the source speak for this story alone."""
        for other in (self._kept, *self._others):
            if other is not story:
                other.said.pop(anchor.voice, None)
        story.said[anchor.voice] = story.last = anchor.boottime

    def _remaining(self, now: float) -> list[Story]:
        """Return the other stories that are open, or that a source told last."""
        return [o for o in self._others if o.is_open(now) or (o.said and now - o.last <= VOICE)]

    def _publish(self, now: float) -> None:
        """Update `known`: the kept story, and every open one that is not outvoted."""
        kept = self._kept.voices(now)
        self._open = [o for o in self._others if o.is_open(now)]
        equal = [o for o in self._open if kept < 2 or o.voices(now) >= kept]
        self.known = KnownTime(tuple(self.believed_anchors), tuple(tuple(other.anchors) for other in equal))


def apart(one: tuple[int, ClockMark], other: tuple[int, ClockMark]) -> float:
    """Return by how many s two times are further apart than both errors; negative if they agree."""
    return abs(one[0] - other[0]) / 1e6 - (one[1].error or 0.0) - (other[1].error or 0.0)
