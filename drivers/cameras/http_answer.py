"""Judge an HTTP camera's response: a picture, or a description of what it is instead."""

from __future__ import annotations

import codecs
import http.client
import re

from drivers.cameras.camera import FORBIDDEN, JPEG_START, NoPictureError, NotAnImageError, public_address
from drivers.cameras.jpeg import STRAY
from drivers.reason import Reason, printable

UNSUPPORTED_TRANSPORT = 461
# Other image formats, which cameras send under any name: by the file's first bytes, or by the brand after "ftyp"
# (ISO/IEC 14496-12, section 4.3).
OTHER_PICTURES = {
    b"\x89PNG": "PNG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
}
BRANDS = {b"avif": "AVIF", b"avis": "AVIF"} | dict.fromkeys(
    (b"heic", b"heix", b"heim", b"hevc", b"mif1", b"msf1"), "HEIC"
)
# No free connection (503 "Device Busy"), asked too often, or the session is gone: the camera itself is well.
BUSY = (423, 429, 453, 454, http.client.SERVICE_UNAVAILABLE)
NO_RTP_OVER_TCP = Reason(
    "no_rtp_over_tcp", "the camera refuses to send its stream over TCP ({status}): UDP is not used", status=""
)
RTSP_STATUSES = {  # RFC 2326, section 7.1.1: those that HTTP does not have
    451: "Parameter Not Understood",
    453: "Not Enough Bandwidth",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    459: "Aggregate Operation Not Allowed",
    UNSUPPORTED_TRANSPORT: "Unsupported Transport",
    551: "Option Not Supported",
}


def is_success(status: int) -> bool:
    """Return whether a status means success: some cameras send a whole picture with 206 or 203."""
    return 200 <= status < 300


def no_web_server(error: http.client.HTTPException) -> Reason:
    """Return the reason that no web server answers, with what it sent instead, if legible."""
    line = str(error) if isinstance(error, http.client.BadStatusLine) else ""
    if line.startswith("RTSP/"):
        return Reason("rtsp_server", "the server there is an RTSP server, not a web server")
    if line.startswith("\x15\x03"):
        return Reason("tls_server", "the port there speaks TLS")
    words = "".join(sign for sign in line[:60] if sign.isprintable()).strip()
    if not words:
        return Reason("no_http", "the server there does not speak HTTP")
    return Reason("no_web_server", "the server there is not a web server: {said!r}", said=words)


def picture_of(status: int, headers: http.client.HTTPMessage, body: bytes) -> bytes:
    """Return a response's body if it may be a JPEG. Raise CameraError."""
    if status != http.client.OK and not (is_success(status) and body):
        if status == http.client.FORBIDDEN:
            raise NoPictureError(FORBIDDEN)
        if status == http.client.NOT_FOUND:
            raise NoPictureError(
                Reason("camera_answers_404", "the camera answers 404 Not Found: is the path of the address right?")
            )
        raise NoPictureError(refusal(status))
    if not body:
        raise NoPictureError(Reason("camera_answers_nothing", "the camera answers with nothing"))
    if body.find(JPEG_START, 0, STRAY + len(JPEG_START)) < 0:
        if other := other_picture(body):
            raise NotAnImageError(
                Reason("other_picture", "the camera gives a picture as {kind}: set it to JPEG", kind=other)
            )
        raise NotAnImageError(
            Reason(
                "no_jpeg",
                "the address answers with {type}, not with a JPEG; it begins {begin!r}",
                type=headers.get_content_type(),
                begin=begins(body),
            )
        )
    return body


def other_picture(body: bytes) -> str:
    """Return a body's image format if it is one other than JPEG; "" otherwise."""
    if body[4:8] == b"ftyp":
        return BRANDS.get(body[8:12], "")
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "WebP"
    return next((kind for begin, kind in OTHER_PICTURES.items() if body.startswith(begin)), "")


def refusal(status: int) -> Reason:
    """Return the reason for a status of HTTP or RTSP: the camera is busy, fails, or answers otherwise."""
    answer = f"{status} {RTSP_STATUSES.get(status, http.client.responses.get(status, ''))}".rstrip()
    if status == UNSUPPORTED_TRANSPORT:
        return NO_RTP_OVER_TCP.having(status=answer)
    if status in BUSY:
        return Reason("camera_busy", "the camera refuses for now ({status})", status=answer)
    if status >= 500:
        return Reason("camera_fails", "the camera answers {status}", status=answer)
    return Reason("camera_answers", "the camera answers {status}", status=answer)


def redirected_elsewhere(target: str) -> Reason:
    """Return the reason that an address redirects to where no picture can be taken, with that as people may see it."""
    try:
        shown = public_address(target)
    except ValueError:  # not a URL
        shown = target.rpartition("@")[2].partition("?")[0]
    return Reason("redirected_elsewhere", "the address redirects to {place!r}", place=printable(shown, 60))


def begins(body: bytes) -> str:
    """Return the first 60 characters of a body that is not a picture, without markup, for people to recognize it.

    If it is not text in UTF-8 or GBK, return its first bytes in hexadecimal.
    """
    head = body[:4000]
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        text = head.decode("gb18030", "replace")
    if sum(not (sign.isprintable() or sign.isspace()) or sign == "\ufffd" for sign in text) > len(text) // 50:
        return body[:16].hex(" ")
    text = re.sub(r"(?is)<(script|style)\b.*?(</\1>|\Z)|<!--.*?-->|<[^>]*>?", " ", text)
    return printable(" ".join(text.split()), 60)
