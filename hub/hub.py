"""The hub's entry point: it connects a receiver to a database, and waits for either while it is unavailable."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from drivers.clock import Clock
from drivers.reason import Reason, system_reason
from edge.clock.clock import SystemClock, system_utc
from edge.delivery.channels import senders
from edge.lanes import Lanes
from edge.records.record import Record
from edge.systemd import notify
from hub.alarms import lane as alarms
from hub.alarms.start_outage import StartOutage
from hub.config import HttpSection, HubConfig
from hub.database.engine import Engine, opened
from hub.database.errors import NOT_INSTALLED, DatabaseRefusedError
from hub.database.sink import DatabaseSink
from hub.forward import forwarding
from hub.picture_folder import PictureFolder
from hub.receiver import Files, Receiver
from hub.retention import Retention
from hub.told_time import SynchronisedTime, ToldTime, UncontradictedTime
from hub.upkeep import Upkeep
from hub.waiting import Waiting

log = logging.getLogger("minshan.hub")
BEAT_S = 30.0  # s between two notifications of systemd's watchdog
HUNG_S = 600  # s without one after which it restarts the hub; a statement may take 30, and a commit has several
NOTHING_KEPT = Reason("nothing_kept", "this hub is not receiving anything now: {why}", why="")


def serve(
    config: HubConfig,
    ended: Callable[[], bool],
    utc: Callable[[], int] = system_utc,
    told: Callable[[], ToldTime] | None = None,
) -> None:
    """Receive, commit, send receipts, acknowledge, forward, and serve HTTP, until `ended`.

    `utc` returns the time, microseconds since 1970; `told` the time that stations are told (default: the system's time
    while it is synchronised; an alarm is raised while it is not). Raise DatabaseRefusedError, PortError,
    OSError (the pictures' folder).
    """
    web = None if config.http is None else Web(config, config.http, utc)
    upkeep = Upkeep(lambda: engine_of(config, make=False), config.holder, SystemClock())
    notify("READY=1")
    clock = SystemClock()
    outage = StartOutage(lambda: engine_of(config, make=False, still=True), senders(config.channel, clock, utc), clock)
    waiting = Waiting(ended, clock, outage.note_failure)
    if web is not None:
        web.tells(lambda: waiting.trouble, lambda: None)
    try:
        sink = waiting.until(lambda: open_sink(config, upkeep.is_compared))
        if sink is not None:
            upkeep.start()
            receive(config, sink, waiting, outage, ended, web, utc, told)
    finally:
        upkeep.stop(forwarding.LAST_S)
        if web is not None:
            web.stop()


class Web:
    """The HTTP server and the lane that sends commands, beside the receiver.

    Raise DatabaseRefusedError, PortError.
    """

    def __init__(self, config: HubConfig, http: HttpSection, utc: Callable[[], int]) -> None:
        from hub.command_lane import CommandLane

        try:
            from hub.web.server import Server
        except ImportError as error:
            raise DatabaseRefusedError(NOT_INSTALLED.having(library=str(error.name))) from None
        self._commands = CommandLane(config.broker, lambda: engine_of(config), utc)
        folder = Path(config.pictures.dir)
        channels = [channel.name for channel in config.channel]
        told = config.alarms, channels, config.forward
        self._server = Server(http, lambda: engine_of(config), folder, utc, self._commands.wake, *told)
        self._server.start()
        self._commands.start()
        log.info("http://%s answers", http.listen)

    def seen(self, station: str, _record: Record) -> None:
        """Notify listeners that a station has new data."""
        self._server.tell(station)

    def tells(self, unkept: Callable[[], Reason | None], photos: Callable[[], Reason | None]) -> None:
        """Show on each page why no records are stored, else why no photos; None: they are."""

        def trouble() -> Reason | None:
            why = unkept()
            return photos() if why is None else NOTHING_KEPT.having(why=why)

        self._server.show_trouble(trouble)

    def stop(self) -> None:
        """Stop both."""
        self._commands.stop()
        self._server.stop()


def receive(
    config: HubConfig,
    sink: DatabaseSink,
    waiting: Waiting,
    outage: StartOutage,
    ended: Callable[[], bool],
    web: Web | None,
    utc: Callable[[], int],
    told: Callable[[], ToldTime] | None,
) -> None:
    """Receive until `ended`, once the folder of photos is registered in the database.

    `web` shows new data and faults; `utc` and `told` as in `serve`.
    """
    system = SynchronisedTime()
    files = Files(pictures=Path(config.pictures.dir), own=config.hub.name)
    folder = PictureFolder(Path(config.pictures.dir), lambda: engine_of(config), SystemClock())
    waiting.until(folder.claim)
    outage.note_begin()
    name = f"hub-{{}}-{config.holder}"
    uncontradicted = UncontradictedTime(told or system, lambda: engine_of(config, make=False), utc, SystemClock().now)
    uncontradicted()  # logs at the start if no time is told
    seen = _no_listeners if web is None else web.seen
    receiver = Receiver(config.broker, files, True, seen, utc, sink, uncontradicted, name)
    if web is not None:
        web.tells(lambda: receiver.troubles.reason, lambda: receiver.photos)
    retention = Retention(config.pictures, lambda: engine_of(config))
    lanes = forwarding.start_lanes(config, SystemClock(), utc)
    telling = start_alarms(config, receiver, utc, lambda: told is not None or system().utc > 0)

    beat = Beat()

    def tick() -> None:
        beat.tick()
        folder.tick()
        retention.tick()

    try:
        receiver.run(ended, tick)
    finally:
        folder.close()
        for some in (lanes, telling):
            some.stop()
        for some in (lanes, telling):
            some.join(forwarding.LAST_S)
        retention.close()
        uncontradicted.close()
        receiver.close()


def start_alarms(
    config: HubConfig, receiver: Receiver, utc: Callable[[], int], synchronised: Callable[[], bool]
) -> Lanes:
    """Start the lanes that notify people of alarms. Return them."""
    clock, http = SystemClock(), config.http
    return alarms.start_lanes(
        alarms.Setting(
            config.alarms,
            senders(config.channel, clock, utc),
            lambda: engine_of(config, make=False),
            config.holder,
            clock,
            utc,
            lambda: receiver.connected,
            synchronised,
            None if http is None else http.public_url,
            None if config.heartbeat is None else config.heartbeat.url,
            photos=lambda: receiver.photos,
            unkept=lambda: receiver.troubles.keeps_nothing,
        )
    )


def open_sink(config: HubConfig, may_answer: Callable[[], bool] = lambda: True) -> DatabaseSink:
    """Return the database's sink; create or migrate its tables. Raise SinkError."""
    return DatabaseSink(engine_of(config), config.holder, may_answer)


def engine_of(config: HubConfig, make: bool = True, still: bool = False) -> Engine:
    """Return the configured database, as `opened` does. Raise DatabaseRefusedError."""
    try:
        password = config.password
    except OSError as error:
        file, why = config.database.password_file or "", system_reason(error)
        raise DatabaseRefusedError(
            Reason("password_unread", "{file} cannot be read: {why}", file=file, why=why)
        ) from None
    return opened(config.database.url, password, make, still)


class Beat:
    """Notifies systemd's watchdog, which is armed here and not at the start: a migration may take an hour."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._at = self._clock.now()
        notify(f"WATCHDOG_USEC={HUNG_S * 1_000_000}")

    def tick(self) -> None:
        """Notify the watchdog where it is due."""
        if self._clock.now() >= self._at:
            self._at = self._clock.now() + BEAT_S
            notify("WATCHDOG=1")


def _no_listeners(_station: str, _record: Record) -> None:
    """Do nothing: no server, so there are no listeners."""
