"""What an RTSP camera answers before its stream, as FFmpeg may hear it.

FFmpeg follows a redirect by itself, with the login, to any host, past the deadline and the camera's certificate; so
none reaches it. Of several challenges it takes the last digest, though it knows MD5 alone, and no protection but "auth"
where that is the first one; so it hears of what it can answer.
"""

from __future__ import annotations

import re

from drivers.cameras.login import algorithm_of, challenges, is_stale, protections, refusal_headers

LONGEST = 65_536  # bytes of all answers before the stream: a camera's have 2,000 or so
FFMPEG_KNOWS = ("MD5", "MD5-SESS")  # of a digest login
REFUSED = b"RTSP/1.0 401"
HEADERS_END = b"\r\n\r\n"
CHALLENGE, AUTHORIZATION = b"www-authenticate", b"\nauthorization:"
PROTECTIONS = re.compile(rb'qop\s*=\s*(?:"[^"]*"|[^\s,]*)', re.IGNORECASE)
# Anywhere: what FFmpeg takes for the begin of an answer is its own affair. It passes over all carriage returns. Of a
# word that begins anew again and again the last begin alone is looked at: from each to the end would take the square.
REDIRECT = re.compile(
    rb"RTSP/(?:(?!RTSP/)\S)*[^\S\n]+3\d\d\b(?:.*\n(?:(?!location).*\n)*location[^\S\n]*:[^\S\n]*(\S*))?", re.IGNORECASE
)
STATUS = re.compile(rb"RTSP/1\.\d (\d{3})")
DIMENSIONS = re.compile(rb"a=x-dimensions: *(\d{1,5}) *, *(\d{1,5})")  # width, height, as GStreamer writes it
# A JPEG's frame header as ONVIF has it, in an extension of a packet's (Streaming Specification, 5.1.4): height,
# width. Nowhere else: behind FF a scan's data have a zero or a restart marker, and quantizers are none.
FRAME_HEADER = re.compile(rb"\xff\xc0\x00\x11\x08(..)(..)\x03", re.DOTALL)
BY_UDP = re.compile(rb"^transport[^\S\n]*:[^\S\n]*RTP/AVP(?:/UDP)?[\s;]", re.IGNORECASE | re.MULTILINE)
LARGEST = 65_535  # pixels a side that a JPEG can have
LONGEST_HEADER = 10  # bytes of it
FIRST_PACKETS = 4_000_000  # bytes in which there is a frame's begin: a camera's greatest JPEG


class RtspAnswers:
    """The answers of one connection."""

    def __init__(self) -> None:
        self._said, self._held = bytearray(), bytearray()
        self._streams, self._plays = False, False
        self._with_login, self._let_in = False, False  # the last request; one before it
        self._waits, self._has_stream = False, False  # for an answer; one has been chosen
        self.hung_up = False  # the camera, without an answer
        self.elsewhere: str | None = None  # to where one redirected
        self._size: tuple[int, int] | None = None
        self._tail, self._looked = b"", 0

    def asked(self, request: bytes) -> None:
        """Take in what FFmpeg asks; what follows its last request is the stream."""
        self._streams = self._streams or request.startswith(b"PLAY ")
        self._waits = not request.startswith(b"TEARDOWN ")
        self._has_stream = self._has_stream or request.startswith(b"SETUP ")
        self._with_login = AUTHORIZATION in request.lower()

    def passed(self, data: bytes) -> bytes:
        """Return what FFmpeg may hear now of what the camera says. Raise ConnectionError if that must end."""
        self._waits = False
        if not self._plays and data.startswith(REFUSED):
            self._streams = False  # it asks once more, with another nonce
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
                return b""  # it does nothing before the last line
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
        """Take in that the camera has closed the connection."""
        self.hung_up = self._waits or (self._has_stream and not self._plays)

    def size(self) -> tuple[int, int] | None:
        """Return the pictures' width and height, pixels, where the camera states it beside their RTP headers."""
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
        """Return the challenges of the last answer that refused; None if none did."""
        return refusal_headers(self._said)

    def is_by_udp(self) -> bool:
        """Return whether the camera says that its stream comes by UDP, which nobody has asked it for."""
        return BY_UDP.search(self._said) is not None

    def status(self) -> int:
        """Return the status of the last answer, 0 without any."""
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
    """Return the lines of an answer without the challenges that FFmpeg cannot answer.

    It would answer them all the same, wrongly, and cameras lock at that. Where the login has been `let_in` before, the
    nonce alone can be refused, which not all cameras say.
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
