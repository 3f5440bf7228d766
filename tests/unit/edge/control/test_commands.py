"""What a station can be asked for, by which way, by whom, and what is said where it cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.reason import Reason
from edge.budget.budget import Budget, Terms
from edge.clock.clock import SystemClock
from edge.config.sections import CommandsSection, RemoteCommand
from edge.control.commands import KNOWN, Commands, Outcome, Permission, Principal, Request
from edge.control.envelopes import by_mqtt, by_socket
from edge.language.spoken import Spoken
from edge.recorder.maintenance import Maintenance
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from edge.wire.contract import Command, Result

OWNER = Principal("http", "technician")
READER = Principal("http", "page", may=frozenset({Permission.READ}))


class Camera:
    """A picture lane that takes every picture at once."""

    def request(self, camera: str | None, command: str, issued_by: str, accepted: Any, done: Any) -> None:
        """Take it."""
        accepted()
        done(True, Reason("picture_taken", "{camera}", camera=str(camera)), {"picture": "x"})


@pytest.fixture(name="parts")
def made(tmp_path: Path) -> Iterator[Any]:
    """Give what the commands need of a station."""
    clock = SystemClock()
    store = Store.open(tmp_path / "state", epoch="e", destinations=(PLATFORM,))
    budget, config = Budget(Terms(), clock, lambda: None), SimpleNamespace(camera=(), alert=())
    rooms = {"uplink": None, "pictures": Camera(), "inbox": clock.inbox(100), "kept": store}
    yield SimpleNamespace(clock=clock, budget=budget, config=config, **rooms)
    store.close()


def run(parts: Any, name: str, arguments: dict[str, Any], who: Principal = OWNER) -> list[Outcome]:
    """Return the outcomes of a command."""
    told: list[Outcome] = []
    Commands(parts, KNOWN).run(name, arguments, Request("x", who, told.append))
    return told


def code(outcomes: list[Outcome]) -> str:
    """Return why the one outcome is a failure."""
    (outcome,) = outcomes
    assert outcome.state == "failed"
    assert outcome.why is not None
    return outcome.why.code


@pytest.mark.parametrize(
    ("name", "arguments", "why", "text"),
    [
        ("dance", {}, "unknown_command", 'there is no command "dance"; there are: status, advice, picture'),
        ("a\x1b[2J\nb", {}, "unknown_command", 'there is no command "a [2J b"; there are: status, advice, picture'),
        ("picture", {"kamera": "x"}, "unknown_argument", 'picture has no argument "kamera"'),
        ("picture", {"camera": "../etc"}, "wrong_argument", 'picture does not accept "../etc" as camera'),
        ("picture", {"camera": 3}, "wrong_argument", 'picture does not accept "3" as camera'),
        ("picture-file", {}, "missing_argument", "picture-file needs picture"),
        ("picture-file", {"picture": "a" * 63 + "/"}, "wrong_argument", "picture-file does not accept"),
        ("maintenance", {"seconds": True}, "wrong_argument", 'maintenance does not accept "True" as seconds'),
        ("maintenance", {"seconds": 1e9}, "wrong_argument", 'maintenance does not accept "1000000000.0"'),
        ("maintenance", {"seconds": -1}, "wrong_argument", 'maintenance does not accept "-1"'),
        ("maintenance", {"seconds": 1, "text": "x" * 3000}, "wrong_argument", 'maintenance does not accept "xxx'),
        ("accept-ledger", {"ledger": "x"}, "unknown_argument", 'accept-ledger has no argument "ledger"'),
    ],
)
def test_what_is_asked_wrongly_is_refused_in_a_sentence(
    parts: Any, name: str, arguments: dict[str, Any], why: str, text: str
) -> None:
    """Unknown names and arguments that are wrong, missing or too many: one sentence, and nothing is done."""
    (outcome,) = run(parts, name, arguments)
    assert outcome.why is not None
    assert outcome.why.code == why
    assert str(outcome.why).startswith(text)
    assert len(str(outcome.why)) < 400
    assert len(parts.inbox) == 0


@given(
    st.sampled_from([command.name for command in KNOWN if command.name != "status"]) | st.text(max_size=80),
    st.dictionaries(
        st.sampled_from(["seconds", "text", "camera", "picture", "part"]) | st.text(max_size=20),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80) | st.lists(st.integers()),
        max_size=3,
    ),
)
def test_whatever_is_asked_there_is_an_answer(name: str, arguments: dict[str, Any]) -> None:
    """Each command with any arguments ends in outcomes; a maintenance that begins has an end."""
    clock = SystemClock()
    parts = SimpleNamespace(
        uplink=None, pictures=None, clock=clock, inbox=clock.inbox(9), kept=SimpleNamespace(pictures=None)
    )
    parts.budget = Budget(Terms(), clock, lambda: None)
    told = run(parts, name, arguments)
    assert told
    while len(parts.inbox):
        work = parts.inbox.get(0.0)
        assert isinstance(work, Maintenance)
        assert clock.now() - 60 <= work.until <= clock.now() + 24 * 3600


def test_no_rights_no_command(parts: Any) -> None:
    """Who may only read asks for the status and no more."""
    assert code(run(parts, "maintenance", {"seconds": 60}, READER)) == "forbidden"
    assert code(run(parts, "picture", {}, READER)) == "forbidden"
    assert code(run(parts, "accept-ledger", {}, READER)) == "forbidden"
    assert len(parts.inbox) == 0


def by_platform(parts: Any, name: str, remote: tuple[str, ...] = CommandsSection().remote, **said: Any) -> list[Result]:
    """Return the results of a command that came over the broker."""
    results: list[Result] = []
    by_mqtt(Commands(parts, KNOWN), "min-1", remote, results.append)(Command(1, "c1", name, said, 9))
    return results


def test_the_platform_may_ask_what_the_stations_file_lists(parts: Any) -> None:
    """By default pictures and hellos; never whose word counts, whatever the file says."""
    assert [(r.id, r.station, r.state) for r in by_platform(parts, "picture")] == [
        ("c1", "min-1", "accepted"),
        ("c1", "min-1", "done"),
    ]
    assert by_platform(parts, "hello")[0].data["why"]["code"] == "without_broker"
    for name in ("maintenance", "status", "accept-ledger", "picture-file"):
        assert by_platform(parts, name)[0].data["why"]["code"] == "not_asked_remotely"
    assert by_platform(parts, "dance")[0].text.endswith("there are: picture, stage, silence-horn, hello")
    assert by_platform(parts, "picture", ())[0].state == "failed"
    assert set(get_args(RemoteCommand)) == {command.name for command in KNOWN if command.remote}


@pytest.mark.parametrize(
    ("crop", "stage", "words"),
    [
        ("apple", "young-fruit", ('apple has no stage "young-fruit"; there are silver-tip', "银尖期、露绿期")),
        ("loquat", "full-bloom", ("there are flower, young-fruit", "花期、幼果期")),
        ("durian", "flower", ('no crop "durian" is known; there are apple', "苹果、甜樱桃、李、枇杷")),
    ],
)
def test_a_stage_that_the_crop_does_not_have_is_refused_with_those_it_has(
    parts: Any, crop: str, stage: str, words: tuple[str, str]
) -> None:
    """By which way ever: nothing is kept, and the answer names what would be right, in Chinese too."""
    (told,) = run(parts, "stage", {"crop": crop, "stage": stage, "by": "Wang"})
    assert told.state == "failed" and told.why is not None
    assert words[0] in str(told.why) and words[1] in Spoken("zh").reason(told.why)
    assert "there are" not in Spoken("zh").reason(told.why)
    assert words[0] in by_platform(parts, "stage", crop=crop, stage=stage, by="Wang")[0].text
    assert parts.inbox.get(0.0) is None


@pytest.mark.parametrize(("crop", "is_told"), [("apple", False), ("cherry", True)])
def test_a_stage_that_no_rule_of_frost_follows_is_taken_and_told(parts: Any, crop: str, is_told: bool) -> None:
    """Who sets it would otherwise rely on an alert that nobody raises; by the platform's way too, and in Chinese."""
    parts.config.alert = (SimpleNamespace(crop="apple"), SimpleNamespace(crop=None))
    (told,) = run(parts, "stage", {"crop": crop, "stage": "full-bloom", "by": "Wang"})
    assert told.state == "done" and (told.why is not None) == is_told == ("why" in told.data)
    (result,) = by_platform(parts, "stage", (*CommandsSection().remote, "stage"), crop=crop, stage="full-bloom", by="W")
    assert ("no rule of this station tells of frost on cherry" in result.text) == is_told
    if told.why is not None:
        words = Spoken("zh").reason(told.why)
        assert "本站没有“甜樱桃”的霜冻规则" in words and 'crop = "cherry"' in words


def test_a_local_caller_asks_by_name(parts: Any) -> None:
    """{"ask": name} with the arguments beside it; what is no question is told to be none."""
    told: list[Outcome] = []
    questions: tuple[object, ...] = ({"ask": "maintenance", "seconds": 60}, {"ask": 3}, {}, [])
    for asked in questions:
        by_socket(Commands(parts, KNOWN), asked, OWNER, told.append)
    assert told[0] == Outcome("done", data={"maintenance_s": 60})
    assert [outcome.why.code for outcome in told[1:] if outcome.why] == ["nothing_asked"] * 3


def test_who_may_not_is_refused(parts: Any) -> None:
    """A right that is missing is named, and nothing is done."""
    told: list[Outcome] = []
    by_socket(Commands(parts, KNOWN), {"ask": "picture"}, READER, told.append)
    assert [outcome.why and outcome.why.code for outcome in told] == ["forbidden"]


def test_who_gave_a_command_is_kept(parts: Any) -> None:
    """By the command's id, in the store; what is only read leaves nothing there."""
    run(parts, "maintenance", {"seconds": 60.0})
    assert msgspec.json.decode(parts.kept.notes.get("issued", "x")) == {
        "command": "maintenance",
        "issued_by": "http technician",
    }
    assert parts.inbox.get(0.0).issued_by == "http technician"
    Commands(parts, KNOWN).run("picture-file", {"picture": "a" * 64}, Request("y", READER, lambda _: None))
    assert parts.kept.notes.get("issued", "y") is None
