"""The spool: what either end finds after the other was killed at any point."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock.clock import SystemClock
from edge.pictures.reasons import AWAY
from edge.pictures.spool import CaptureRequest, CaptureResult, CaptureTarget, LastPicture, Spool, late, new_id, widened
from edge.pictures.waiting import Waiting
from edge.records.record import ClockMark, Stamp


def request(request_id: str = "", password: str = "") -> CaptureRequest:
    """Return a request for one picture."""
    camera = CaptureTarget("orchard", "http", "http://127.0.0.1/", "admin", password)
    return CaptureRequest(
        request_id or new_id(), "min-1", camera, Stamp("boot", 12.5), None, ClockMark("arrival"), 30.0
    )


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """Return an empty spool."""
    return Spool(tmp_path / "spool")


def test_a_request_comes_through_whole_and_is_taken_once(spool: Spool) -> None:
    """The camera process gets exactly what was asked for, and only once."""
    asked = request(password="geheim")
    spool.put(asked)
    other_end = Spool(spool.folder)
    assert other_end.take() == asked
    assert other_end.take() is None


def test_an_answer_and_its_pictures_come_through_whole(spool: Spool) -> None:
    """An answer is seen only when both of its pictures lie there whole."""
    asked = request()
    spool.put(asked)
    assert spool.take() == asked
    assert spool.answer(asked.id) is None
    spool.finish(CaptureResult(asked.id, True), b"full", b"thumb")
    assert spool.answer(asked.id) == CaptureResult(asked.id, True)
    assert [file.read_bytes() for file in spool.files(asked.id)] == [b"full", b"thumb"]
    assert spool.abandoned() == [], "or the next camera process would answer it anew"


def test_nobody_else_can_read_a_camera_password(spool: Spool) -> None:
    """The folder and the request are the owner's alone, and a request in a log shows no password."""
    asked = request(password="geheim")
    spool.put(asked)
    assert stat.S_IMODE(spool.folder.stat().st_mode) == 0o700
    (file,) = spool.folder.glob("request-*")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "geheim" not in f"{asked} {asked!r} {CaptureResult(asked.id, False)!r}"


def test_a_wish_that_killed_its_process_is_named_and_not_tried_again(spool: Spool) -> None:
    """What a killed process had taken is known to the next one, which must not take it again."""
    asked = request()
    spool.put(asked)
    assert spool.take() == asked
    (spool.folder / f".{asked.id}.full.jpg.part").write_bytes(b"half")
    next_one = Spool(spool.folder)
    assert next_one.abandoned() == [asked.id]
    assert next_one.take() is None
    assert not list(spool.folder.glob("*.part"))


def test_a_withdrawn_wish_gets_no_answer(spool: Spool) -> None:
    """An answer that comes after the daemon gave up leaves nothing behind."""
    asked = request()
    spool.put(asked)
    assert spool.take() == asked
    spool.drop(asked.id)
    spool.finish(CaptureResult(asked.id, True), b"full", b"thumb")
    assert spool.answer(asked.id) is None
    assert not list(spool.folder.glob("*.jpg"))


def test_whatever_is_withdrawn_while_it_is_answered_leaves_nothing_behind(spool: Spool) -> None:
    """A daemon that gives up in any moment of an answer finds no picture of it on its card ever after."""
    for _ in range(20):
        asked = request()
        spool.put(asked)
        assert spool.take() == asked
        daemon = threading.Thread(target=Spool(spool.folder).drop, args=(asked.id,))
        daemon.start()
        spool.finish(CaptureResult(asked.id, True), b"full" * 9999, b"thumb")
        daemon.join()
        assert not [file for file in spool.folder.iterdir() if asked.id in file.name]


def test_sweeping_leaves_foreign_files_and_the_memory_alone(spool: Spool) -> None:
    """Leftovers of a killed daemon go, everything else stays."""
    spool.put(request())
    spool.remember({"orchard": LastPicture("abc", 7)})
    (spool.folder / "notes.txt").write_text("mine")
    assert spool.sweep() == 1
    assert sorted(file.name for file in spool.folder.iterdir()) == ["last.json", "notes.txt"]
    assert spool.remembered() == {"orchard": LastPicture("abc", 7)}


@given(st.binary(max_size=300), st.sampled_from(["request", "answer", "taken"]))
def test_torn_and_foreign_files_are_no_wishes_and_no_answers(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, word: str
) -> None:
    """Whatever bytes lie in the spool, neither end falls over them or takes them for something."""
    spool = Spool(tmp_path_factory.mktemp("spool"))
    (spool.folder / f"{word}-0123456789abcdef.json").write_bytes(data)
    (spool.folder / "request-..json").write_bytes(data)
    (spool.folder / "last.json").write_bytes(data)
    assert spool.take() is None
    assert spool.answer("0123456789abcdef") is None
    assert isinstance(spool.remembered(), dict)


def test_a_wish_under_another_name_is_none(spool: Spool) -> None:
    """A request whose file bears another id than its text cannot be answered, so it is removed."""
    spool.put(request("0123456789abcdef"))
    (spool.folder / "request-0123456789abcdef.json").rename(spool.folder / "request-ffffffffffffffff.json")
    assert spool.take() is None
    assert not list(spool.folder.glob("request-*"))


def test_one_camera_process_holds_the_spool(spool: Spool) -> None:
    """A second camera process is refused, and the daemon sees whether there is one."""
    assert not spool.attended()
    lock = spool.attend()
    assert lock is not None
    assert spool.attended()
    assert Spool(spool.folder).attend() is None


def test_looking_for_the_other_end_opens_no_more_and_more_files(spool: Spool) -> None:
    """A station looks for its camera process for years, and a second process tries again and again."""

    def looks() -> int:
        for _ in range(20):
            assert spool.attended() and Spool(spool.folder).attend() is None
        return len(list(Path("/proc/self/fd").iterdir()))

    lock = spool.attend()
    assert lock is not None
    assert looks() == looks()
    os.close(lock)


def test_a_request_that_is_withdrawn_while_it_is_being_taken_is_none(spool: Spool) -> None:
    """The next one is taken instead, and the camera process goes on."""
    gone, asked = request("0123456789abcdef"), request("ffffffffffffffff")
    spool.put(asked)
    file = spool.folder / f"request-{gone.id}.json"
    os.mkfifo(file)  # whoever reads it waits for its end, and by then it has no name any more

    def withdraw() -> None:
        with file.open("wb") as pipe:
            pipe.write(msgspec.json.encode(gone))
            file.unlink()

    daemon = threading.Thread(target=withdraw)
    daemon.start()
    assert spool.take() == asked
    daemon.join()


def test_waiting_ends_when_nobody_is_there(spool: Spool) -> None:
    """Without a camera process the wait ends after the absence allowed, with a sentence."""
    with Waiting(spool, SystemClock(), request().id, patience=30.0, absence=0.2) as waiting:
        assert waiting.slice(0.1) is None
        assert (waiting.slice(20.0) or CaptureResult("", True)).reason == AWAY


def test_waiting_ends_when_the_process_hangs(spool: Spool) -> None:
    """A camera process that is there and says nothing is given up after the patience, with a sentence."""
    assert spool.attend() is not None
    with Waiting(spool, SystemClock(), request().id, patience=0.3, absence=30.0) as waiting:
        assert waiting.slice(0.1) is None
        assert str((waiting.slice(20.0) or CaptureResult("", True)).reason) == "no answer"


def test_a_wait_ends_with_the_answer_and_not_at_a_next_look(spool: Spool) -> None:
    """An answer wakes whoever waits for it: an hour's wait on a clock that never wakes by itself ends with it."""
    asked = request()
    assert spool.attend() is not None
    spool.put(asked)

    def camera_process() -> None:
        taken = Spool(spool.folder).take()
        assert taken is not None
        Spool(spool.folder).finish(CaptureResult(taken.id, True), b"full", b"thumb")

    with Waiting(spool, SystemClock(), asked.id, patience=7200.0, absence=7200.0) as waiting:
        later = threading.Timer(0.3, camera_process)
        later.start()
        assert waiting.slice(3600.0) == CaptureResult(asked.id, True)
        later.join()


def test_a_camera_process_that_goes_is_noticed_when_it_goes(spool: Spool) -> None:
    """The end of the process that holds the spool wakes whoever waits, however it ended."""
    code = (
        "import sys; from pathlib import Path; from edge.pictures.spool import Spool; "
        "s = Spool(Path(sys.argv[1])); s.attend(); print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(spool.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with Waiting(spool, SystemClock(), request().id, patience=7200.0, absence=0.1) as waiting:
            later = threading.Timer(0.3, holder.kill)
            later.start()
            assert (waiting.slice(3600.0) or CaptureResult("", True)).reason == AWAY
            later.join()


def test_a_picture_taken_late_says_by_how_much_its_time_may_be_off(tmp_path: Path) -> None:
    """A still that a slow camera gives 12 s after its request is dated to the request, with 15 s more of error."""
    now = SystemClock().now()
    spool = Spool(tmp_path)
    spool.put(msgspec.structs.replace(request(), laid=now))
    taken = spool.take()
    assert taken is not None
    assert [late(taken, now + seconds) for seconds in (0.0, 0.1, 12.0)] == [0.0, 5.0, 15.0]
    file = tmp_path / f"taken-{taken.id}.json"
    os.utime(file, (0, 0))  # as if the system's clock had been set by decades meanwhile
    assert late(taken, now + 12.0) == 15.0
    assert widened(ClockMark("ntp", 0.5), 15.0) == ClockMark("ntp", 15.5)
    assert widened(ClockMark("arrival"), 15.0) == ClockMark("arrival")
