"""A station with many cameras: a look waits for no other of them, and crashes of the camera process cost no look."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any

import pytest

from drivers.reason import Reason
from edge.clock.clock import SystemClock, system_utc
from edge.config.sections import CameraSection, SiteSection
from edge.control.arguments import PictureArguments
from edge.control.commands import Outcome, Principal, Request, take_picture
from edge.pictures.schedule import PictureLane
from edge.pictures.spool import Spool
from edge.records.record import ClockMark, Draft, Kind
from edge.store.picture_files import Shelf
from tests.kits.camera_process import Process, until
from tests.kits.orchard import jpeg

CAMERAS = 100
HANGING = {3, 40, 70}
SITE = SiteSection(latitude=31.68, longitude=103.85, altitude_m=1590.0)


class Orchard:
    """A server of many cameras' snapshots, of which some hang, and counts what is asked at once."""

    def __init__(self) -> None:
        self.halt = threading.Event()
        self.hanging, self.asked = set(HANGING), SimpleQueue[int]()
        orchard = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                number = int(self.path.rpartition("/")[2])
                orchard.asked.put(number)
                if number in orchard.hanging:
                    orchard.halt.wait(120)
                if number in orchard.hanging:
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(jpeg())))
                self.end_headers()
                self.wfile.write(jpeg())

            def log_message(self, format: str, *args: object) -> None:
                """Log nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """End the server."""
        self.halt.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@contextmanager
def station(folder: Path, url: str, cameras: range, every_min: int) -> Iterator[tuple[PictureLane, list[Draft]]]:
    """Give the lane of pictures of a station that runs on the machine's own clock, and what it records."""
    clock, drafts = SystemClock(), list[Draft]()

    def post(draft: Draft) -> None:
        drafts.append(draft)
        if draft.kind is Kind.PICTURE:
            lane.recorded(draft.body["picture"])

    keys: dict[str, Any] = {"driver": "http", "every_min": every_min, "by_night": True}
    lane = PictureLane(
        tuple(CameraSection(name=f"c{number}", url=f"{url}/{number}", **keys) for number in cameras),
        SITE,
        "min-1",
        clock,
        Spool(folder / "spool"),
        Shelf(folder),
        utc=lambda: (system_utc(), ClockMark("system", 1.0)),
        boot="b",
        post=post,
    )
    running = clock.lane("pictures", lane.run)
    try:
        yield lane, drafts
    finally:
        running.stop()
        assert running.join(5)


def look(lane: PictureLane, camera: int) -> SimpleQueue[tuple[bool, Reason]]:
    """Ask for a picture. Return where its outcome comes."""
    heard = SimpleQueue[tuple[bool, Reason]]()
    lane.request(f"c{camera}", "c-1", "mqtt platform", lambda: None, lambda done, why, data: heard.put((done, why)))
    return heard


@pytest.mark.slow
def test_a_look_waits_for_no_other_camera(tmp_path: Path) -> None:
    """In a pass of 100 cameras looks are answered while those that hang still do, and long before the pass ends."""
    orchard, process = Orchard(), Process(tmp_path / "spool")
    try:
        assert until(process.spool.attended, 20.0)
        with station(tmp_path, orchard.url, range(CAMERAS), 1) as (lane, drafts):
            assert until(lambda: orchard.asked.qsize() > 0, 90.0), "no pass has begun"
            for number in (99, 55, 12):
                assert look(lane, number).get(timeout=20.0)[0]
            assert lane.snapshot.cameras["c3"].failures == 0
            assert until(lambda: lane.snapshot.cameras["c3"].failures or None, 60.0)
            assert sum(draft.kind is Kind.PICTURE for draft in drafts) < CAMERAS
    finally:
        orchard.close()
        process.end(signal.SIGTERM)


@pytest.mark.slow
def test_a_look_at_a_camera_that_is_being_asked_takes_that_picture(tmp_path: Path) -> None:
    """It does not come after the one by schedule, in twice the time: there is one, recorded as the look's."""
    orchard, process = Orchard(), Process(tmp_path / "spool")
    try:
        assert until(process.spool.attended, 20.0)
        with station(tmp_path, orchard.url, range(3, 4), 1) as (lane, drafts):
            assert until(lambda: orchard.asked.qsize() > 0, 90.0), "no slot has begun"
            heard = look(lane, 3)
            until(lambda: None, 1.0)  # the lane hears of it
            orchard.hanging.clear()
            orchard.halt.set()
            assert heard.get(timeout=20.0)[0]
            assert orchard.asked.qsize() == 1
            assert [draft.body["command"] for draft in drafts if draft.kind is Kind.PICTURE] == ["c-1"]
    finally:
        orchard.close()
        process.end(signal.SIGTERM)


def test_a_station_with_cameras_says_so_before_it_asks_for_a_picture(tmp_path: Path) -> None:
    """The camera process, which does not know the configuration, loads its libraries upon that."""
    with station(tmp_path, "http://127.0.0.1:9", range(1), 1440) as (lane, _):
        assert until(Spool(tmp_path / "spool").has_cameras, 20.0)
        assert lane.snapshot.cameras["c0"].failures == 0


def test_a_look_waits_for_a_camera_process_that_is_started_again(tmp_path: Path) -> None:
    """Killed over a look, the process costs nothing but its restart: the next one takes that picture after all."""
    orchard, process = Orchard(), Process(tmp_path / "spool")
    try:
        assert until(process.spool.attended, 20.0)
        with station(tmp_path, orchard.url, range(3, 5), 1440) as (lane, _):
            heard = look(lane, 3)
            assert until(lambda: orchard.asked.qsize() > 0, 20.0)
            process.end(signal.SIGKILL)
            orchard.hanging.clear()
            away = look(lane, 4)
            process.start()
            for outcome in (heard, away):
                assert outcome.get(timeout=20.0)[0]
    finally:
        orchard.close()
        process.end(signal.SIGTERM)


def test_a_command_has_the_picture_of_the_camera_that_it_names(tmp_path: Path) -> None:
    """Through the registry of commands: the record names camera, command and who gave it; without a name the first."""
    orchard, process = Orchard(), Process(tmp_path / "spool")
    told = SimpleQueue[Outcome]()
    try:
        assert until(process.spool.attended, 20.0)
        with station(tmp_path, orchard.url, range(4, 7), 1440) as (lane, drafts):
            parts: Any = SimpleNamespace(pictures=lane, config=SimpleNamespace(camera=()))
            for number, name in enumerate(("c6", None, "c5")):
                who = Principal("mqtt", f"person-{number}")
                take_picture(parts, PictureArguments(name), Request(f"look-{number}", who, told.put))
                assert [told.get(timeout=20.0).state for _ in range(2)] == ["accepted", "done"]
            said = [(draft.body["camera"], draft.body["command"], draft.body["issued_by"]) for draft in drafts]
            assert said == [(c, f"look-{n}", f"mqtt person-{n}") for n, c in enumerate(("c6", "c4", "c5"))]
            assert [orchard.asked.get() for _ in range(3)] == [6, 4, 5]
            take_picture(parts, PictureArguments("look-1"), Request("c5", Principal("mqtt", "x"), told.put))
            refused = told.get(timeout=5.0)
            assert refused.why is not None
            assert (refused.state, refused.why.code) == ("failed", "no_such_camera")
    finally:
        orchard.close()
        process.end(signal.SIGTERM)
