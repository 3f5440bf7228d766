"""When pictures are taken: the picture lane of the daemon.

Each camera has slots of its own interval, counted from 1970 in UTC, or from the boot while the time is unknown. It
takes a picture in each slot that begins while the sun is up (in every one with `by_night`, or if the time is unknown),
and after a start in the present slot if that has no picture yet. A camera that fails is retried after 1, 2, 4 ... 30
minutes, for ever; one whose login was refused, for itself or for another camera of its box, only when `logins.py`
allows it, on command too.

Several pictures are taken at once (`captures.py`). Scheduled ones are taken one at a time per box, and never on all
lanes: a picture on command waits for no other camera, and if a scheduled one of its camera is being taken it gets that.
A healthy camera waits for none that has failed before. The lane itself only decides, and otherwise sleeps.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from astral import Observer
from astral.sun import elevation

from drivers.cameras.camera import LoginRefusedError
from drivers.clock import Clock
from drivers.reason import Reason
from edge.config.sections import CameraSection, SiteSection
from edge.pictures.captures import AT_ONCE, Captured, CaptureJob, CaptureListener, Captures, PictureOrder
from edge.pictures.logins import Login, RefusedLogins, login_of
from edge.pictures.reasons import detail, login_waits, not_kept, password_unread
from edge.pictures.spool import CaptureRequest, CaptureTarget, LastPicture, PicturePlace, Spool, new_id, target, widened
from edge.pictures.unrecorded import Unrecorded
from edge.pictures.watched import LONGEST_PAUSE, WatchedCamera
from edge.records.bodies import plain
from edge.records.record import ClockMark, Draft, Kind, Stamp
from edge.snapshots import CameraSnapshot, PicturesSnapshot
from edge.store.picture_files import Shelf, Shelved

log = logging.getLogger("minshan.pictures")
SUN_UP = -0.833  # degrees of the sun's centre: refraction and half its disc (the almanacs' sunrise)
PATIENCE = 45.0  # real s for one picture in all
ABSENCE = 20.0  # real s without a camera process; its unit is restarted within some seconds
DEADLINE = 0.8  # of the patience: then the camera process's child ends itself
REQUESTS = 16
NONE = LastPicture("")


class Forgive:
    """A person's command: every login may be tried again at once."""


class PictureLane:
    """The picture lane. `utc` returns the time and how it is known; `post` takes drafts for the recorder."""

    def __init__(  # noqa: PLR0913 - the one place where the parts that handle a picture are put together
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
        self._watched = {section.name: WatchedCamera(section, clock, lambda: utc()[0]) for section in cameras}
        self._observer = Observer(site.latitude, site.longitude, 0)  # its altitude would lower the horizon
        self._place = PicturePlace(site.latitude, site.longitude, site.altitude_m, site.datum, site.utc_offset_h)
        self._station, self._clock, self._spool = station, clock, spool
        self._utc, self._boot, self._post, self._patience = utc, boot, post, patience
        self._inbox = clock.inbox(2 * REQUESTS + AT_ONCE)
        self._captures = Captures(clock, spool, shelf, self._make_request, self._inbox, patience, absence)
        self._logins = RefusedLogins(spool.folder / "logins.json", boot, clock.now, lambda: utc()[0])
        self._orders: list[PictureOrder] = []
        self._unrecorded = Unrecorded(clock)
        self._due: list[WatchedCamera] = []
        self._under_way: list[CaptureJob] = []
        self._last: dict[str, LastPicture] = {}
        self._taken_count = 0
        self.snapshot = self._snapshot()

    # -- from other lanes ----------------------------------------------------------------------------------

    def request(
        self, camera: str | None, command: str, issued_by: str, accepted: Callable[[], object], done: CaptureListener
    ) -> None:
        """Take one picture now (None: of the first camera). `accepted` is called first, then `done` with the outcome.

        Callable from any lane.
        """
        name = camera or next(iter(self._watched))
        if name not in self._watched:
            names = ", ".join(self._watched)
            why = Reason("no_such_camera", "no camera {name!r}; this station has: {names}", name=name, names=names)
            done(False, why, {})
            return
        accepted()
        if len(self._orders) >= REQUESTS or not self._inbox.offer(PictureOrder(name, command, issued_by, done)):
            why = Reason("too_many_pictures", "{count} pictures are already pending; try again later", count=REQUESTS)
            done(False, why, {})

    def recorded(self, picture: str) -> None:
        """Finish the order of a picture (SHA-256) whose record is now on the disk. Callable from any lane."""
        if self._unrecorded.any:
            self._inbox.offer(picture)

    def forgive_logins(self) -> None:
        """Unblock every refused login. Callable from any lane."""
        self._inbox.offer(Forgive())

    def _snapshot(self) -> PicturesSnapshot:
        cameras = {n: CameraSnapshot(w.trouble, w.failures, w.last) for n, w in self._watched.items()}
        return PicturesSnapshot(self._taken_count, cameras)

    # -- the lane ------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Take pictures until `Stopped`."""
        self._clock.outside(self._spool.sweep)  # no request is open at this point
        self._last = self._spool.remembered()
        self._save(lambda: self._spool.remember(self._last))  # its file makes the camera process load its libraries
        self._logins.load()
        self._due, self._under_way = [], []
        for name, watched in self._watched.items():
            watched.begin(self._last.get(name, NONE).utc)
        lanes = self._captures.lanes()
        try:
            while True:
                looks = (watched.next_look() for watched in self._watched.values())
                self._handle(self._inbox.get(min(self._unrecorded.due(), *looks)))
                self._unrecorded.give_up()
                for watched in self._watched.values():
                    if not watched.open and watched.due() and self._light(watched):
                        watched.open = True
                        self._due.append(watched)
                self._begin()
        finally:
            for lane in lanes:
                lane.stop()

    def _handle(self, message: PictureOrder | Captured | Forgive | str | None) -> None:
        if isinstance(message, PictureOrder):
            self._orders.append(message)
        elif isinstance(message, Captured):
            self._ended(message)
        elif isinstance(message, str):
            self._unrecorded.recorded(message)
        elif isinstance(message, Forgive):
            self._forgive()

    def _light(self, watched: WatchedCamera) -> bool:
        """Return whether a picture is to be taken now by the light; at night a failing camera is not retried."""
        utc = self._utc()[0]
        if watched.section.by_night or utc is None:
            return True
        moment = datetime.fromtimestamp(utc / 1e6, UTC)
        up = bool(elevation(self._observer, moment, with_refraction=False) >= SUN_UP)
        if not up:
            watched.retry_at = None
        return up

    # -- what is begun -------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Begin pending jobs: orders first, then due cameras, each when its box and camera are free."""
        for order in list(self._orders):
            if len(self._under_way) < AT_ONCE and self._try(self._watched[order.camera], order):
                self._orders.remove(order)
        for watched in list(self._due):
            failing = sum(self._watched[job.camera.name].failures > 0 for job in self._under_way)
            # Of the places one is for orders, another one for cameras that do not fail.
            free = len(self._under_way) < AT_ONCE - 1 and not (watched.failures and failing >= AT_ONCE - 2)
            if free and self._try(watched, None):
                self._due.remove(watched)

    def _try(self, watched: WatchedCamera, order: PictureOrder | None) -> bool:
        """Begin one picture, or conclude at once that there is none. Return False if it has to wait."""
        try:
            camera = target(watched.section)
        except OSError as error:
            job = CaptureJob(CaptureTarget(watched.section.name, watched.section.driver), order)
            self._missed(job, password_unread(str(watched.section.password_file), error))
            return True
        login = login_of(camera)
        if self._is_busy(camera, login, by_order=order is not None):
            return False
        job = CaptureJob(camera, order)
        left = self._logins.seconds_left(login)
        if left > 0:
            self._refuse(job, login, left)
            return True
        self._save(lambda: self._logins.claim(login))
        self._under_way.append(job)
        self._captures.begin(job)
        return True

    def _is_busy(self, camera: CaptureTarget, login: Login, by_order: bool) -> bool:
        """Return whether the camera is busy, or its box with a job of the same sort (by order, or by schedule)."""
        return any(
            job.camera.name == camera.name
            or (login_of(job.camera).box == login.box and (not login.box or (job.order is not None) == by_order))
            for job in self._under_way
        )

    def _refuse(self, job: CaptureJob, login: Login, left: float) -> None:
        """Conclude that there is no picture because the camera's login is blocked."""
        why = LoginRefusedError.kind.having(detail=login_waits(self._logins.why(login), left))
        if job.order is None:
            self._missed(job, why, wait=min(left, LONGEST_PAUSE))  # the password may be changed in the meantime
        else:
            job.order.done(False, detail(why), {"camera": job.camera.name, "reason": str(why)})

    def _make_request(self, camera: CaptureTarget) -> CaptureRequest:
        utc, mark = self._utc()
        return CaptureRequest(
            new_id(),
            self._station,
            camera,
            Stamp(self._boot, self._clock.now()),
            utc,
            mark,
            self._patience * DEADLINE,
            self._place,
            self._last.get(camera.name, NONE).pixels,
        )

    # -- outcomes ------------------------------------------------------------------------------------------

    def _ended(self, captured: Captured) -> None:
        """Handle the outcome of a job: a picture record, or growing pauses and a health record."""
        job, found, login = captured.job, captured.found, login_of(captured.job.camera)
        self._under_way.remove(job)
        if isinstance(found, Shelved):
            self._save(lambda: self._logins.given(login, captured.logged_in))
            self._taken(captured, found)
        else:
            self._save(lambda: self._logins.missed(login, found.code))
            wait = LONGEST_PAUSE if found.code == LoginRefusedError.kind.code else None
            self._missed(job, found, captured.request, wait)

    def _taken(self, captured: Captured, shelved: Shelved) -> None:
        job, request, name = captured.job, captured.request, captured.job.camera.name
        order = job.order or next((order for order in self._orders if order.camera == name), None)
        if order in self._orders:  # ordered while it was being taken by schedule
            self._orders.remove(order)
        asked = {"command": order.command, "issued_by": order.issued_by} if order else {}
        body = shelved.body | asked
        mark = widened(request.clock, shelved.late_s)
        if order is not None:
            self._unrecorded.add(order, shelved.body)
        self._post(Draft(Kind.PICTURE, request.stamp, 0.0, request.utc, mark, body))
        self._last[name] = LastPicture(captured.pixels, request.utc)
        self._save(lambda: self._spool.remember(self._last))
        failures = self._watched[name].note_picture(request.utc)
        if failures:
            log.info("camera %s gives pictures again, after %d failed tries", name, failures)
            self._record_health(request, {"event": "pictures again", "camera": name, "failures": failures})
        self._close(job)
        self._taken_count += 1
        self.snapshot = self._snapshot()

    def _missed(
        self, job: CaptureJob, trouble: Reason, request: CaptureRequest | None = None, wait: float | None = None
    ) -> None:
        """Handle a job without a picture. `wait`: s to the next attempt; None: a growing pause."""
        name, text = job.camera.name, detail(trouble)
        if self._watched[name].missed(trouble, wait):
            log.warning("camera %s gives no picture (%s): %s", name, trouble, text)
            body = {"event": "picture missed", "camera": name, "reason": trouble.bare(), "text": text}
            self._record_health(request or self._make_request(job.camera), plain(body))
        self._close(job)
        self.snapshot = self._snapshot()
        if job.order is not None:
            job.order.done(False, text, {"camera": name, "reason": str(trouble)})

    def _close(self, job: CaptureJob) -> None:
        """Let a scheduled camera become due again; an order leaves a due camera waiting for its turn."""
        if job.order is None:
            self._watched[job.camera.name].open = False

    def _forgive(self) -> None:
        self._save(self._logins.forgive)
        now = self._clock.now()
        for watched in self._watched.values():
            if watched.trouble is not None and watched.trouble.code == LoginRefusedError.kind.code:
                watched.retry_at = now

    def _save(self, write: Callable[[], object]) -> None:
        """Write something to the spool; if the disk refuses it, it is known only until the next restart."""
        try:
            self._clock.outside(write)
        except OSError as error:
            log.warning("%s", detail(not_kept(error)))

    def _record_health(self, request: CaptureRequest, body: dict[str, Any]) -> None:
        self._post(Draft(Kind.HEALTH, request.stamp, 0.0, request.utc, request.clock, body))
