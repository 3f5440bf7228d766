"""Which source of the time is believed if they contradict each other.

Anchors of one boot that agree within their errors are one *story* of its time. The first one told is kept; an anchor
that contradicts it by more than both errors begins another. A source speaks for the story that it told last: it has
one voice. While another story is open and not outvoted, every time states an error that holds both. It is believed

- when two sources or more speak for it, and more than for what was kept; or
- when what was kept has been told by nobody for as long as it had been told before (ten minutes at least, a day at
  most), and this one all that time.

A source that turned may turn back: a story that was told twice, or believed, stays open as long as a source speaks for
it, and then for twice as long as it was told. So one outlier never stands against sources that agree, and none that
goes on is refused for ever.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import Enum

import msgspec

from edge.clock.anchors import CRYSTAL, DAY, Anchor, Slewed, carried, error_of, time_of
from edge.records.record import ClockMark

SECOND_LOOK = 600.0  # s: the same told again after so long counts as a second telling
UNCONFIRMED = 2 * SECOND_LOOK  # s for which what was told once stands against what is kept
VOICE = 2 * DAY  # s for which a source's last word counts: the platform is asked once a day
MOST_STORIES = 4  # besides the one in use; the one told longest ago is dropped
ROUNDING = 1e-3  # s
CONTRADICTED = "time_contradicted"  # the code of the reason shown for it
BETTER = 0.75  # of the error known: an anchor is kept where it brings the error below that share


class AnchorVerdict(Enum):
    """What an anchor comes to: the caller keeps it, or the story that it tells, where the store takes it."""

    NOTHING = "it tells nothing that is not known better"
    BETTER = "it tells the time better than it was known"
    CONTRADICTS = "it contradicts what is kept; nothing is decided"
    CONFIRMED = "a second look, or a second source, contradicts what is kept; nothing is decided"
    OUTLASTS = "it has been told for as long as what was kept, which nobody tells any more"
    OUTVOTES = "more sources speak for it than for what was kept"


class Story(msgspec.Struct):
    """Anchors that agree. `said`: when each `Anchor.voice` that speaks for it last did; instants are s of the boot.

    `last`: when it was last told; `left`: when another was believed instead.
    `alone`: since when nobody has told of the kept story while this one was told; `confirmed`: it was told twice.
    """

    anchors: list[Anchor]
    said: dict[str, float] = msgspec.field(default_factory=dict)
    last: float = 0.0
    left: float = 0.0
    alone: float | None = None
    confirmed: bool = False

    @classmethod
    def of(cls, anchors: Sequence[Anchor]) -> Story:
        """Return the story that these anchors tell, oldest first."""
        said = {anchor.voice: anchor.boottime for anchor in anchors if anchor.source != CRYSTAL}
        return cls(list(anchors), said, max(said.values(), default=0.0))

    @property
    def proof(self) -> float:
        """For how long another story has to be told instead, s: as long as this one was."""
        return max(SECOND_LOOK, min(DAY, self.last - self.anchors[0].boottime))

    def is_open(self, now: float) -> bool:
        """Return whether it may be right still, though another is kept."""
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
        """Return by how many s the anchor is off from what it tells."""
        time = time_of(anchor.boottime, self.anchors)
        return math.inf if time is None else abs(anchor.utc - time[0]) / 1e6

    def betters(self, anchor: Anchor) -> bool:
        """Return whether the anchor tells the time so much better than this does that it is worth keeping."""
        time = time_of(anchor.boottime, self.anchors)
        return time is None or error_of(anchor) < BETTER * (time[1].error or 0.0)

    def add(self, *anchors: Anchor) -> None:
        """Take anchors in; one of the same instant is replaced."""
        by_instant = {anchor.boottime: anchor for anchor in (*self.anchors, *anchors)}
        self.anchors = [by_instant[at] for at in sorted(by_instant)]


class KnownTime(msgspec.Struct, frozen=True):
    """What is known of a boot's time: the anchors believed, and those of each story that may be as right."""

    anchors: tuple[Anchor, ...] = ()
    against: tuple[tuple[Anchor, ...], ...] = ()

    def time_at(self, boottime: float) -> tuple[int | None, ClockMark]:
        """Return the UTC (microseconds) of an instant of the boot and how it is known; the error holds every story."""
        told = time_of(boottime, self.anchors)
        if told is None:
            return None, ClockMark("arrival")
        utc, mark = told
        return utc, self.widened(boottime, utc, mark)

    def widened(self, boottime: float, utc: int, mark: ClockMark) -> ClockMark:
        """Return the mark of a time (microseconds) with an error that holds every story of the instant."""
        error = mark.error or 0.0
        for anchors in self.against:
            other = time_of(boottime, anchors)
            if other is not None:
                error = max(error, abs(other[0] - utc) / 1e6 + (other[1].error or 0.0))
        return mark if error == mark.error else msgspec.structs.replace(mark, error=round(error + ROUNDING, 6))


class Belief:
    """The stories of a boot's time. `hear` judges an anchor; `keep`, `confirm` and `believe` carry a verdict out."""

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
        """The story told last that contradicts what is kept; None where none does (any more)."""
        return self._open[-1] if self._open else None

    def hear(self, anchor: Anchor) -> AnchorVerdict:
        """Judge an anchor that can be right."""
        spoken_for = next((other for other in self._others if anchor.voice in other.said), None)
        if not self.believed_anchors or self._is_kept(anchor, spoken_for):
            verdict = self._agreed(anchor)
        else:
            verdict = self._other(anchor)
        self._publish(anchor.boottime)
        return verdict

    def keep(self, *anchors: Anchor) -> None:
        """Believe anchors that agree."""
        self._kept.add(*anchors)
        self._publish(self._kept.anchors[-1].boottime)

    def confirm(self, story: Story) -> None:
        """Count a story that contradicts as told twice; it is open already, by what was just heard."""
        story.confirmed = True

    def believe(self, story: Story, sure: bool) -> None:
        """Believe another story from now on. `sure`: not by one source's word alone, which may turn back."""
        former = self._kept
        former.confirmed, former.left, story.alone = True, story.last, None
        self._kept, self._others = story, [] if sure else [former]
        self._publish(story.last)

    def carry(self, slewed: Slewed) -> None:
        """Carry what every story tells over a stretch in which the boot's clock was slewed."""
        for story in (self._kept, *self._others):
            if story.anchors:
                story.add(*carried(slewed, story.anchors))
        self._publish(slewed.until)

    def _is_kept(self, anchor: Anchor, spoken_for: Story | None) -> bool:
        """Return whether an anchor tells the kept story; where that of its source takes it as well, the nearer one."""
        if spoken_for is not None and spoken_for.takes(anchor) and spoken_for.off(anchor) <= self._kept.off(anchor):
            return False
        return self._kept.takes(anchor)

    def _agreed(self, anchor: Anchor) -> AnchorVerdict:
        """Take in that a source tells the kept story."""
        self._speaks(anchor, self._kept)
        for other in self._others:
            other.alone = None
        self._others = self._still_told(anchor.boottime)
        return AnchorVerdict.BETTER if self._kept.betters(anchor) else AnchorVerdict.NOTHING

    def _other(self, anchor: Anchor) -> AnchorVerdict:
        """Take in what contradicts the kept story."""
        now = anchor.boottime
        story = next((other for other in self._others if other.takes(anchor)), None)
        fresh = story is None
        story = story or Story([anchor])
        if not fresh and story.betters(anchor):
            story.add(anchor)
        self._speaks(anchor, story)
        self._others = [other for other in self._still_told(now) if other is not story][1 - MOST_STORIES :]
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

    def _speaks(self, anchor: Anchor, story: Story) -> None:
        """Give the source's voice to the story."""
        for other in (self._kept, *self._others):
            if other is not story:
                other.said.pop(anchor.voice, None)
        story.said[anchor.voice] = story.last = anchor.boottime

    def _still_told(self, now: float) -> list[Story]:
        """Return the other stories that are open, or that a source told last."""
        return [o for o in self._others if o.is_open(now) or (o.said and now - o.last <= VOICE)]

    def _publish(self, now: float) -> None:
        """Tell every open story that is not outvoted."""
        kept = self._kept.voices(now)
        self._open = [o for o in self._others if o.is_open(now)]
        equal = [o for o in self._open if kept < 2 or o.voices(now) >= kept]
        self.known = KnownTime(tuple(self.believed_anchors), tuple(tuple(other.anchors) for other in equal))


def apart(one: tuple[int, ClockMark], other: tuple[int, ClockMark]) -> float:
    """Return by how many s two times are further apart than both errors; negative where they agree."""
    return abs(one[0] - other[0]) / 1e6 - (one[1].error or 0.0) - (other[1].error or 0.0)
