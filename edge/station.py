"""Start here: the station, wired. Reads like the design's picture.

    device --driver--> Reading --quality--> flagged Reading --minute--> Record --store--> uplink --MQTT--> platform
    camera --camera process--> spool --shelf--> Picture -----------------^

Everything that waits gets the clock, everything that touches a bus gets the opener: on a box they are real, in
a simulation they are not, and nothing in here knows which.
"""

from __future__ import annotations

import importlib.metadata
import logging
import secrets
from typing import Any

import msgspec

from drivers.clock import Clock
from drivers.quantity import Kind as QuantityKind
from drivers.quantity import quantity
from drivers.reason import Reason
from edge.commands import Commands
from edge.config.sections import Config
from edge.control import Control
from edge.health.health import Health
from edge.lanes import Lanes
from edge.measure.correction import RainCurve
from edge.measure.counter import Counter, CounterState
from edge.measure.limits import limits_for
from edge.measure.minute import ChannelLine, Minutes
from edge.pictures.schedule import PictureLane
from edge.pictures.shelf import Shelf
from edge.pictures.spool import Spool
from edge.record import Draft, Kind, Record, Stamp
from edge.recorder import Recorder
from edge.sampler import BusLane, Opener, by_bus
from edge.status import Parts
from edge.store.store import Store
from edge.store.trouble import StoreTrouble
from edge.timekeeper import Timekeeper, TimeSource
from edge.uplink.contract import Result
from edge.uplink.uplink import Uplink

log = logging.getLogger("minshan.station")
INBOX = 20_000  # items; at 30 readings a second ten minutes of a disk that hangs. Full: a counted loss


class Station:
    """A whole station: its lanes, its store, and what they say of themselves."""

    def __init__(
        self, config: Config, store: Store, clock: Clock, opener: Opener, sources: list[TimeSource], boot: str
    ) -> None:
        self.config, self.store, self.clock, self.boot = config, store, clock, boot
        self.epoch = store.epoch
        self.stopped_by: str | None = None  # kept with the last minute, so that the next start knows why
        self.lanes = Lanes(clock)
        self.inbox = clock.inbox(INBOX)
        self._lines = channel_lines(config, store.state(), boot)
        self.recorder = Recorder(
            Minutes(self._lines), store, clock, self.inbox, boot, keep=self._keep, appended=self._appended
        )
        line = self.recorder.timeline
        self.timekeeper = Timekeeper(sources, boot, clock, self.inbox, settled=lambda: line.settled)
        self._know_the_time()
        self.buses = [BusLane(group, opener, clock, self.inbox) for group in by_bus(config.sensor).values()]
        self.commands = Commands(config.station.id, self._answer)
        self.uplink = self._make_uplink()
        self.pictures = self.commands.pictures = self._make_pictures()
        self.parts = Parts(
            config, clock, store, self.inbox, self.recorder, self.buses, self.uplink, self.pictures, self.lanes,
            self.timekeeper,
        )  # fmt: skip
        self.control = Control(config.socket_path, clock, self.parts, self.inbox)
        self.health = Health(self.parts, boot)

    def _know_the_time(self) -> None:
        """One look before anything is recorded: where the time is known, no record has to be dated later."""
        anchor = self.timekeeper.look()
        if anchor is not None:
            self.recorder.timeline.learn(anchor, self.clock.now())

    def _make_uplink(self) -> Uplink | None:
        if self.config.broker is None:
            return None
        return Uplink(
            self.config.broker,
            self.config.station.id,
            self.store,
            self.clock,
            self.epoch,
            boot=self.boot,
            on_command=self.commands.handle,
            on_anchor=self.inbox.offer,
            on_loss=self._lost,
        )

    def _make_pictures(self) -> PictureLane | None:
        if not self.config.camera:
            return None
        state = self.config.state_dir
        return PictureLane(
            self.config.camera,
            self.config.site,
            self.config.station.id,
            self.clock,
            Spool(state / "spool"),
            Shelf(state),
            utc=lambda: self.recorder.time_at(self.clock.now()),
            boot=self.boot,
            post=self.inbox.offer,
            done=self.commands.picture_done,
        )

    # -- life ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Record what the box was and is, then start all lanes."""
        self.recorder.event(Kind.START, start_body(self.store, self.recorder, self.boot))
        self._set_strays_aside()
        begin = self.recorder.timeline.begin
        self.recorder.journal.tidy(Stamp(self.boot, begin), *self.recorder.time_at(begin))
        self.recorder.setup(setup_body(self.config))
        self.lanes.start("recorder", self.recorder.run)
        for bus in self.buses:
            self.lanes.start(f"bus {bus.name}", bus.run)
        self.lanes.start("time", self.timekeeper.run)
        if self.pictures is not None:
            self.lanes.start("pictures", self.pictures.run)
        if self.uplink is not None:
            self.lanes.start("uplink", self.uplink.run)
        self.lanes.start("control", self.control.run)
        self.lanes.start("health", self.health.run)

    def _set_strays_aside(self) -> None:
        """Files without a row are no reason not to start, and nobody but a person can say what they are worth."""
        try:
            names = self.store.pictures.set_strays_aside()
        except (OSError, StoreTrouble) as trouble:
            log.error("picture files that no record tells of stay where they are: %s", trouble)
            return
        if names:
            log.warning("no record tells of %d picture files: moved to %s", len(names), self.store.pictures.strays)

    def measuring(self) -> list[str]:
        """The lanes that bring readings and pictures; ending them leaves keeping and sending."""
        return [*self.lanes.names("bus "), *self.lanes.names("pictures"), *self.lanes.names("health")]

    def _keep(self) -> dict[str, Any]:
        """What must outlive a restart, kept in the transaction of each minute."""
        counters = {line.name: msgspec.to_builtins(line.counter.state) for line in self._lines if line.counter}
        return {"counters": counters, "stopped_by": self.stopped_by}

    def _answer(self, result: Result) -> None:
        if self.uplink is not None:
            self.uplink.result(result)

    def _lost(self, body: dict[str, Any]) -> None:
        """The uplink tells of something that cannot be sent: a loss record of this instant."""
        now = self.clock.now()
        start, mark = self.recorder.time_at(now)
        self.inbox.offer(Draft(Kind.LOSS, Stamp(self.boot, now), 0.0, start, mark, body))

    def _appended(self, record: Record) -> None:
        if self.uplink is not None:
            self.uplink.poke()


def channel_lines(config: Config, state: dict[str, Any], boot: str) -> list[ChannelLine]:
    """One line a channel, counters as they were when the store's last minute closed."""
    names = config.channels()
    counters = state.get("counters", {})
    lines = []
    for sensor in config.sensor:
        pace = sensor.info.samples_per_minute(sensor.settings)
        for channel in sensor.info.channels(sensor.settings):
            name = names[sensor.name, channel.quantity]
            limits = limits_for(channel.quantity, config.site.altitude_m)
            line = ChannelLine(name, sensor.name, channel, limits, pace, height_m=sensor.height_m)
            if quantity(channel.quantity).kind is QuantityKind.TOTAL:
                line.counter = Counter(msgspec.convert(counters.get(name, {}), CounterState), boot)
                if sensor.rain_correction is not None:
                    line.curve = RainCurve(sensor.rain_correction.a, sensor.rain_correction.b)
            lines.append(line)
    return lines


FIRST_START = Reason("first_start", "first start")
STORE_LOST = Reason("store_lost", "the store was lost")


def start_body(store: Store, recorder: Recorder, boot: str) -> dict[str, Any]:
    """Which epoch came before, when the box was last alive, why it was off, and what is missing for it."""
    last = store.last()
    now, _mark = recorder.time_at(recorder.timeline.begin)
    body: dict[str, Any] = {"version": importlib.metadata.version("minshan"), "boot": boot}
    if last is None:
        return body | {"reason": (STORE_LOST if store.repaired is not None else FIRST_START).builtins()}
    reason = off_reason(last, store, boot)
    body |= {"previous_epoch": last.epoch, "previous_seq": last.seq, "reason": reason.builtins()}
    ended = None if last.start is None else last.start + round(last.duration * 1e6)
    body["last_alive"] = ended
    if ended is not None and now is not None:
        body |= {"missing": {"from": ended, "to": now}, "off_s": round((now - ended) / 1e6, 3)}
    elif last.stamp.boot == boot:
        body["off_s"] = round(recorder.timeline.begin - last.stamp.boottime - last.duration, 3)
    return body


def off_reason(last: Record, store: Store, boot: str) -> Reason:
    """Why nothing was measured: a person stopped it, the daemon was killed, or the box lost its power."""
    if store.state().get("stopped_by") == "person":
        return Reason("stopped_by_person", "stopped by a person")
    return Reason("killed", "killed") if last.stamp.boot == boot else Reason("power", "power")


def setup_body(config: Config) -> dict[str, Any]:
    """What the coming minutes are made under: sensors, heights, calibrations, site, the configuration's hash."""
    names = config.channels()
    return {
        "configuration": config.digest,
        "flags": "QARTOD",
        "site": config.site.model_dump(),
        "sensors": [
            {
                "name": s.name,
                "driver": s.driver,
                "height_m": s.height_m,
                "serial": s.serial,
                "calibration": s.calibration,
                "rain_correction": None if s.rain_correction is None else s.rain_correction.model_dump(mode="json"),
                "settings": s.settings.model_dump(mode="json"),
                "channels": [names[s.name, c.quantity] for c in s.info.channels(s.settings)],
            }
            for s in config.sensor
        ],
        "cameras": [{"name": c.name, "driver": c.driver, "every_min": c.every_min} for c in config.camera],
    }


def new_epoch() -> str:
    """A random epoch for this start of the daemon: 48 bits, so that no two starts of a farm's life agree."""
    return secrets.token_hex(6)
