"""A small station on twins, a life of it under faults, and what came of it: what the simulation's tests share."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from drivers.twins.twin import Fault
from edge.config.file import load
from edge.config.sections import CameraSection, CommandsSection, Config
from edge.daemon import open_store
from edge.northbound import version2
from edge.records.record import Kind, Record
from edge.sim.command_checkers import SentCommand, command_checks, under_maintenance
from edge.sim.faults import DeviceFault, Schedule
from edge.sim.picture_checkers import PictureState, picture_checks
from edge.sim.record_checkers import Truth, highest, identity_checks, unsettled, wrongly_proven
from edge.sim.rig import Rig
from edge.sim.scenario import Life
from edge.sim.value_checker import channels_of, value_checks
from edge.store.outbox import PLATFORM
from edge.store.picture_rows import FULL, THUMBNAIL
from edge.store.store import Store
from tests.kits.camera_thread import CameraThread
from tests.kits.far_end import FarEnd

BEGIN = 1_782_097_200_000_000  # 2026-06-22 11:00 at the site, in the rains
HOUR, DAY = 3600.0, 86_400.0
CAMERA_MIN = 20  # minutes between two pictures
NO_PICTURES = PictureState({}, (), (), (), ())
SIMULATED = '[broker]\nurl = "mqtt://simulated"\n'
SMALL = """\
[station]
id = "sim"
[site]
latitude = 31.68
longitude = 103.85
altitude_m = 1590.0
[state]
dir = "{state}"
{broker}
[[sensor]]
name = "shelter"
driver = "bme280"
address = 0x76
[[sensor]]
name = "light"
driver = "veml7700"
address = 0x10
[[sensor]]
name = "second"
driver = "w1-therm"
path = "/sim/28-0001/w1_slave"
[[sensor]]
name = "rain485"
driver = "modbus"
port = "sim-rs485"
profile = "rain-renke"
address = 3
[[sensor]]
name = "vane"
driver = "modbus"
port = "sim-rs485"
profile = "rs-fxjt"
address = 2
interval = 10.0
[[sensor]]
name = "field"
driver = "ascii-station"
port = "sim-field"
"""


@dataclass
class Outcome:
    """What came of a life: the store's records at its end and all that arrived, and what the checkers say."""

    life: Life
    kept: list[Record]
    arrived: list[Record]
    complaints: list[str]
    pictures: PictureState = NO_PICTURES
    connections: int = 0  # that the station made
    topics: list[str] = field(default_factory=list)  # of all messages that arrived
    asked: dict[str, SentCommand] = field(default_factory=dict)

    def minutes(self, epoch: int | None = None) -> list[Record]:
        """Return the newest revisions of the minutes that arrived, of one start (0: the first) or of all."""
        wanted = None if epoch is None else self.life.runs[epoch].epoch
        best = highest(self.arrived).values()
        chosen = [r for r in best if r.kind == Kind.MINUTE and (wanted is None or r.epoch == wanted)]
        return sorted(chosen, key=lambda record: record.seq)

    def ailing(self, span: tuple[float, float], sensor: str, fault: Fault) -> set[str]:
        """Return the channels of all devices that such a fault affects."""
        channels = channels_of(Truth.of(self.life))
        ailed = channels.ailed(DeviceFault(*span, sensor, fault))
        return {channel for channel, owner in channels.sensor.items() if owner in ailed}

    def starts(self) -> list[Record]:
        """Return the start records."""
        return [record for record in self.kept if record.kind == Kind.START]


def configured(folder: Path, text: str = SMALL, broker: str = SIMULATED) -> Config:
    """Return the station's file, loaded."""
    file = folder / "station.toml"
    file.write_text(text.format(state=folder / "state", broker=broker))
    return load(file)


def without(text: str, *sensors: str) -> str:
    """Return the station's file without some of its sensors."""
    for name in sensors:
        text = re.sub(rf'\[\[sensor\]\]\nname = "{name}"\n.*?(?=\[\[sensor|\Z)', "", text, flags=re.DOTALL)
    return text


def live(  # noqa: PLR0913 - all that a test of a whole life may want otherwise, each with a usual value
    config: Config,
    schedule: Schedule,
    length: float,
    *,
    seed: int = 1,
    begin: int = BEGIN,
    speed: float | None = None,
    setup: Callable[[Rig], None] = lambda rig: None,
    reads: int = version2.VERSION,
    end: type[FarEnd] = FarEnd,
) -> Outcome:
    """Live so many simulated seconds before a platform that reads this version, and judge what came of it."""
    config = with_people(config)
    platform = end(config.state_dir.with_name("platform"), seed, reads, schedule.tells_time)
    camera = CameraThread(config.state_dir / "spool", seed)
    try:
        life = Life(config, seed, begin, schedule, opener(seed), speed, platform, setup=setup)
        life.run(length)
        life.end()
    finally:
        camera.end()
    kept, closed = records_of(config), closed_of(config)
    outcome = judged(life, kept, platform.arrived, pictures_of(config, platform, camera))
    outcome.topics = platform.topics
    outcome.connections = len(platform.network.connections)
    outcome.complaints += [*wrongly_proven(closed, platform.database()), *unsettled(kept, closed)]
    outcome.asked = platform.asker.judged()
    outcome.complaints += picture_checks(outcome.pictures, kept)
    outcome.complaints += command_checks(Truth.of(life), outcome.asked, kept)
    return outcome


def opener(seed: int) -> Callable[[Config], Store]:
    """Return what opens a life's store at each start, under epochs that its seed says: chance has no part in a life."""
    chance = random.Random(f"epochs {seed}")
    return lambda config: open_store(config, f"{chance.getrandbits(48):012x}")


def with_people(config: Config) -> Config:
    """Return the station with a camera, and with all that may be asked from afar."""
    camera = CameraSection(
        name="mast", driver="http", url="http://camera.invalid/still", every_min=CAMERA_MIN, by_night=True
    )
    commands = CommandsSection(remote=("picture", "hello", "maintenance"))
    return config.model_copy(update={"camera": (camera,), "commands": commands})


def pictures_of(config: Config, platform: FarEnd, camera: CameraThread) -> PictureState:
    """Return what became of the pictures, of a store that nobody has open."""
    store: Store = open_store(config)
    try:
        book = store.pictures
        kept = [
            (path.name.partition(".")[0], THUMBNAIL if "thumb" in path.name else FULL) for path in book.folder.iterdir()
        ]
        unproven = {(piece.picture, piece.part) for piece in book.next_pieces(PLATFORM, 100_000)}
        with store._db.reading() as connection:
            rows = connection.execute("SELECT picture, part FROM delivery WHERE state = 'held'").fetchall()
        held = {(str(picture), str(part)) for picture, part in rows}
        closed = [part for part in kept if part not in unproven | set(book.unproven(PLATFORM)) | held]
        return PictureState(camera.taken, kept, closed, platform.picture_files(), platform.broker.confirmed, held)
    finally:
        store.close()


def records_of(config: Config) -> list[Record]:
    """Return all records of a store that no process has open."""
    store: Store = open_store(config)
    try:
        return store.range(1, store.next_seq)
    finally:
        store.close()


def closed_of(config: Config) -> list[Record]:
    """Return what the station counts as proven, of a store that nobody has open."""
    store: Store = open_store(config)
    try:
        return list(proven(store, store.range(1, store.next_seq)))
    finally:
        store.close()


def proven(store: Store, records: Iterable[Record]) -> Iterator[Record]:
    """Yield those of the records that the store counts as proven."""
    open_spans = [*store.outbox.unsent_spans(PLATFORM), *store.outbox.unproven(PLATFORM)]
    return (r for r in records if not any(span.first <= r.seq <= span.last for span in open_spans))


def judged(life: Life, kept: list[Record], arrived: list[Record], pictures: PictureState = NO_PICTURES) -> Outcome:
    """Return what the checkers find."""
    truth = Truth.of(life)
    newest = list(highest(arrived).values())
    complaints = [*identity_checks(truth, kept, arrived), *value_checks(truth, newest, under_maintenance(kept))]
    return Outcome(life, kept, arrived, complaints, pictures)
