"""What a boot keeps of sources that contradict each other: how long, how much of it, and how often it tells of it."""

from __future__ import annotations

import random

import pytest

from edge.clock.anchors import Anchor
from edge.clock.belief import MOST_STORIES, SECOND_LOOK, AnchorVerdict, Belief

T0 = 1_790_000_000_000_000  # 2026-09-21
HOUR, DAY = 3600.0, 86_400.0


def word(at: float, off: float = 0.0, source: str = "ntp", error: float = 0.02) -> Anchor:
    """Return what a source says at s of the boot, wrong by `off` s."""
    return Anchor("b", at, T0 + round((at + off) * 1e6), source, error)


def told(belief: Belief, anchor: Anchor) -> AnchorVerdict:
    """Let a belief hear a word, and keep what it takes for better."""
    verdict = belief.hear(anchor)
    if verdict is AnchorVerdict.BETTER:
        belief.keep(anchor)
    if verdict is AnchorVerdict.CONFIRMED and belief.contradicted is not None:
        belief.confirm(belief.contradicted)
    return verdict


@pytest.fixture(name="belief")
def believing() -> Belief:
    """Give a belief in network time."""
    belief = Belief()
    told(belief, word(0.0))
    return belief


def test_a_source_that_says_another_time_with_each_word_fills_no_memory(belief: Belief) -> None:
    """The stories told last are kept, and no more of them."""
    draw = random.Random(1)
    for number in range(300):
        told(belief, word(5.0 * number, draw.uniform(-1e6, 1e6), "gnss", 0.001))
    assert len(belief.known.against) == MOST_STORIES == 4


def test_a_contradiction_that_goes_on_is_told_twice_and_kept_in_few_words(belief: Belief) -> None:
    """Once as it begins and once as it is confirmed, whatever is said each five seconds; minutes are dated by a few
    anchors of it, not by a day's."""
    verdicts = []
    for number in range(1, 1000):
        told(belief, word(5.0 * number - 1.0))
        verdicts.append(told(belief, word(5.0 * number, HOUR, "gnss")))
    assert verdicts.count(AnchorVerdict.CONTRADICTS) == verdicts.count(AnchorVerdict.CONFIRMED) == 1
    assert verdicts.index(AnchorVerdict.CONTRADICTS) == 0
    assert verdicts.index(AnchorVerdict.CONFIRMED) == SECOND_LOOK / 5.0
    assert len(belief.known.against[0]) < 100


@pytest.mark.parametrize(("silent", "verdict"), [(-1.0, AnchorVerdict.NOTHING), (1.0, AnchorVerdict.OUTLASTS)])
def test_two_sources_outvote_a_third_for_two_days_after_their_last_word(silent: float, verdict: AnchorVerdict) -> None:
    """One of a platform's daily answers may fail to come; then nobody tells the kept time any more."""
    belief = Belief()
    for source in ("ntp", "platform", "gnss"):
        told(belief, word(0.0, 0.0, source))
    for number in range(1, 48):
        told(belief, word(number * HOUR, 60.0, "ntp"))
    assert told(belief, word(2 * DAY + silent, 60.0, "ntp")) is verdict


def test_a_word_that_agrees_with_the_kept_time_alone_is_for_it() -> None:
    """Whatever the source said before, and though that is nearer: it does not agree with that."""
    belief = Belief()
    told(belief, word(0.0, 0.0, "platform", 5.0))
    assert told(belief, word(10.0, 8.0, "ntp")) is AnchorVerdict.CONTRADICTS
    assert told(belief, word(20.0, 4.5, "ntp")) is AnchorVerdict.BETTER
