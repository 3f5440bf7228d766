"""The checkers of pictures and of commands notice each broken promise: a good life, doctored one by one."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pytest

from edge.records.bodies import raw
from edge.records.record import Kind, Record
from edge.sim.asks import CommandSending, draw_asks
from edge.sim.command_checkers import SentCommand, command_checks
from edge.sim.faults import Outage, Schedule
from edge.sim.picture_checkers import PictureState, PictureTruth, hashes_of, picture_checks
from edge.sim.record_checkers import Truth
from edge.store.picture_rows import FULL, THUMBNAIL
from edge.wire.contract import Result
from tests.kits.stations import HOUR, Outcome, configured, live
from tests.soak import VANE

WORK = {"seconds": 900.0, "text": "the rain gauge is cleaned"}
ASKS = (
    CommandSending(700.0, "look", "picture"),
    CommandSending(1500.0, "look", "picture"),
    CommandSending(1800.0, "work", "maintenance", WORK),
    CommandSending(2000.0, "late", "picture", lasts=-10.0),
    CommandSending(2100.0, "forbidden", "accept-ledger"),
    CommandSending(3000.0, "again", "picture", retained=True),
)


@dataclass
class Life:
    """A life's end, to be doctored."""

    truth: Truth
    kept: list[Record]
    pictures: PictureState
    asked: dict[str, SentCommand]

    def complaints(self) -> list[str]:
        """Return what the checkers say."""
        return picture_checks(self.pictures, self.kept) + command_checks(self.truth, self.asked, self.kept)

    def first(self, command: str | None = None) -> Record:
        """Return the first picture that was taken by schedule, or for a command."""
        found = (record for record in self.kept if record.kind == Kind.PICTURE)
        return next(record for record in found if record.fields().get("command") == command)

    def say(self, record: Record, **fields: Any) -> None:
        """Let the record's body say something else."""
        changed = msgspec.structs.replace(record, body=raw({**record.fields(), **fields}))
        self.kept = [changed if one is record else one for one in self.kept]


@pytest.fixture(name="outcome", scope="module")
def a_good_life(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Two hours with a camera and somebody who asks for things, some of them twice; the promise was kept."""
    schedule = Schedule((), (Outage(3500.0, 20.0, True, 60.0),), asks=ASKS, tells_time=True)
    outcome = live(configured(tmp_path_factory.mktemp("good"), VANE), schedule, 2 * HOUR, seed=3)
    assert outcome.complaints == []
    return outcome


@pytest.fixture(name="life")
def a_copy(outcome: Outcome) -> Life:
    """Return a fresh copy."""
    return Life(Truth.of(outcome.life), list(outcome.kept), outcome.pictures, copy.deepcopy(outcome.asked))


def test_what_was_asked_is_answered_once(outcome: Outcome) -> None:
    """What may be done is done once however often it comes, at the end once more; what must not be is refused."""
    said = {name: [result for _, result in one.final] for name, one in outcome.asked.items()}
    assert {name: {result.state for result in results} for name, results in said.items()} == {
        "look": {"done"},
        "work": {"done"},
        "late": {"failed"},
        "forbidden": {"failed"},
        "again": {"done"},
    }
    assert len(said["look"]) >= 3
    assert len(outcome.pictures.truth) >= 6
    assert any(truth.faults for truth in outcome.pictures.truth.values())


# -- pictures ----------------------------------------------------------------------------------------------------


def a_picture_not_there(life: Life) -> None:
    """Let the platform lack a picture that the station has and does not count as proven."""
    sha256 = hashes_of(life.first())[FULL]
    closed = [part for part in life.pictures.closed if part[0] != sha256]
    there = [one for one in life.pictures.there if one != sha256]
    life.pictures = replace(life.pictures, closed=closed, there=there)


def a_thumbnail_swept_away(life: Life) -> None:
    """Let a thumbnail go for want of room before the platform had it, and no record tell of it."""
    hashes = hashes_of(life.first())
    kept = [part for part in life.pictures.kept if part != (hashes[FULL], THUMBNAIL)]
    there = [one for one in life.pictures.there if one != hashes[THUMBNAIL]]
    life.pictures = replace(life.pictures, kept=kept, closed=kept, there=there, ever=())


def a_proof_of_nothing(life: Life) -> None:
    """Let the station count as proven what the platform lacks."""
    sha256 = hashes_of(life.first())[FULL]
    life.pictures = replace(life.pictures, there=[one for one in life.pictures.there if one != sha256])


def a_file_twice(life: Life) -> None:
    """Let the platform have a picture in two files."""
    life.pictures = replace(life.pictures, there=[*life.pictures.there, life.pictures.there[0]])


def a_picture_in_two_records(life: Life) -> None:
    """Let two records tell of one picture."""
    life.kept.append(msgspec.structs.replace(life.first(), seq=9999))


def a_fault_untold(life: Life) -> None:
    """Let a picture with a fault pass."""
    truth, first = life.pictures.truth, life.first()
    dark = PictureTruth("mast", ("dark",))
    life.pictures = replace(life.pictures, truth={**truth, hashes_of(first)[FULL]: dark})
    life.say(first, quality=1)


def another_camera(life: Life) -> None:
    """Let a record tell of a camera that did not take it."""
    life.say(life.first(), camera="gate")


# -- commands ----------------------------------------------------------------------------------------------------


def never_answered(life: Life) -> None:
    """Let a command have no answer."""
    life.asked["work"].answers.clear()


def two_answers(life: Life) -> None:
    """Let a command fail after it was done."""
    at, result = life.asked["work"].answers[-1]
    life.asked["work"].answers.append((at, msgspec.structs.replace(result, state="failed")))


def done_twice(life: Life) -> None:
    """Let two pictures be taken for one command."""
    life.say(life.first(), command="look")


def done_too_late(life: Life) -> None:
    """Let a picture be taken for a command that had expired."""
    life.asked["look"].expires = life.asked["look"].sent[0] - 600_000_000


def done_though_forbidden(life: Life) -> None:
    """Let what may not be asked from afar be done."""
    life.asked["forbidden"].answers.append((0, Result(1, "forbidden", "sim", "accepted")))


def done_for_nobody(life: Life) -> None:
    """Let a picture be taken for a command that nobody gave."""
    life.say(life.first(), command="nobody")


def done_and_told_to_have_failed(life: Life) -> None:
    """Let a picture be taken for a command that is told to have failed."""
    one = life.asked["look"]
    failed = {"why": {"code": "no_answer"}}
    one.answers = [(at, msgspec.structs.replace(result, state="failed", data=failed)) for at, result in one.final]


def a_picture_that_is_not_kept(life: Life) -> None:
    """Let the record of a picture on command be gone."""
    life.kept.remove(life.first("look"))


def work_that_is_not_marked(life: Life) -> None:
    """Let a minute pass in which somebody worked on the box."""
    for minute in list(life.kept):
        if minute.kind == Kind.MINUTE and "maintenance" in str(minute.fields()["reasons"]):
            life.say(minute, quality=dict.fromkeys(minute.fields()["quality"], 1), reasons={})


def work_that_nobody_did(life: Life) -> None:
    """Let minutes be marked by a command that was not given."""
    del life.asked["work"]


@pytest.mark.parametrize(
    ("broken", "promise"),
    [
        (a_picture_not_there, "lost"),
        (a_thumbnail_swept_away, "lost"),
        (a_proof_of_nothing, "wrongly proven"),
        (a_file_twice, "doubled"),
        (a_picture_in_two_records, "doubled"),
        (a_fault_untold, "wrongly good"),
        (another_camera, "wrongly good"),
        (never_answered, "lost"),
        (two_answers, "doubled"),
        (done_twice, "doubled"),
        (done_too_late, "wrongly done"),
        (done_though_forbidden, "wrongly done"),
        (done_for_nobody, "wrongly done"),
        (done_and_told_to_have_failed, "wrongly done"),
        (a_picture_that_is_not_kept, "lost"),
        (work_that_is_not_marked, "wrongly good"),
        (work_that_nobody_did, "wrongly done"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_broken_promise_is_noticed(life: Life, broken: Callable[[Life], None], promise: str) -> None:
    """Each way of breaking the promise has a complaint that names the promise."""
    assert life.complaints() == []
    broken(life)
    assert [complaint for complaint in life.complaints() if complaint.startswith(promise)]


def test_what_is_asked_is_drawn_by_the_seed() -> None:
    """Over some days everything is asked: rightly, twice, too late, without an end, and what is not to be had."""
    asks = draw_asks(7, 14 * 86_400.0)
    assert asks == draw_asks(7, 14 * 86_400.0)
    assert {ask.name for ask in asks} >= {"picture", "hello", "maintenance", "accept-ledger", "dance"}
    assert len(asks) > len({ask.id for ask in asks}) > 50
    assert {ask.lasts for ask in asks} >= {None, -10.0, 3600.0}
    assert any(ask.retained for ask in asks)
