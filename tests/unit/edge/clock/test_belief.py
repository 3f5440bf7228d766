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


def test_a_word_that_agrees_with_both_stories_is_for_the_nearer_where_its_source_told_that() -> None:
    """A source that is vague for once has not changed its mind; one that comes nearer to the kept time has."""
    for off, error, verdict in ((4.7, 4.0, AnchorVerdict.CONFIRMED), (3.0, 6.0, AnchorVerdict.NOTHING)):
        belief = Belief()
        told(belief, word(0.0, 0.0, "platform", 5.0))
        assert told(belief, word(10.0, 8.0, "ntp")) is AnchorVerdict.CONTRADICTS
        assert told(belief, word(SECOND_LOOK, off, "gnss", error)) is AnchorVerdict.NOTHING  # it told neither before
        assert told(belief, word(10.0 + SECOND_LOOK, off, "ntp", error)) is verdict


def test_of_two_contradictions_the_one_that_was_told_last_is_confirmed_and_believed(belief: Belief) -> None:
    """Not whichever began first: the station would be dated by a clock that nobody asked for."""
    told(belief, word(10.0, -HOUR, "gnss"))
    for at, off, source in ((20.0, HOUR, "platform"), (30.0, -HOUR, "gnss"), (40.0, HOUR, "platform")):
        told(belief, word(at, off, source))
        assert belief.contradicted is not None
        assert belief.contradicted.off(word(at, off)) < 1.0


def test_a_time_that_was_believed_stays_possible_while_its_source_has_not_said_otherwise() -> None:
    """The platform told it once; network time alone has turned it. For two days minutes state an error for both."""
    belief = Belief()
    told(belief, word(0.0, 0.0, "platform"))
    told(belief, word(10.0, 60.0, "ntp"))
    verdict = told(belief, word(10.0 + SECOND_LOOK, 60.0, "ntp"))
    assert verdict is AnchorVerdict.OUTLASTS
    assert belief.contradicted is not None
    belief.believe(belief.contradicted, sure=False)
    for at, possible in ((HOUR, True), (2 * DAY, True), (2 * DAY + 1.0, False)):
        told(belief, word(at, 60.0, "ntp"))
        assert bool(belief.known.against) is possible


@pytest.mark.parametrize(
    ("days", "verdict"),
    [(1.0, AnchorVerdict.CONFIRMED), (2.0, AnchorVerdict.CONFIRMED), (2.1, AnchorVerdict.CONTRADICTS)],
)
def test_what_is_asked_once_a_day_is_remembered_until_it_is_asked_again(days: float, verdict: AnchorVerdict) -> None:
    """The platform says the same again, or not for two days: then it is as if it said so for the first time."""
    belief = Belief()
    told(belief, word(0.0))
    told(belief, word(10.0, 60.0, "platform"))
    at = 10.0 + days * DAY
    for early in range(1, int(at // HOUR)):
        told(belief, word(early * HOUR))
    assert told(belief, word(at, 60.0, "platform")) is verdict


def test_one_source_against_two_states_no_error_and_two_against_two_do() -> None:
    """A liar that is outvoted must not make the minutes vague; as many on either side leave nobody to judge."""
    belief = Belief()
    for source in ("ntp", "platform"):
        told(belief, word(0.0, 0.0, source))
    told(belief, word(10.0, 60.0, "gnss"))
    assert belief.known.against == ()
    told(belief, word(20.0, 60.0, "rtc"))
    assert len(belief.known.against) == 1
