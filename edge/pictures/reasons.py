"""Reasons for a missing picture that do not come from the camera itself, and the one for a picture taken."""

from __future__ import annotations

from typing import Any

from drivers.reason import Reason, system_reason

DARK = Reason("dark", "dark")
BLURRED = Reason("blurred", "blurred")
REPEATED = Reason("repeated", "repeated")
PAINTED = Reason("painted", "one even colour, as a recorder shows it without video")
FAULTS = {fault.code: fault for fault in (DARK, BLURRED, PAINTED, REPEATED)}  # of a picture that was taken
AWAY = Reason(
    "camera_process_away",
    "camera process unavailable",
    detail=Reason("camera_process_not_running", "the camera process is not running"),
)
ENDED = Reason(
    "camera_process_ended",
    "camera process ended",
    detail=Reason("camera_process_crashed", "the camera process crashed while processing this picture"),
)
GROWN = Reason(
    "camera_process_grown",
    "camera process out of memory",
    detail=Reason(
        "camera_process_grown_detail",
        "the camera process took more memory for this picture than any picture needs, and was stopped",
    ),
)
HUNG = Reason(
    "camera_process_hung",
    "camera process hung",
    detail=Reason(
        "camera_process_hung_detail", "the camera process hung while processing this picture and was stopped"
    ),
)
DISK = Reason("disk", "disk")
NO_ANSWER = Reason("no_answer", "no answer")


def not_within(seconds: float) -> Reason:
    """Return the reason that the camera process has not answered in time."""
    within = Reason("no_picture_within", "no picture within {seconds:g} s", seconds=seconds)
    return NO_ANSWER.having(detail=within)


def not_kept(error: OSError) -> Reason:
    """Return the reason that the picture could not be written."""
    why = Reason("picture_not_kept", "the picture cannot be kept: {why}", why=system_reason(error))
    return DISK.having(detail=why)


def not_recorded(seconds: float) -> Reason:
    """Return that a picture was taken and its record has not been written in that time."""
    why = Reason(
        "picture_not_recorded",
        "the picture was taken, but its record was not written to the disk within {seconds:g} s",
        seconds=seconds,
    )
    return DISK.having(detail=why)


def password_unread(file: str, error: OSError | ValueError) -> Reason:
    """Return the reason that the camera's password file cannot be read."""
    why = system_reason(error) if isinstance(error, OSError) else Reason("not_utf8", "it is not UTF-8 text")
    unread = Reason("password_file_unread", "password_file {file} cannot be read: {why}", file=file, why=why)
    return Reason("password_file", "password file", detail=unread)


def login_refused(user: str, box: str) -> Reason:
    """Return the reason that a login was refused, by one camera of its box and thus for all."""
    return Reason("box_refused_login", "{box} has refused the login of user {user!r}", box=box, user=user)


def login_cut_off(user: str, box: str) -> Reason:
    """Return the reason that the answer to a login is unknown."""
    return Reason(
        "box_not_heard",
        "the station stopped while it was logging in to {box} as user {user!r}, and does not know the answer",
        box=box,
        user=user,
    )


def logins_refused(box: str) -> Reason:
    """Return the reason that so many logins were refused that another one might lock the box."""
    return Reason("box_refused_logins", "{box} has refused several other logins", box=box)


def login_waits(why: Reason, seconds: float) -> Reason:
    """Return the reason that a login is not tried for so many seconds."""
    return Reason(
        "camera_locked",
        "{reason}; cameras lock accounts, so the next attempt is in {minutes:.0f} min",
        reason=why,
        minutes=seconds / 60,
    )


def detail(trouble: Reason) -> Reason:
    """Return an error's detail; the error's kind itself if it has none."""
    return trouble.inner("detail") or trouble


def picture_taken(body: dict[str, Any], camera: str) -> Reason:
    """Return the sentence that a picture was taken, from its record's body."""
    size = {"width": int(body["width"]), "height": int(body["height"])}
    return Reason("picture_taken", "{width} x {height} taken by {camera}", camera=camera, **size)
