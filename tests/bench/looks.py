"""Pictures on command: at another camera while a recorder hangs, and over a thin link while much else is to be sent."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from drivers.twins.cameras import SnapshotCamera
from drivers.twins.scene import Moment
from edge.clock.clock import SystemClock, system_utc
from edge.config.sections import CameraSection, SiteSection
from edge.pictures.schedule import PictureLane
from edge.pictures.spool import Spool
from edge.records.record import ClockMark, Draft, Kind
from edge.store.picture_files import Shelf
from edge.wire.contract import Command, Topic, decode_chunk, encode, topic
from tests.bench.camera import NOON, Still
from tests.bench.days import month
from tests.bench.figures import Row, UnmeasuredError, repeated
from tests.bench.uplink import filled
from tests.kits.broker import Broker
from tests.kits.system import station, talking
from tests.kits.thin_link import ThinLink
from tests.kits.uplink_kit import Listener

LOOKS, THIN_LOOKS = 20, 3  # in a minute the backfill has gone
CHANNELS = 16
RATE, DELAY = 8000.0, 0.5  # bytes/s, s: a weak 4G link of 64 kbit/s, 1 s there and back
SITE = SiteSection(latitude=31.68, longitude=103.85, altitude_m=1590.0)


def rows() -> Iterator[Row]:
    """Yield the bench's rows."""
    with SnapshotCamera(Still(2688, 1520), lambda: Moment(NOON)) as camera:
        what = f"a look at a camera while the {CHANNELS} of a recorder hang (s)"
        yield repeated(what, list(beside_a_dead_recorder(camera.url)), aim="3")
        yield repeated(
            "at 64 kbit/s, under 30 days of backfill: thumbnail whole (s)", list(over_a_thin_link(camera.url))
        )


def beside_a_dead_recorder(url: str) -> Iterator[float]:
    """Yield the seconds from a command to its picture, of so many looks, while each minute the recorder is asked."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        dead = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=100))
        recorder = f"http://127.0.0.1:{dead.getsockname()[1]}"
        urls = {f"c{channel}": f"{recorder}/{channel}" for channel in range(CHANNELS)} | {"gate": url}
        stack.enter_context(running("edge.pictures.worker", "--spool", str(folder / "spool")))
        lane = stack.enter_context(pictures(folder, urls))
        time.sleep(61 - time.time() % 60)
        for number in range(LOOKS):
            heard = SimpleQueue[float]()
            began = time.monotonic()
            lane.request("gate", f"c-{number}", "bench", lambda: None, told(heard))
            yield heard.get(timeout=90) - began
            time.sleep(3)


def over_a_thin_link(url: str) -> Iterator[float]:
    """Yield the seconds from a command at the broker until the thumbnail is whole behind it, of some looks."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        broker = Broker(folder).start()
        stack.callback(broker.stop)
        link = ThinLink(broker.port, RATE, DELAY)
        stack.callback(link.close)
        camera = f'[[camera]]\nname = "gate"\ndriver = "http"\nurl = "{url}"\nevery_min = 1440\n'
        file = station(folder, stack.enter_context(talking()), f"mqtt://127.0.0.1:{link.port}", camera)
        file.write_text(file.read_text().replace("_mb = 10\n", "_mb = 200\n"))
        filled(folder / "state", month()).close()
        stack.enter_context(running("edge.pictures.worker", "--spool", str(folder / "state" / "spool")))
        listener = Listener(broker)
        stack.enter_context(running("provisioning.main", "run", "--config", str(file)))
        for number in range(THIN_LOOKS):
            time.sleep(4 if number else 12)  # the first time it starts, later it sends on
            if not any(message.topic.endswith(Topic.BACKFILL) for message in listener.take()):
                raise UnmeasuredError("the station sent no backfill")
            listener.messages.clear()
            expires = round((time.time() + 600) * 1e6)
            began = time.monotonic()
            listener.send(
                topic("maoxian-1", Topic.COMMAND), encode(Command(1, f"look-{number}", "picture", {}, expires))
            )
            while not is_thumbnail_whole(listener):
                if time.monotonic() > began + 120:
                    raise TimeoutError("no thumbnail within 120 s")
            yield time.monotonic() - began


def is_thumbnail_whole(listener: Listener) -> bool:
    """Take in what comes in a moment. Return whether the last part of a thumbnail was among it."""
    chunks = [decode_chunk(message.payload) for message in listener.on("maoxian-1", Topic.PICTURE, quiet=0.02)]
    return any(head.part == "thumbnail" and head.offset + len(data) == head.size for head, data in chunks)


def told(heard: SimpleQueue[float]) -> Any:
    """Return what hears of the end of a picture."""

    def listener(done: bool, why: object, data: object) -> None:
        if not done:
            raise RuntimeError(str(why))
        heard.put(time.monotonic())

    return listener


@contextmanager
def pictures(folder: Path, urls: dict[str, str]) -> Iterator[PictureLane]:
    """Give the running lane of a station's pictures, all of which are due each minute."""
    clock = SystemClock()

    def record(draft: Draft) -> None:
        if draft.kind is Kind.PICTURE:
            lane.recorded(draft.body["picture"])

    lane = PictureLane(
        tuple(
            CameraSection(name=name, driver="http", url=url, every_min=1, by_night=True) for name, url in urls.items()
        ),
        SITE,
        "bench",
        clock,
        Spool(folder / "spool"),
        Shelf(folder),
        utc=lambda: (system_utc(), ClockMark("system", 1.0)),
        boot="b",
        post=record,
    )
    run = clock.lane("pictures", lane.run)
    try:
        yield lane
    finally:
        run.stop()
        run.join(5)


@contextmanager
def running(*words: str) -> Iterator[None]:
    """Run a module of ours while this lasts."""
    with subprocess.Popen([sys.executable, "-m", *words], stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()
