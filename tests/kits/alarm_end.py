"""A platform in simulated time whose hub tells people too: the same lanes as a real one's, over the same database."""

from __future__ import annotations

import msgspec

from edge.sim.faults import Mishap
from edge.sim.lane import SimLane
from edge.sim.rig import Rig
from hub.alarms.alarm import Alarm
from hub.alarms.lane import Setting, start_lanes
from hub.alarms.people import People
from hub.config import AlarmsSection
from hub.database.engine import opened
from tests.kits.alarm_kit import Channel, person_of
from tests.kits.database_end import DatabaseEnd

POLL_S = 20.0


class AlarmEnd(DatabaseEnd):
    """`channels`: what people were told; the hub's lanes end where its receiver leaves, as by SIGKILL."""

    channels: dict[str, Channel]
    poll_s = POLL_S
    _rig: Rig | None = None
    _lanes: tuple[SimLane, ...] = ()

    def serve(self, rig: Rig) -> None:
        """Be there in this boot's time from now on."""
        if self._rig is None:
            self.channels = {
                "group": Channel("group", self.network.utc, most_a_minute=20),
                "voice": Channel("voice", self.network.utc, wakes=True, one_by_one=True),
            }
            engine = opened(self.url)
            for place, name in ((1, "zhang"), (2, "li")):
                People(engine).keep(person_of(name, place))
            engine.close()
        super().serve(rig)
        self._rig = rig
        self._tell()

    def befall(self, what: Mishap) -> None:
        """Let something happen to the broker or the platform; the alarms come and go with it."""
        if what is Mishap.LEAVES:
            self._hush()
        super().befall(what)
        if what is Mishap.RETURNS:
            self._tell()

    def utc(self) -> int:
        """Return the time at which something arrives, microseconds."""
        return self.network.utc()

    def alarms(self) -> list[Alarm]:
        """Return all alarms."""
        engine = opened(self.url)
        found = engine.query("SELECT said FROM alarm ORDER BY changed, id")
        engine.close()
        return [msgspec.json.decode(said, type=Alarm) for (said,) in found]

    def _tell(self) -> None:
        assert self._rig is not None
        rig = self._rig
        for channel in self.channels.values():
            channel.utc = self.network.utc
        setting = Setting(
            AlarmsSection(season=("01-01", "12-31")),
            self.channels,
            lambda: opened(self.url),
            "hub",
            rig.clock,
            self.network.utc,
            poll_s=self.poll_s,
            seed=1,
        )
        lanes = start_lanes(setting)
        self._lanes = tuple(lane for lane in lanes.all() if isinstance(lane, SimLane))
        rig.beside += self._lanes

    def _hush(self) -> None:
        for lane in self._lanes:
            lane.kill()
