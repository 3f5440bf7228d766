"""Write EXIF into a JPEG without recompressing it: one segment is inserted, the others stay.

A camera's own time is not trusted: its EXIF is replaced (exposure and orientation are copied), and its XMP, which
viewers read too, is removed.
If the time is unknown the EXIF says so, and gives the boot and its seconds, from which the time can be derived later.
The time is that of the request; the camera takes the picture within some seconds of it.
"""

from __future__ import annotations

import io
import struct
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from drivers.cameras.jpeg_scan import SCAN, segment_end, segments
from edge.pictures.spool import CaptureRequest, PicturePlace

SOFTWARE = "Minshan"
EXIF_IFD, GPS_IFD = 0x8769, 0x8825
ORIENTATION = 0x0112
KEPT = {0x010F, 0x0110, ORIENTATION}  # Make, Model
KEPT_EXPOSURE = {0x829A, 0x829D, 0x8827, 0x9204, 0x920A}  # time, aperture, ISO, bias, focal length
LONGEST_KEPT = 64  # characters of a value; makers' names have about 20
MARK, XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
UNREADABLE = (OSError, ValueError, SyntaxError, LookupError, TypeError, AttributeError, ArithmeticError, struct.error)


def with_exif(jpeg: bytes, request: CaptureRequest) -> bytes:
    """Return the JPEG with station, camera, time, its uncertainty and place; only its Exif and XMP segments differ."""
    maker, exposure = _camera_wrote(jpeg)
    try:
        body = _own((maker, exposure), request).tobytes()
    except UNREADABLE:  # of the wrong type for its tag: it can be read but not written
        body = _own(({ORIENTATION: maker.get(ORIENTATION, 1)}, {}), request).tobytes()
    body = body if body.startswith(MARK) else MARK + body
    segment = b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body
    return jpeg[:2] + segment + b"".join(piece for piece in _segments(jpeg) if not piece[4:].startswith((MARK, XMP)))


def certainty(request: CaptureRequest) -> str:
    """Return the source and error of the request's time as text."""
    if request.utc is None:
        return f"time unknown (boot {request.stamp.boot}, {request.stamp.boottime:.3f} s)"
    error = "" if request.clock.error is None else f" +-{request.clock.error:g} s"
    return f"time{error} by {request.clock.source}"


def _segments(jpeg: bytes) -> list[bytes]:
    """Return each segment between the start marker and the first scan, then the rest in one piece."""
    pieces, end = list[bytes](), 2
    for marker, at in segments(jpeg):
        if marker == SCAN:
            return [*pieces, jpeg[at:]]
        end = segment_end(jpeg, at)
        pieces.append(jpeg[at:end])
    return [*pieces, jpeg[end:]]


def orientation(image: Image.Image) -> int:
    """Return a picture's EXIF orientation, 1 to 8; 1 (upright) if it has none."""
    try:
        value = image.getexif().get(ORIENTATION)
    except UNREADABLE:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _camera_wrote(jpeg: bytes) -> tuple[dict[int, Any], dict[int, Any]]:
    """Return make, model and orientation, and the exposure, as the camera wrote them; empty if unreadable."""
    try:
        image = Image.open(io.BytesIO(jpeg), formats=["JPEG"])
        theirs = image.getexif()
        exposure = theirs.get_ifd(EXIF_IFD)
        return _short(theirs, KEPT) | {ORIENTATION: orientation(image)}, _short(exposure, KEPT_EXPOSURE)
    except UNREADABLE:
        return {}, {}


def _short(tags: Any, kept: set[int]) -> dict[int, Any]:
    """Return the tags to keep, without those that are too long: an Exif segment has at most 64 kB in all."""
    return {tag: tags[tag] for tag in kept if tag in tags and len(str(tags[tag])) <= LONGEST_KEPT}


def _own(theirs: tuple[dict[int, Any], dict[int, Any]], request: CaptureRequest) -> Image.Exif:
    exif = Image.Exif()
    for tag, value in theirs[0].items():
        exif[tag] = value
    exif[0x010E] = _ascii(f"{request.station}, {request.camera.name}, {certainty(request)}")  # ImageDescription
    exif[0x0131] = SOFTWARE
    details = exif.get_ifd(EXIF_IFD)
    details.update(theirs[1])
    details[0x9286] = b"ASCII\0\0\0" + _ascii(certainty(request)).encode()  # UserComment
    if request.utc is not None:
        details.update(_time_tags(request.utc, request.place.utc_offset_h if request.place else 0.0))
    if request.place is not None:
        exif.get_ifd(GPS_IFD).update(_gps_tags(request.place, request.utc))
    return exif


def _time_tags(utc: int, offset_h: float) -> dict[int, str]:
    """Return DateTimeOriginal and -Digitized in local time, with their fraction and offset (Exif 2.31)."""
    zone = timezone(timedelta(hours=offset_h))
    local = datetime.fromtimestamp(utc // 1_000_000, zone)
    text, offset = local.strftime("%Y:%m:%d %H:%M:%S"), local.strftime("%z")
    offset, fraction = f"{offset[:3]}:{offset[3:5]}", f"{utc % 1_000_000 // 1000:03d}"
    return {0x9003: text, 0x9004: text, 0x9011: offset, 0x9012: offset, 0x9291: fraction, 0x9292: fraction}


def _gps_tags(place: PicturePlace, utc: int | None) -> dict[int, Any]:
    tags: dict[int, Any] = {
        0: b"\x02\x03\x00\x00",
        1: "N" if place.latitude >= 0 else "S",
        2: _degrees(place.latitude),
        3: "E" if place.longitude >= 0 else "W",
        4: _degrees(place.longitude),
        5: b"\x00" if place.altitude_m >= 0 else b"\x01",
        6: IFDRational(round(abs(place.altitude_m) * 10), 10),
        18: _ascii(place.datum),  # GPSMapDatum: a GCJ-02 position is not passed off as WGS-84
    }
    if utc is not None:
        moment = datetime.fromtimestamp(utc // 1_000_000, UTC)
        tags[7] = tuple(IFDRational(part, 1) for part in (moment.hour, moment.minute, moment.second))
        tags[29] = moment.strftime("%Y:%m:%d")
    return tags


def _degrees(angle: float) -> tuple[IFDRational, IFDRational, IFDRational]:
    """Return degrees, minutes and hundredths of a second."""
    whole = round(abs(angle) * 360_000)
    return (
        IFDRational(whole // 360_000, 1),
        IFDRational(whole // 6000 % 60, 1),
        IFDRational(whole % 6000, 100),
    )


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode()
