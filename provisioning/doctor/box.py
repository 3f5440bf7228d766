"""The doctor's checks of the box itself: the site's facts, cameras, the clock, the disk."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.reason import Reason, restored, system_reason
from edge.files import read_password
from edge.language import texts
from edge.language.readings import margin
from edge.language.texts import _
from edge.language.words import N_
from edge.pictures.reasons import detail
from provisioning.commands.finding import Finding
from provisioning.commands.stationfile import unasked
from provisioning.folding import as_typed

if TYPE_CHECKING:
    from edge.config.sections import CameraSection, Config
    from edge.snapshots import StationStatus

LEAST_FREE = 100_000_000  # bytes; below that a card's file system itself gets slow and SQLite may stop
NO_ANSWER_AT_ALL = Reason("program_ended", "its program ended without an answer")
STILL_S = 45.0  # s that a camera has for one photo, its library's start included

NOT_OURS = N_("Make the station's user its owner: sudo chown -R minshan {folder}; or name another in [state].")
DISK_REMEDIES = {
    errno.EROFS: N_("Mount it read-write; where it went read-only by itself, `dmesg` says why: often a dying card."),
    errno.ENOSPC: N_("Delete what is not needed there, or fit a larger card."),
    errno.ENOTDIR: N_("There is a file in its place: move it away, or name another folder in [state]."),
}

CAMERA_REMEDIES = {
    "unreachable": N_("Check that the camera has power and network, and that its address is right."),
    "camera_certificate": N_("If it is the camera's own certificate, give its SHA-256 as the camera's fingerprint."),
    "camera_fingerprint": N_(
        "If the camera has a new certificate, enter its fingerprint; otherwise somebody is impersonating the camera."
    ),
    "login_refused": N_("Correct username and password_file, then restart or run `minshan try-logins`."),
    "connection_refused": N_("Check that the address has the camera's port, and that its web or RTSP service is on."),
    "not_an_image": N_("Ask the camera's manual for the address of its snapshot as JPEG."),
    "camera_answers": N_("Ask the camera's manual for the address of its snapshot as JPEG."),
    "camera_answers_404": N_("Ask the camera's manual for the address of its snapshot as JPEG."),
    "camera_forbids": N_(
        "Check the channel in the address, and this user's rights in the camera's or recorder's settings."
    ),
    **dict.fromkeys(
        ("no_mjpeg_in_time", "stream_coded_otherwise"),
        N_("Set this stream to H.264 in the camera's own settings, or name another one in its address."),
    ),
    **dict.fromkeys(
        ("no_video", "stream_without_video"), N_("Ask the camera's manual for the RTSP address of its video.")
    ),
    "no_rtp_over_tcp": N_("Allow RTP over RTSP (TCP, interleaved) in the camera's own settings."),
    "jpeg_not_shown": N_("Set its pictures to baseline JPEG in the camera's own settings."),
    "too_many_pixels": N_("Choose smaller pictures in the camera's own settings."),
    "camera_busy": N_("The camera wants to be left alone for a while; the station tries again by itself."),
    "login_kind_unknown": N_("Choose digest (or basic) as the way to log in, in the camera's own settings."),
    "login_without_challenge": N_("Choose digest (or basic) as the way to log in, in the camera's own settings."),
    "rtsp_server": N_('Write driver = "rtsp" and an rtsp:// address, or the port of the camera\'s web page.'),
    "no_tls_answer": N_("Write http:// (or rtsp://) in its address, or the port that speaks TLS."),
    "no_picamera2": N_("On the Pi: sudo apt install python3-picamera2, then restart the station."),
    "no_ribbon_camera": N_("Take the power off the Pi, seat the ribbon cable at both ends, and start it again."),
    "tls_server": N_("Write https:// in its address, or the port of plain HTTP."),
    "camera_process_not_running": N_("Start it: sudo systemctl start minshan-camera"),
    "camera_process_crashed": N_("Its log says why: journalctl -u minshan-camera"),
    "camera_process_hung_detail": N_("Switch the camera's power off for ten seconds, then try again."),
    "no_picture": N_("Switch the camera's power off for ten seconds, then try again."),
}


def site(config: Config) -> Iterator[Finding]:
    """Judge whether the site's facts are those that `init` wrote because none were given."""
    said = {
        "both": _("site: position and altitude are those that `minshan init` writes where none are given"),
        "position": _("site: the position is the one that `minshan init` writes where none is given"),
        "altitude": _("site: the altitude is the one that `minshan init` writes where none is given"),
    }
    found = unasked(config.site)
    if found:
        remedy = _(
            "Correct in [site]: {keys}, and delete its line `assumed`; the limits of the air pressure and the photos' "
            "daylight depend on them."
        ).format(keys=_(", ").join(found))
        which = {"altitude" if key == "altitude_m" else "position" for key in found}
        yield Finding("site", True, said["both" if len(which) > 1 else which.pop()], remedy)


def archive_of(facts: StationStatus) -> Iterator[Finding]:
    """Yield what keeps the running station from writing, and what was put right, where there is any."""
    trouble, mended = facts.store.trouble, facts.store.mended
    if trouble is not None:
        sentence = _("archive: {trouble}").format(trouble=texts.render(trouble))
        yield Finding(
            "archive", False, sentence, _("What is measured waits in memory; after a restart it would be missing.")
        )
    if mended is not None:
        sentence = _("archive: was damaged and repaired: {cause}").format(cause=texts.render(mended))
        yield Finding("archive", False, sentence, _("The loss record of it names what is missing; see to the cause."))


def strays(config: Config) -> Iterator[Finding]:
    """Yield the picture files that no record names, where there are any."""
    from edge.store.folder import STRAYS, count_strays

    files, size = count_strays(config.state_dir)
    if files:
        sentence = texts.ngettext(
            "archive: {n} picture file ({size}) in {folder} belongs to no record",
            "archive: {n} picture files ({size}) in {folder} belong to no record",
            files,
        ).format(n=files, size=texts.size(size), folder=config.state_dir / STRAYS)
        remedy = _(
            "Their records were lost, or the power failed while they were being saved. Look at them, then delete them."
        )
        yield Finding("archive", True, sentence, remedy)


def cameras_of(facts: StationStatus) -> Iterator[Finding]:
    """Yield the cameras as the running station has them."""
    for name, camera in ({} if facts.pictures is None else facts.pictures.cameras).items():
        if camera.trouble is not None:
            sentence = _("camera {name}: {detail}").format(name=name, detail=texts.happened(camera.trouble))
            yield Finding("camera", False, sentence, camera_remedy(camera.trouble))
        elif camera.last is not None:
            when = texts.when(camera.last, facts.utc_offset_h)
            yield Finding("camera", True, _("camera {name}: newest photo of {when}").format(name=name, when=when))
        else:
            yield Finding("camera", True, _("camera {name}: no photo yet").format(name=name))


def cameras(config: Config) -> Iterator[Finding]:
    """Take one photo of each camera."""
    for camera in config.camera:
        yield one_photo(camera)


def one_photo(camera: CameraSection) -> Finding:
    """Take a photo in a process of its own: a camera's library may hang or crash."""
    asked = json.dumps(
        camera.model_dump(include={"driver", "url", "username", "width", "height", "fingerprint"}) | secret(camera)
    )
    words = [sys.executable, "-m", "provisioning.doctor.still"]
    name = {"name": camera.name}
    try:
        ran = subprocess.run(words, input=asked, capture_output=True, text=True, timeout=STILL_S, check=False)
        answer = json.loads(ran.stdout or "{}")
    except subprocess.TimeoutExpired:
        sentence = _("camera {name}: no photo within {time}").format(time=texts.duration(STILL_S), **name)
        return Finding("camera", False, sentence, camera_remedy(NO_ANSWER_AT_ALL))
    except ValueError:
        answer = {}
    if "bytes" in answer:
        size = texts.size(answer["bytes"])
        sentence = _("camera {name}: a photo of {width} x {height}, {size}")
        return Finding(
            "camera", True, sentence.format(width=answer["width"], height=answer["height"], size=size, **name)
        )
    trouble = restored(answer["trouble"]) if "trouble" in answer else NO_ANSWER_AT_ALL
    sentence = _("camera {name}: {detail}").format(detail=texts.happened(trouble), **name)
    return Finding("camera", False, sentence, camera_remedy(trouble))


def camera_remedy(trouble: Reason) -> str:
    """Return what to do about a camera, by what happened where that has a remedy of its own, else by its kind."""
    happened = detail(trouble)
    why = happened.inner("why")
    codes = ("" if why is None else why.code, happened.code, trouble.code, "no_picture")
    found = next(CAMERA_REMEDIES[code] for code in codes if code in CAMERA_REMEDIES)
    return _(found)


def secret(camera: CameraSection) -> dict[str, str | None]:
    """Return the camera's password, from its file where it has one."""
    if camera.password_file is None:
        return {"password": camera.password}
    try:
        return {"password": read_password(Path(camera.password_file))}
    except OSError:
        return {"password": None}


def clock_of(facts: StationStatus) -> Finding:
    """Return what the running station knows of the time: it may not be allowed to ask what the doctor may."""
    known = facts.clock
    return clock_finding(facts.time, facts.utc_offset_h, known.source, known.error, known.trouble)


def clock(config: Config) -> Finding:
    """Judge whether something keeps the system's clock right, by a look of the doctor's own."""
    from edge.clock.anchors import believable, error_of
    from edge.clock.timekeeper import UNSYNCHRONISED, KernelTime, NotAllowedError

    try:
        anchor = KernelTime(config.clock.trust_system_clock).probe("", 0.0)
    except NotAllowedError as refused:
        return clock_finding(None, 0.0, None, None, refused.reason)
    if anchor is None:
        return clock_finding(None, 0.0, None, None, UNSYNCHRONISED)
    if not believable(anchor):
        said = _("clock: {now}, which cannot be right").format(now=texts.when(anchor.utc, config.site.utc_offset_h))
        return Finding("clock", False, said, clock_finding(None, 0.0, None, None, UNSYNCHRONISED).remedy)
    return clock_finding(anchor.utc, config.site.utc_offset_h, anchor.source, error_of(anchor), None)


def clock_finding(
    utc: int | None, offset_h: float, source: str | None, error: float | None, trouble: Reason | None
) -> Finding:
    """Judge the time (microseconds UTC, None unknown), its source and error (s), and what is wrong with its sources."""
    from edge.clock.belief import CONTRADICTED
    from edge.clock.timekeeper import MAY_NOT_ASK, UNSYNCHRONISED

    remedy = _("See the station's log: journalctl -u minshan")
    if trouble == UNSYNCHRONISED:
        remedy = _(
            "Install chrony and let it reach a time server (or fit a clock chip or GNSS). The station measures "
            "meanwhile, and dates its records when the time is known."
        )
    elif trouble is not None and trouble.code == MAY_NOT_ASK:
        remedy = _(
            "Its service must be the one that was installed: ProtectClock=no, and adjtimex and clock_adjtime in "
            "SystemCallFilter (systemctl cat minshan). Then: sudo systemctl daemon-reload, sudo systemctl restart "
            "minshan."
        )
    elif trouble is not None and trouble.code == CONTRADICTED:
        remedy = _(
            "Find out which is wrong: chronyc -n sources on the box, and the clock of the platform's "
            "computer. Until they agree, the records state an error that covers both."
        )
    if utc is None:
        sentence = _("clock: the system's time is not synchronised, so it may be wrong")
        if trouble is not None and trouble != UNSYNCHRONISED:
            sentence = _("clock: {trouble}").format(trouble=texts.render(trouble))
        return Finding("clock", False, sentence, remedy)
    now = texts.when(utc, offset_h)
    sentence = _("clock: {now}, ±{error} s").format(now=now, error="?" if error is None else margin(error))
    if source == "system":
        sentence = _("clock: {now}, trusted (trust_system_clock) although it is not synchronised").format(now=now)
    # Where the platform tells the time, the box need not know it by itself.
    if trouble is None or trouble == UNSYNCHRONISED:
        return Finding("clock", True, sentence)
    found = _("{said}; but {trouble}").format(said=sentence, trouble=texts.render(trouble))
    return Finding("clock", True, found, remedy)


def disk(config: Config, running: bool) -> Finding:
    """Judge whether the folder of the station's data can be written, and has room for what the file grants."""
    folder = config.state_dir
    there = folder if os.path.exists(folder) else next(p for p in (*folder.parents, Path("/")) if os.path.exists(p))
    trouble = None if running else unwritable(there)
    if trouble is not None:
        sentence = _("disk: {folder} cannot be written: {detail}")
        detail = texts.render(system_reason(trouble))
        remedy = _(DISK_REMEDIES.get(trouble.errno or 0, NOT_OURS)).format(folder=as_typed(folder))
        return Finding("disk", False, sentence.format(folder=there, detail=detail), remedy)
    stat = os.statvfs(there)
    free, wanted = stat.f_bavail * stat.f_frsize, (config.state.records_mb + config.state.pictures_mb) * 1_000_000
    facts = {"folder": folder, "free": texts.size(free), "wanted": texts.size(wanted)}
    if free < LEAST_FREE:
        sentence = _("disk: only {free} are free for {folder}")
        return Finding("disk", False, sentence.format(**facts), _(DISK_REMEDIES[errno.ENOSPC]))
    if free + used(folder) < wanted:
        sentence = _("disk: {free} are free for {folder}, but the file lets the archive grow to {wanted}")
        remedy = _("Make records_mb or pictures_mb in [state] smaller, or fit a larger card.")
        return Finding("disk", False, sentence.format(**facts), remedy)
    return Finding("disk", True, _("disk: {folder} can be written, {free} are free").format(**facts))


def unwritable(folder: Path) -> OSError | None:
    """Return why nothing can be written there, by trying; None where it can."""
    probe = folder / ".minshan-doctor"
    try:
        with probe.open("w", encoding="ascii") as file:
            file.write("minshan")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error
    finally:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)
    return None


def used(folder: Path) -> int:
    """Return the bytes that the folder's files take; a running station renames and deletes some meanwhile."""
    total = 0
    for where, _folders, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                total += os.lstat(os.path.join(where, name)).st_size
    return total
