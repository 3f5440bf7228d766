"""When pictures are taken: the picture lane of the daemon.

Each camera has slots of its own interval, counted from 1970 in UTC, or from the boot while the time is not
known, and takes a picture in each that begins while the sun is up (in every one where it is to see by night
too, or where nobody knows the time). A camera that fails is tried again after 1, 2, 4 ... 30 minutes for ever;
one that refuses the login after 30 minutes and no sooner, on command neither, because cameras lock.

The camera process lives outside of simulated time, and waiting for it is real I/O (`Clock.outside`), in short
slices of real time; between two of them the lane gives way. So on a station a stop is noticed within a slice,
and in a simulation the picture is there in no simulated time at all, the same at every speed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from astral import Observer
from astral.sun import elevation

from drivers.cameras.camera import LoginRefusedError, NoPictureError
from drivers.clock import Clock
from drivers.reason import Reason
from edge.backoff import Backoff
from edge.clock.clock import SystemClock
from edge.config.sections import CameraSection, SiteSection
from edge.northbound import version1
from edge.pictures.reasons import detail, not_kept, password_unread, taken
from edge.pictures.snapshot import CameraSnapshot, PicturesSnapshot
from edge.pictures.spool import Answer, Place, Spool, Target, Wish, new_id, target, widened
from edge.records.bodies import plain
from edge.records.record import ClockMark, Draft, Kind, Stamp
from edge.store.picture_files import PictureRefusedError, Shelf, Shelved

log = logging.getLogger("minshan.pictures")
SUN_UP = -0.833  # degrees of the sun's centre: refraction and half its disc (the almanacs' sunrise)
FIRST_PAUSE, LONGEST_PAUSE = 60.0, 1800.0  # s
SLICE = 0.25  # real s
LOOK_AGAIN = 60.0  # s; the time may become known while the lane waits for a slot
PATIENCE = 45.0  # real s for one picture, all of it
ABSENCE = 10.0  # real s without a camera process
DEADLINE = 0.8  # of the patience: then the camera process ends itself
WISHES = 16


class Done(Protocol):
    """Hears what came of a picture that was asked for: whether it is there, the sentence, the facts."""

    def __call__(self, done: bool, why: Reason, data: dict[str, Any], /) -> object: ...


@dataclass(frozen=True, slots=True)
class Order:
    """A picture that somebody waits for: of which camera, the command's id and who gave it, who hears of it."""

    camera: str
    command: str
    issued_by: str
    done: Done


@dataclass(eq=False)
class Watched:
    """One camera and how it fares. `slot`: whether the time was known, and the number of its interval."""

    section: CameraSection
    slot: tuple[bool, int] = (False, -1)
    failures: int = 0
    backoff: Backoff = field(default_factory=lambda: Backoff(FIRST_PAUSE, LONGEST_PAUSE))
    retry_at: float | None = None
    locked_until: float = float("-inf")
    trouble: Reason | None = None  # the kind of error with its detail, while there is one
    last: dict[str, Any] = field(default_factory=dict)

    @property
    def interval(self) -> float:
        """Seconds between two slots."""
        return self.section.every_min * 60.0


class PictureLane:
    """`utc` tells the time and how it is known; `post` takes drafts for the recorder."""

    def __init__(  # noqa: PLR0913 - the one place where the rooms that a picture passes are put together
        self,
        cameras: tuple[CameraSection, ...],
        site: SiteSection,
        station: str,
        clock: Clock,
        spool: Spool,
        shelf: Shelf,
        *,
        utc: Callable[[], tuple[int | None, ClockMark]],
        boot: str,
        post: Callable[[Draft], object],
        patience: float = PATIENCE,
        absence: float = ABSENCE,
    ) -> None:
        self._watched = {section.name: Watched(section) for section in cameras}
        self._observer = Observer(site.latitude, site.longitude, 0)  # its altitude would lower the horizon
        self._place = Place(site.latitude, site.longitude, site.altitude_m, site.datum, site.utc_offset_h)
        self._station, self._clock, self._spool, self._shelf = station, clock, spool, shelf
        self._utc, self._boot, self._post = utc, boot, post
        self._patience, self._absence = patience, absence
        self._world = SystemClock()
        self._orders = clock.inbox(WISHES)
        self._last: dict[str, str] = {}
        self._taken_count = 0
        self.snapshot = self._snapshot()

    # -- from other lanes ----------------------------------------------------------------------------------

    def request(
        self, camera: str | None, command: str, issued_by: str, accepted: Callable[[], object], done: Done
    ) -> None:
        """Take one picture now (None: of the first camera). `done` hears of it, `accepted` before it does.

        Callable from any lane.
        """
        name = camera or next(iter(self._watched))
        if name not in self._watched:
            names = ", ".join(self._watched)
            why = Reason("no_such_camera", "no camera {name!r}; this station has: {names}", name=name, names=names)
            done(False, why, {})
            return
        accepted()
        if not self._orders.offer(Order(name, command, issued_by, done)):
            why = Reason("too_many_pictures", "{count} pictures are waited for already; try again later", count=WISHES)
            done(False, why, {})

    def _snapshot(self) -> PicturesSnapshot:
        cameras = {n: CameraSnapshot(w.trouble, w.failures, w.last.get("utc")) for n, w in self._watched.items()}
        return PicturesSnapshot(self._taken_count, cameras)

    # -- the lane ------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Take pictures for ever; ends by `Stopped`."""
        self._last = self._spool.remembered()
        for watched in self._watched.values():
            watched.slot = self._slot(watched)
        while True:
            order = self._orders.get(min(self._next(w) for w in self._watched.values()))
            if order is not None:
                self._on_command(self._watched[order.camera], order)
            for watched in self._watched.values():
                if self._due(watched) and self._light(watched):
                    self._attempt(watched)

    def _slot(self, watched: Watched) -> tuple[bool, int]:
        utc = self._utc()[0]
        micros = round(self._clock.now() * 1e6) if utc is None else utc
        return utc is not None, micros // round(watched.interval * 1e6)

    def _next(self, watched: Watched) -> float:
        """Return the instant at which to look at the camera again."""
        now, utc = self._clock.now(), self._utc()[0]
        if watched.retry_at is not None:
            return min(watched.retry_at, now + LOOK_AGAIN)
        micros = round(now * 1e6) if utc is None else utc
        left = -micros % round(watched.interval * 1e6) or watched.interval * 1e6
        return now + min(left / 1e6, LOOK_AGAIN)

    def _due(self, watched: Watched) -> bool:
        slot, before = self._slot(watched), watched.slot
        watched.slot = slot
        if watched.retry_at is not None:
            return self._clock.now() >= watched.retry_at
        return slot[0] == before[0] and slot[1] > before[1]

    def _light(self, watched: Watched) -> bool:
        """Return whether the camera is to see now; a night ends a failing camera's tries until the next slot."""
        utc = self._utc()[0]
        if watched.section.by_night or utc is None:
            return True
        moment = datetime.fromtimestamp(utc / 1e6, UTC)
        up = bool(elevation(self._observer, moment, with_refraction=False) >= SUN_UP)
        if not up:
            watched.retry_at = None
        return up

    def _on_command(self, watched: Watched, order: Order) -> None:
        left = watched.locked_until - self._clock.now()
        if left > 0 and watched.trouble is not None:
            why = Reason(
                "camera_locked",
                "{reason}; cameras lock, so the next try is in {minutes:.0f} min",
                reason=detail(watched.trouble),
                minutes=left / 60,
            )
            order.done(False, why, {"camera": watched.section.name, "reason": str(LoginRefusedError.kind)})
            return
        self._attempt(watched, order)

    def _attempt(self, watched: Watched, order: Order | None = None) -> None:
        """One picture, and what comes of it: a picture record, or growing pauses and a health record."""
        wish, unread = self._make_wish(watched)
        found = unread or self._fulfil(wish)
        if isinstance(found, Reason):
            self._missed(watched, wish, found)
            if order is not None:
                order.done(False, detail(found), {"camera": wish.camera.name, "reason": str(found)})
        else:
            self._taken(watched, wish, found, order)
            if order is not None:
                order.done(True, taken(found.body, wish.camera.name), version1.body(Kind.PICTURE, found.body))

    def _make_wish(self, watched: Watched) -> tuple[Wish, Reason | None]:
        """Return the wish, and what is wrong with its camera's password file (None where nothing is)."""
        section, unread = watched.section, None
        try:
            camera = target(section)
        except (OSError, ValueError) as error:
            camera = Target(section.name, section.driver)
            unread = password_unread(str(section.password_file), error)
        utc, mark = self._utc()
        wish = Wish(
            new_id(),
            self._station,
            camera,
            Stamp(self._boot, self._clock.now()),
            utc,
            mark,
            self._patience * DEADLINE,
            self._place,
            self._last.get(section.name, ""),
            self._world.now(),
        )
        return wish, unread

    def _fulfil(self, wish: Wish) -> Reason | Shelved:
        """Return the picture, or why there is none."""
        try:
            answer = self._ask(wish)
            if not answer.ok:
                return answer.reason or NoPictureError.kind
            shelved = self._clock.outside(lambda: self._shelf.take(answer, self._spool, wish.camera.name))
            self._last[wish.camera.name] = answer.pixels
            self._clock.outside(lambda: self._spool.remember(self._last))
        except PictureRefusedError as error:
            return NoPictureError(error.detail).reason
        except OSError as error:
            return not_kept(error)
        finally:
            self._clock.outside(lambda: self._spool.drop(wish.id))
        return shelved

    def _ask(self, wish: Wish) -> Answer:
        """Lay the wish down and wait for its answer in slices of real time."""
        self._clock.outside(self._spool.sweep)  # no wish is open here: whatever lies there came too late
        self._clock.outside(lambda: self._spool.put(wish))
        wait = self._spool.waiting(self._world, wish.id, self._patience, self._absence)
        while (answer := self._clock.outside(lambda: wait.slice(SLICE))) is None:
            self._clock.sleep_until(self._clock.now())  # give way, and end here when told to
        return answer

    # -- what came of it -----------------------------------------------------------------------------------

    def _taken(self, watched: Watched, wish: Wish, shelved: Shelved, order: Order | None) -> None:
        asked = {} if order is None else {"command": order.command, "issued_by": order.issued_by}
        body = shelved.body | asked
        mark = widened(wish.clock, shelved.late_s)
        self._post(Draft(Kind.PICTURE, wish.stamp, 0.0, wish.utc, mark, body))
        name = watched.section.name
        if watched.failures:
            log.info("camera %s gives pictures again, after %d failed tries", name, watched.failures)
            self._tell(wish, {"event": "pictures again", "camera": name, "failures": watched.failures})
        watched.backoff.reset()
        watched.failures, watched.retry_at, watched.trouble = 0, None, None
        self._taken_count += 1
        watched.last = {"picture": body["picture"], "utc": wish.utc, "reasons": body["reasons"]}
        self.snapshot = self._snapshot()

    def _missed(self, watched: Watched, wish: Wish, trouble: Reason) -> None:
        now = self._clock.now()
        watched.failures += 1
        pause = watched.backoff.pause()
        if trouble.code == LoginRefusedError.kind.code:
            pause = LONGEST_PAUSE
            watched.locked_until = now + LONGEST_PAUSE
        watched.retry_at = now + pause
        if watched.trouble is None or trouble.code != watched.trouble.code:  # once, and when it goes wrong otherwise
            text = detail(trouble)
            log.warning("camera %s gives no picture (%s): %s", watched.section.name, trouble, text)
            kind = trouble.bare()
            body = {"event": "picture missed", "camera": watched.section.name, "reason": kind, "text": text}
            self._tell(wish, plain(body))
        watched.trouble = trouble
        self.snapshot = self._snapshot()

    def _tell(self, wish: Wish, body: dict[str, Any]) -> None:
        self._post(Draft(Kind.HEALTH, wish.stamp, 0.0, wish.utc, wish.clock, body))
