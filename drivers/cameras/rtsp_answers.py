"""Filter an RTSP camera's responses before its stream for FFmpeg.

FFmpeg follows a redirect by itself, with the login, to any host, bypassing the deadline and the certificate check; so
redirects are not passed on. Of several challenges it answers the last digest, though it supports only MD5, and of qop
only "auth" and only if that comes first; so it gets only challenges that it can answer.
"""

from __future__ import annotations

import re

from drivers.cameras.login import algorithm_of, challenges, is_stale, protections, refusal_headers

LONGEST = 65_536  # bytes of all responses before the stream: a camera's have about 2,000
FFMPEG_KNOWS = ("MD5", "MD5-SESS")  # its digest algorithms
REFUSED = b"RTSP/1.0 401"
HEADERS_END = b"\r\n\r\n"
CHALLENGE, AUTHORIZATION = b"www-authenticate", b"\nauthorization:"
PROTECTIONS = re.compile(rb'qop\s*=\s*(?:"[^"]*"|[^\s,]*)', re.IGNORECASE)
# Matched anywhere, as FFmpeg decides itself where a response begins; it ignores carriage returns. The look-ahead avoids
# quadratic time on repeated "RTSP/".
REDIRECT = re.compile(
    rb"RTSP/(?:(?!RTSP/)\S)*[^\S\n]+3\d\d\b(?:.*\n(?:(?!location).*\n)*location[^\S\n]*:[^\S\n]*(\S*))?", re.IGNORECASE
)
STATUS = re.compile(rb"RTSP/1\.\d (\d{3})")
DIMENSIONS = re.compile(rb"a=x-dimensions: *(\d{1,5}) *, *(\d{1,5})")  # width, height, as GStreamer writes it
# A JPEG's frame header in an RTP header extension of ONVIF (Streaming Specification, 5.1.4): height, width. It cannot
# occur elsewhere: after FF a scan's data have a zero or a restart marker, and quantizers are never FF C0.
FRAME_HEADER = re.compile(rb"\xff\xc0\x00\x11\x08(..)(..)\x03", re.DOTALL)
BY_UDP = re.compile(rb"^transport[^\S\n]*:[^\S\n]*RTP/AVP(?:/UDP)?[\s;]", re.IGNORECASE | re.MULTILINE)
LARGEST = 65_535  # pixels a side that a JPEG can have
LONGEST_HEADER = 10  # bytes of it
FIRST_PACKETS = 4_000_000  # bytes in which a frame begins: a camera's largest JPEG


class RtspAnswers:
    """The responses of one connection."""

    def __init__(self) -> None:
        self._said, self._held = bytearray(), bytearray()
        self._streams, self._plays = False, False  # PLAY was requested; its response has begun
        self._with_login, self._let_in = False, False  # the last request had a login; an earlier one was accepted
        self._waits, self._has_stream = False, False  # a response is pending; a stream was set up
        self.hung_up = False  # the camera disconnected without a response
        self.elsewhere: str | None = None  # the target of a redirect
        self._size: tuple[int, int] | None = None
        self._tail, self._looked = b"", 0

    def asked(self, request: bytes) -> None:
        """Handle a request of FFmpeg; what follows its last one is the stream."""
        self._streams = self._streams or request.startswith(b"PLAY ")
        self._waits = not request.startswith(b"TEARDOWN ")
        self._has_stream = self._has_stream or request.startswith(b"SETUP ")
        self._with_login = AUTHORIZATION in request.lower()

    def passed(self, data: bytes) -> bytes:
        """Return what FFmpeg may get now after these bytes from the camera. Raise ConnectionError to disconnect."""
        self._waits = False
        if not self._plays and data.startswith(REFUSED):
            self._streams = False  # FFmpeg repeats the request with another nonce
        if self._streams:
            if not self._plays:
                self._said += data[: len(REFUSED)]
            self._plays = True
            self._look(data)
            return data
        self._said += data
        if len(self._said) > LONGEST:
            raise ConnectionAbortedError
        text = self._said.replace(b"\r", b"")
        redirect = REDIRECT.search(text)
        if redirect is not None:
            if b"\n\n" not in text[redirect.start() :]:
                return b""  # FFmpeg does nothing before the last line
            self.elsewhere = (redirect[1] or b"").decode(errors="replace")
            raise ConnectionAbortedError
        self._held += data
        if self._held.startswith(REFUSED) or REFUSED.startswith(self._held):
            head, end, rest = self._held.partition(HEADERS_END)
            if not end:
                return b""
            found = _usable(bytes(head), self._let_in) + end + rest
        else:
            self._let_in = self._let_in or self._with_login
            found = bytes(self._held)
        self._held.clear()
        return bytes(found)

    def ended(self) -> None:
        """Note that the camera has closed the connection."""
        self.hung_up = self._waits or (self._has_stream and not self._plays)

    def size(self) -> tuple[int, int] | None:
        """Return the pictures' width and height in pixels if the camera states them outside the RTP/JPEG headers."""
        found = DIMENSIONS.search(self._said)
        stated = (int(found[1]), int(found[2])) if found else self._size
        return stated if stated is not None and max(stated) <= LARGEST else None

    def _look(self, data: bytes) -> None:
        """Look for a frame header in the stream's first bytes."""
        if self._size is None and self._looked < FIRST_PACKETS:
            self._looked += len(data)
            found = FRAME_HEADER.search(self._tail + data)
            self._tail = data[-LONGEST_HEADER:]
            if found:
                self._size = int.from_bytes(found[2], "big"), int.from_bytes(found[1], "big")

    def challenges(self) -> list[str] | None:
        """Return the challenges of the last refusal; None if there was none."""
        return refusal_headers(self._said)

    def is_by_udp(self) -> bool:
        """Return whether the camera announces its stream over UDP, which was not requested."""
        return BY_UDP.search(self._said) is not None

    def status(self) -> int:
        """Return the status of the last response, 0 without any."""
        found = STATUS.findall(self._said)
        return int(found[-1]) if found else 0


def is_usable(challenge: str) -> bool:
    """Return whether FFmpeg can answer one of the challenges in a header."""
    return any(
        scheme == "basic"
        or (
            scheme == "digest"
            and algorithm_of(fields).upper() in FFMPEG_KNOWS
            and (not protections(fields) or "auth" in protections(fields))
        )
        for scheme, fields in challenges(challenge)
    )


def _usable(head: bytes, let_in: bool) -> bytes:
    """Return the lines of a response without the challenges that FFmpeg cannot answer.

    It would answer them nevertheless, wrongly, and cameras lock at that. If the login has been accepted before
    (`let_in`), only the nonce can be refused, which not all cameras state.
    """
    found = []
    for line in head.split(b"\r\n"):
        if not line.lower().startswith(CHALLENGE):
            found.append(line)
        elif is_usable(text := line.partition(b":")[2].decode(errors="replace")):
            offers = any("auth" in protections(fields) for _, fields in challenges(text))
            known = PROTECTIONS.sub(b'qop="auth"', line) if offers else line
            found.append(known + b", stale=true" * (let_in and not is_stale([text])))
    return b"\r\n".join(found)
