"""Alarms that the hub itself raises: silent stations, failing channels, its own clock, log and disks."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping

from drivers.reason import Reason
from edge.alerts.rules import within
from edge.delivery.facts import What
from edge.delivery.urgency import local
from edge.records.asked import MINUTE_US
from hub.alarms import alarm as alarms
from hub.alarms.air import air_at
from hub.alarms.alarm import Alarm, Quiet
from hub.alarms.book import AlarmBook
from hub.alarms.cards import card_troubles
from hub.alarms.health import ChannelHealth
from hub.alarms.silence import LastHeard, Silences, cadence, silences
from hub.alarms.two_boxes import two_boxes
from hub.config import AlarmsSection
from hub.database.engine import Engine
from hub.station_clocks import clock_offset

NEWEST = 20  # records of a station from which its cadence is computed
LOOK_US = 10_000_000  # between two looks
BOXES_US = MINUTE_US  # between two looks at the boxes
LEAP_US = 3 * MINUTE_US  # delay of a look that means a clock step or a stall; shorter than the patience with a station
SILENT, ALL_SILENT = "silent", "all-silent"  # names of their alarms, followed by when the station was last heard
ALL = ""  # the station of alarms that concern no single one
UNSET_US = 30 * 60 * 1_000_000  # of an unsynchronised or contradicted clock before the alarm


class Watch:
    """Checks every LOOK_US. `engine`: used from one thread.

    `channels`: those of the hub's file; `connected`: whether the broker is connected; `synchronised`: whether the
    hub's clock is; `photos`: why none can be stored.
    """

    def __init__(
        self,
        engine: Engine,
        section: AlarmsSection,
        channels: Container[str],
        connected: Callable[[], bool],
        synchronised: Callable[[], bool],
        photos: Callable[[], Reason | None],
        now: int,
    ) -> None:
        self._engine, self._section, self._channels, self._connected = engine, section, channels, connected
        self._synchronised, self._photos = synchronised, photos
        self._unset: int | None = None  # since when the clock is unsynchronised or contradicted
        self._off_us = 0  # the hub's clock ahead of the stations', as last known
        self._book, self._health = AlarmBook(engine), ChannelHealth(engine)
        self._since = now
        self._next = self._next_boxes = 0

    def blind_until(self, now: int) -> None:
        """Restart the waiting times: the database, the broker or the lease was unavailable until now."""
        self._since = now

    def look(self, live: list[Alarm], now: int) -> list[Alarm]:
        """Return the alarms that were raised or ended; within a transaction. Raise SinkError."""
        if now < self._next <= now + LOOK_US:  # otherwise the clock was set back
            return []
        # The clock was set forward, or this hub was suspended: that is no silence of stations.
        leapt = self._next and now > self._next + LEAP_US
        self._next, self._since = now + LOOK_US, now if leapt else min(self._since, now)
        return [
            *self._of_stations(live, now),
            *self._of_channels(live, now),
            *self._of_clock(live, now),
            *self._of_log(live, now),
            *self._of_photos(live, now),
            *self._of_boxes(live, now),
        ]

    def last_heard(self, now: int) -> list[LastHeard]:
        """Return when each station was last heard; for one heard only in the future, since when it is waited for.

        Such times were noted before the clock was set back.
        """
        found = self._engine.query(
            "SELECT station, max(CASE WHEN arrived_last <= %s THEN arrived_last END), max(arrived_last) FROM epoch "
            "WHERE arrived_last IS NOT NULL GROUP BY station ORDER BY station",
            (now,),
        )
        return [
            LastHeard(station, min(self._since, now), self._cadence(station, newest), newest)
            if last is None
            else LastHeard(station, last, self._cadence(station, last), newest)
            for station, last, newest in found
        ]

    def is_heard_since(self, station: str, since_us: int) -> bool:
        """Return whether anything has come from a station since then."""
        found = self._engine.query(
            "SELECT 1 FROM epoch WHERE station = %s AND arrived_last > %s LIMIT 1", (station, since_us)
        )
        return bool(found)

    def is_measured_since(self, station: str, since_us: int, now: int) -> bool:
        """Return whether a station's newest minute began after `since_us`, by this hub's clock."""
        air = air_at(self._engine, station, self.by_stations(now))
        return air is not None and air.start_us > self.by_stations(since_us)

    def in_season(self, now: int) -> bool:
        """Return whether frost matters now."""
        return within(self._section.season, f"{local(now, self._section.utc_offset_h):%m-%d}", last_too=True)

    def by_stations(self, at_us: int) -> int:
        """Return an instant of this hub's clock, which may be wrong by hours, by the stations' clocks."""
        return at_us - self._off_us

    def _cadence(self, station: str, last: int) -> int:
        found = self._engine.query(
            "SELECT arrived FROM record WHERE station = %s AND start > %s AND start <= %s AND kind = 'minute' "
            "ORDER BY start DESC LIMIT %s",
            (station, last - 3_600_000_000, last, NEWEST),
        )
        return cadence(arrived for (arrived,) in found)

    def _of_stations(self, live: list[Alarm], now: int) -> list[Alarm]:
        open_ = {one.station: one for one in live if one.open and one.what in ("silent", "all_silent")}
        heard = {one.station: one for one in self.last_heard(now)}
        before = Silences(frozenset(open_) - {ALL}, ALL in open_)
        after = silences(heard.values(), now, self._since, self.in_season(now), before, self._connected())
        turned = [self._silent(heard[station], now) for station in sorted(after.stations - before.stations)]
        for station in sorted(before.stations - after.stations):
            if station in heard and _is_of(open_[station], SILENT, heard[station].newest_us):
                continue  # nothing arrived since: this hub's clock was set back
            alarms.clear(open_[station], now)
            turned.append(open_[station])
        if after.everybody and not before.everybody:
            last = max(one.last_us for one in heard.values())
            quiet = Quiet(last, count=len(heard))
            at = self.by_stations(last)
            near = any(self.is_near(station, at) for station in heard) and self.in_season(now)
            turned.append(alarms.new_alarm(ALL, f"{ALL_SILENT}-{last}", "all_silent", now, quiet, near))
        elif (
            before.everybody
            and not after.everybody
            and not _is_of(open_[ALL], ALL_SILENT, max((one.newest_us for one in heard.values()), default=0))
        ):
            alarms.clear(open_[ALL], now)
            turned.append(open_[ALL])
            self._since = now
        return turned

    def _silent(self, one: LastHeard, now: int) -> Alarm:
        air = air_at(self._engine, one.station, self.by_stations(one.last_us))
        heard_us = one.last_us if self._off_us else None
        quiet = Quiet(one.last_us) if air is None else Quiet(air.start_us, air.air, air.wet, air.fall, heard_us)
        near = air is not None and air.is_near_frost and self.in_season(now)
        return alarms.new_alarm(one.station, f"{SILENT}-{one.last_us}", "silent", now, quiet, near)

    def is_near(self, station: str, last: int) -> bool:
        """Return whether the air at a station was near frost at an instant of its clock."""
        air = air_at(self._engine, station, last)
        return air is not None and air.is_near_frost

    def _of_channels(self, live: list[Alarm], now: int) -> list[Alarm]:
        open_ = {one.quiet.channel: one for one in live if one.open and one.what == "channel" and one.quiet is not None}
        turned: list[Alarm] = []
        for state in (one for one in self._health.listed() if one.name in self._channels):
            if state.failing_us is not None and state.name not in open_:
                name = f"channel-{state.name}-{state.failing_us}"
                turned.append(alarms.new_alarm(ALL, name, "channel", now, state.quiet))
            elif state.failing_us is None and state.name in open_:
                alarms.clear(open_[state.name], now)
                turned.append(open_[state.name])
        for gone in (one for name, one in open_.items() if name not in self._channels):
            alarms.clear(gone, now)
            gone.escalation.over_told = True  # whoever removed it from the file need not be told
            turned.append(gone)
        return turned

    def _of_clock(self, live: list[Alarm], now: int) -> list[Alarm]:
        off_us = clock_offset(self._engine, now)
        self._off_us = self._off_us if off_us is None else off_us
        if self._synchronised() and not self._off_us:
            self._unset = None
            return _turned(live, "clock", now, now, None)
        self._unset = now if self._unset is None else min(self._unset, now)
        if now - self._unset < UNSET_US:
            return []
        ahead = Quiet(self._unset, count=round(abs(self._off_us) / MINUTE_US))
        return _turned(live, "clock", self._unset, now, ahead)

    def _of_log(self, live: list[Alarm], now: int) -> list[Alarm]:
        """Check SQLite's log, which grows without limit while another program holds a read transaction."""
        size = self._engine.overgrown_log()
        return _turned(live, "log", now, now, Quiet(count=round(size / 1e6)) if size else None)

    def _of_boxes(self, live: list[Alarm], now: int) -> list[Alarm]:
        """Check what stations report of their own disks, and whether two boxes send in one name.

        The alarms of a silent station stay as they are.
        """
        if now < self._next_boxes <= now + BOXES_US:
            return []
        self._next_boxes = now + BOXES_US
        copied = {name: Quiet() if is_two else None for name, is_two in two_boxes(self._engine, now).items()}
        cards = {
            name: None if why is None else Quiet(why=why.builtins())
            for name, why in card_troubles(self._engine, now).items()
        }
        return [*_turned_each(live, "card", now, cards), *_turned_each(live, "two_boxes", now, copied)]

    def _of_photos(self, live: list[Alarm], now: int) -> list[Alarm]:
        """Check the folder of photos, which may be full."""
        why = self._photos()
        return _turned(live, "photos", now, now, None if why is None else Quiet(why=why.builtins()))


def _is_of(alarm: Alarm, name: str, last_us: int) -> bool:
    """Return whether this is the alarm of the silence since `last_us`."""
    return alarm.id == alarms.identity(alarm.station, f"{name}-{last_us}")


def _turned(live: list[Alarm], what: What, since: int, now: int, matter: Quiet | None) -> list[Alarm]:
    """Raise the hub's alarm of this kind where `matter` is given and none is open; end it where it is None."""
    open_ = [one for one in live if one.open and one.what == what]
    if matter is not None:
        return [] if open_ else [alarms.new_alarm(ALL, f"{what}-{since}", what, now, matter)]
    for one in open_:
        alarms.clear(one, now)
    return open_


def _turned_each(live: list[Alarm], what: What, now: int, matter: Mapping[str, Quiet | None]) -> list[Alarm]:
    """Do the same for each of these stations; alarms of others stay as they are."""
    open_ = {one.station: one for one in live if one.open and one.what == what}
    turned: list[Alarm] = []
    for station, quiet in matter.items():
        if quiet is not None and station not in open_:
            turned.append(alarms.new_alarm(station, f"{what}-{now}", what, now, quiet))
        elif quiet is None and station in open_:
            alarms.clear(open_[station], now)
            turned.append(open_[station])
    return turned
