"""The doctor's checks of cameras: by the running station's state, or by one photo of each.

A recorder locks after some refused logins to any of its channels. So the doctor too tries a refused login only once, at
most three of one device, and waits as the station does for logins that the station was refused.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from drivers.cameras.camera import LoginRefusedError
from drivers.reason import Reason, restored
from edge.clock.clock import SystemClock, boot_id, system_utc
from edge.files import give_to_owner_of_folder
from edge.language import texts
from edge.language.texts import _
from edge.language.words import N_
from edge.pictures.logins import Login, RefusedLogins, login_of
from edge.pictures.reasons import detail, login_waits, password_unread
from edge.pictures.spool import CaptureTarget, target
from provisioning.commands.finding import Finding

if TYPE_CHECKING:
    from edge.config.sections import Config
    from edge.snapshots import StationStatus

NO_ANSWER_AT_ALL = Reason("program_ended", "its program ended without an answer")
STILL_S = 45.0  # s for one photo, including the start of the camera's library

CAMERA_REMEDIES = {
    "unreachable": N_("Check that the camera has power and network, and that its address is right."),
    "camera_certificate": N_("If it is the camera's own certificate, give its SHA-256 as the camera's fingerprint."),
    "camera_fingerprint": N_(
        "If the camera has a new certificate, enter its fingerprint; otherwise somebody is impersonating the camera."
    ),
    "login_refused": N_("Correct username and password_file, then restart or run `minshan try-logins`."),
    "connection_refused": N_("Check that the address has the camera's port, and that its web or RTSP service is on."),
    "not_an_image": N_("Ask the camera's manual for the address of its snapshot as JPEG."),
    "camera_answers": N_("Ask the camera's manual for the address of its snapshot as JPEG, or of its video by RTSP."),
    **dict.fromkeys(
        ("redirected_elsewhere", "login_elsewhere", "login_in_clear"),
        N_("If that is the camera too, write as its address the one to which it redirects."),
    ),
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
    "other_picture": N_("Set its pictures to baseline JPEG in the camera's own settings."),
    "jpeg_not_shown": N_("Set its pictures to baseline JPEG in the camera's own settings."),
    "too_many_pixels": N_("Choose smaller pictures in the camera's own settings."),
    "camera_busy": N_("The camera wants to be left alone for a while; the station tries again by itself."),
    "login_kind_unknown": N_("Choose digest (or basic) as the way to log in, in the camera's own settings."),
    "login_without_challenge": N_("Choose digest (or basic) as the way to log in, in the camera's own settings."),
    "rtsp_server": N_('Write driver = "rtsp" and an rtsp:// address, or the port of the camera\'s web page.'),
    "no_tls_answer": N_("Write http:// (or rtsp://) in its address, or the port that speaks TLS."),
    "tls_broke": N_(
        "If it knows only old encryption, give its certificate's SHA-256 as the camera's fingerprint, with which "
        "that is accepted; otherwise update its firmware."
    ),
    "no_picamera2": N_("On the Pi: sudo apt install python3-picamera2, then restart the station."),
    "no_ribbon_camera": N_("Take the power off the Pi, seat the ribbon cable at both ends, and start it again."),
    "tls_server": N_("Write https:// in its address, or the port of plain HTTP."),
    "camera_process_not_running": N_("Start it: sudo systemctl start minshan-camera"),
    "camera_process_crashed": N_("Its log says why: journalctl -u minshan-camera"),
    "camera_process_hung_detail": N_("Switch the camera's power off for ten seconds, then try again."),
    "password_file": N_(
        "Correct the path of its password_file, or let the station's user read the file: sudo chown minshan FILE"
    ),
    "disk": N_("See to the disk first: what is said of it has its own remedy."),
    "no_picture": N_("Switch the camera's power off for ten seconds, then try again."),
}


def cameras_of(facts: StationStatus) -> Iterator[Finding]:
    """Yield the state of each camera at the running station."""
    for name, camera in ({} if facts.pictures is None else facts.pictures.cameras).items():
        if camera.trouble is not None:
            yield given_none(name, camera.trouble)
        elif camera.last is not None:
            when = texts.when(camera.last, facts.utc_offset_h)
            yield Finding("camera", True, _("camera {name}: newest photo of {when}").format(name=name, when=when))
        else:
            yield Finding("camera", True, _("camera {name}: no photo yet").format(name=name))


def cameras(config: Config) -> Iterator[Finding]:
    """Take one photo of each camera whose login has not been refused."""
    spool = config.state_dir / "spool"
    logins = RefusedLogins(spool / "logins.json", boot_id(), SystemClock().now, system_utc, keeps=False)
    logins.load()
    refused = set()
    for section in config.camera:
        try:
            camera = target(section)
        except (OSError, ValueError) as error:
            yield given_none(section.name, password_unread(str(section.password_file), error))
            continue
        login = login_of(camera)
        trouble = None
        if login in refused:
            trouble = Reason(
                "login_not_repeated",
                "{box} has refused the login of user {user!r}; cameras lock accounts, so this camera was not asked",
                box=login.box,
                user=login.user,
            )
        elif (left := logins.seconds_left(login)) > 0:
            trouble = login_waits(logins.why(login), left)
        if trouble is not None:
            yield given_none(camera.name, LoginRefusedError.kind.having(detail=trouble))
            continue
        found = one_photo(camera)
        if isinstance(found, Reason):
            if found.code == LoginRefusedError.kind.code:
                refused.add(login)
                logins.refused(login)
                with suppress(OSError):  # without permission to write there, the refusal is only shown
                    keep_refusal(spool, login)
            found = given_none(camera.name, found)
        yield found


def keep_refusal(spool: Path, login: Login) -> None:
    """Store a refusal for the station and for the next run of the doctor. Raise OSError.

    The file is read just before it is written, so that nothing is lost that a station started meanwhile has stored.
    """
    for folder, mode in ((spool.parent, 0o750), (spool, 0o700)):
        if not folder.exists():
            folder.mkdir(mode)
            give_to_owner_of_folder(folder)
    file = spool / "logins.json"
    kept = RefusedLogins(file, boot_id(), SystemClock().now, system_utc)
    kept.load()
    kept.refused(login)
    give_to_owner_of_folder(file)


def one_photo(camera: CaptureTarget) -> Finding | Reason:
    """Take a photo in a separate process, as a camera's library may hang or crash. Return the finding, or the fault."""
    words = [sys.executable, "-m", "provisioning.doctor.still"]
    try:
        asked = msgspec.json.encode(camera)
        ran = subprocess.run(words, input=asked, capture_output=True, timeout=STILL_S, check=False)
        answer = json.loads(ran.stdout or "{}")
    except subprocess.TimeoutExpired:
        return Reason("no_photo_within", "no photo within {time}", time=texts.duration(STILL_S))
    except ValueError:
        answer = {}
    if "bytes" not in answer:
        return restored(answer["trouble"]) if "trouble" in answer else NO_ANSWER_AT_ALL
    size = texts.size(answer["bytes"])
    sentence = _("camera {name}: a photo of {width} x {height}, {size}")
    said = sentence.format(name=camera.name, width=answer["width"], height=answer["height"], size=size)
    return Finding("camera", True, said)


def given_none(name: str, trouble: Reason) -> Finding:
    """Return the finding for a camera that gave no photo."""
    sentence = _("camera {name}: {detail}").format(name=name, detail=texts.happened(trouble))
    return Finding("camera", False, sentence, camera_remedy(trouble))


def camera_remedy(trouble: Reason) -> str:
    """Return the remedy for a camera's fault: by its most specific code that has one."""
    happened = detail(trouble)
    why = happened.inner("why")
    codes = ("" if why is None else why.code, happened.code, trouble.code, "no_picture")
    found = next(CAMERA_REMEDIES[code] for code in codes if code in CAMERA_REMEDIES)
    return _(found)
