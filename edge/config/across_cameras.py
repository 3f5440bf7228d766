"""Checks of cameras across their settings: addresses, logins, certificates and the size of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from drivers.reason import Reason
from edge.config.across_alerts import Wrong
from edge.config.address import is_host
from edge.config.errors import BAD_PORT, BOTH_PASSWORDS

CAMERA_SCHEMES = {"http": {"one": "http", "other": "https"}, "rtsp": {"one": "rtsp", "other": "rtsps"}}
# The ratio of a picture's other side to this one, for sensors of 16:9 and of 4:3.
SHAPES = {"width": (9 / 16, 3 / 4), "height": (16 / 9, 4 / 3)}
NO_ZONE = Reason("no_zone", "a link-local address needs the interface that leads to it: [fe80::1%eth0]")


def cameras_complete(wrong: Wrong, cameras: Sequence[dict[str, Any]]) -> None:
    """Report a network camera without an address, a password given twice, a fingerprint without TLS.

    Report also a single side of the pictures: the other one cannot be derived before the sensor is opened.
    """
    for place, camera in enumerate(cameras):
        given = [side for side in SHAPES if side in camera]
        if len(given) == 1 and type(camera[given[0]]) is int:
            wrong(("camera", place, given[0]), one_side(given[0], camera[given[0]]))
        if camera.get("driver") in ("http", "rtsp") and not camera.get("url"):
            driver = str(camera["driver"])
            wrong(
                ("camera", place, "driver"),
                Reason("wants_url", "a camera with driver {driver} needs a url", driver=driver),
            )
        if "password" in camera and "password_file" in camera:
            wrong(("camera", place, "password"), BOTH_PASSWORDS)
        if "fingerprint" in camera and not str(camera.get("url", "")).lower().startswith(("https:", "rtsps:")):
            untrue = Reason("no_certificate", "only an address with https:// or rtsps:// has a certificate")
            wrong(("camera", place, "fingerprint"), untrue)
        mistake = camera_address(str(camera.get("driver")), str(camera.get("url") or ""))
        if camera.get("url") and mistake:
            wrong(("camera", place, "url"), mistake)


def one_side(side: str, pixels: int) -> Reason:
    """Return the reason that the other side of a camera's pictures must be given, with values for it."""
    (other,) = SHAPES.keys() - {side}
    wide, full = (round(pixels * ratio / 2) * 2 for ratio in SHAPES[side])
    return Reason(
        "one_side",
        "needs {other} beside it, {wide} for a Camera Module 3, {full} for a Module 1, 2 or HQ: other shapes are cut",
        other=other,
        wide=wide,
        full=full,
    )


def camera_address(driver: str, url: str) -> Reason | None:
    """Return what is wrong with a camera's address; None if it is valid."""
    schemes = CAMERA_SCHEMES.get(driver)
    if schemes is None:
        return None
    wrong = Reason("camera_url", "must be an address such as {one}://HOST/PATH or {other}://HOST/PATH", **schemes)
    try:
        parts = urlsplit(url)
    except ValueError:  # a bracket of an IPv6 address is missing
        return wrong
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        return BAD_PORT
    if not url.isprintable():
        return wrong
    if (parts.hostname or "").startswith("fe80:") and "%" not in parts.netloc:
        return NO_ZONE
    return None if parts.scheme in schemes.values() and is_host(parts.hostname) else wrong
