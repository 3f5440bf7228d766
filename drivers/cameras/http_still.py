"""A network camera's snapshot address: one GET, with basic or digest login if the camera asks for it.

Digest is RFC 7616 (`login.py`: older cameras support only MD5; Python's own handler has no SHA-256). Up to three
redirects are followed; the login is sent only to the host for which it was given. If the address sends a stream of
pictures (multipart, as MJPEG cameras do) the first one is taken.
"""

from __future__ import annotations

import http.client
import ssl
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from drivers.cameras import wire
from drivers.cameras.camera import (
    IN_PATHS,
    JPEG_START,
    MOST_BYTES,
    CameraSettings,
    LoginRefusedError,
    NoPictureError,
    NotAnImageError,
    UnreachableError,
    certificate_untrusted,
    hangs_up,
    no_connection,
    public_address,
    split_login,
)
from drivers.cameras.http_answer import is_success, no_web_server, picture_of, redirected_elsewhere
from drivers.cameras.jpeg import STRAY, first_whole, is_whole
from drivers.cameras.jpeg_scan import END_MARKER
from drivers.cameras.login import LOGIN_NEEDED, authorization, is_stale
from drivers.cameras.packed import GZIP_BEGIN, unpacked
from drivers.clock import Clock
from drivers.reason import Reason

REDIRECTS = 3
PIECE = 65536
FAREWELL = 1.0  # s for further data after a whole picture, or a page, on a connection that the server never closes
BEGIN = STRAY + len(JPEG_START)  # bytes within which a picture begins
SHORT = 64  # bytes after which a body that has not begun as a picture is probably none
MOST_DAMAGED = 10  # pictures of a stream: a camera that has just started damages one or two
MOST_TOGETHER = 3  # consecutive pictures in one body: more are a stream without parts
PRINTED = "".join(map(chr, range(0x21, 0x7F)))
PACKINGS = ("gzip", "x-gzip", "deflate")


class HttpStill:
    """A camera that gives a JPEG at an http:// or https:// address."""

    def __init__(self, settings: CameraSettings, clock: Clock) -> None:
        self._url, self._user, self._password = split_login(settings)
        if self._url.scheme not in ("http", "https") or not self._url.hostname:
            raise UnreachableError(
                Reason(
                    "no_http_address",
                    "{address!r} is not an http:// or https:// address",
                    address=public_address(settings.url),
                )
            )
        self._timeout = settings.timeout
        self._fingerprint = settings.fingerprint
        self._clock = clock
        self.logged_in = False

    def still(self) -> bytes:
        """Take one picture. Return a JPEG within the timeout. Raise CameraError."""
        until = self._clock.now() + self._timeout
        place, self.logged_in = self._url, False
        for _ in range(REDIRECTS + 1):
            status, headers, body = self._ask(place, until)
            target = headers.get("Location")
            if status not in (301, 302, 303, 307, 308) or not target:
                return picture_of(status, headers, body)
            place = _redirected(place, target)
        raise NotAnImageError(
            Reason("too_many_redirects", "the address redirects more than {times} times", times=REDIRECTS)
        )

    def close(self) -> None:
        """Do nothing: no connection is kept between two stills."""

    def _ask(self, place: SplitResult, until: float) -> tuple[int, http.client.HTTPMessage, bytes]:
        status, headers, body = self._get(place, until, "")
        if status == 401:
            if place.hostname != self._url.hostname:
                raise NotAnImageError(
                    Reason(
                        "login_elsewhere",
                        "the address redirects to {place}, which requires a login, and the login is for {host} alone",
                        place=place.netloc.rpartition("@")[2],
                        host=self._url.hostname or "",
                    )
                )
            if (self._url.scheme, place.scheme) == ("https", "http"):
                raise NotAnImageError(
                    Reason("login_in_clear", "the address redirects from https to http, where the login could be read")
                )
            if not self._user:
                raise LoginRefusedError(LOGIN_NEEDED)
            login = authorization(_challenges(headers), self._user, self._password, _target(place))
            status, headers, body = self._get(place, until, login)
            if status == 401 and is_stale(_challenges(headers)):
                login = authorization(_challenges(headers), self._user, self._password, _target(place))
                status, headers, body = self._get(place, until, login)
            if status == 401:
                raise LoginRefusedError(
                    Reason(
                        "http_login_refused",
                        "the camera refuses the login of user {user!r} (HTTP {status})",
                        user=self._user,
                        status=status,
                    )
                )
            self.logged_in = True
        return status, headers, body

    def _get(self, place: SplitResult, until: float, login: str) -> tuple[int, http.client.HTTPMessage, bytes]:
        try:
            deadline = wire.Deadline(until, self._clock)
            trusted = wire.context(self._fingerprint) if place.scheme == "https" else None
            link = wire.link_to(place, trusted, self._fingerprint, deadline.left)
            try:
                return self._exchange(link, place, deadline, login)
            finally:
                link.close()
        except TimeoutError:
            raise NoPictureError(
                Reason(
                    "no_picture_in_time", "the camera gave no whole picture within {seconds:g} s", seconds=self._timeout
                )
            ) from None
        except ssl.SSLCertVerificationError as error:
            raise UnreachableError(certificate_untrusted(error)) from None
        except http.client.IncompleteRead as error:
            raise NoPictureError(
                Reason("picture_broke_off", "the picture broke off after {count} bytes", count=len(error.partial))
            ) from None
        except http.client.RemoteDisconnected:
            raise UnreachableError(hangs_up(place.netloc)) from None
        except http.client.HTTPException as error:
            raise NotAnImageError(no_web_server(error)) from None
        except (OSError, ValueError) as error:
            raise UnreachableError(no_connection(place.netloc, error)) from None

    def _exchange(
        self, link: http.client.HTTPConnection, place: SplitResult, deadline: wire.Deadline, login: str
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        headers = {"Accept": "image/jpeg, */*", "Connection": "close"}
        link.request("GET", _target(place), headers=headers | ({"Authorization": login} if login else {}))
        answer = link.getresponse()
        with answer:
            # The body of any other status is not used, and may have no end.
            body = _body(answer, deadline) if is_success(answer.status) else b""
        return answer.status, answer.headers, body


def _body(answer: http.client.HTTPResponse, deadline: wire.Deadline) -> bytes:
    """Return the body: a picture, or whatever was sent instead.

    Raise IncompleteRead if it is cut off, TimeoutError, OSError.
    """
    body = bytearray()
    if answer.headers.get_content_maintype() == "multipart":
        return _first_part(answer, body)
    try:
        while not _is_in_parts(body) and _received(answer, body):
            decided = not _is_packed(answer, body) and _is_decided(body)
            deadline.within(FAREWELL if decided else float("inf"))
        if _is_in_parts(body):
            return _first_part(answer, body)
        if answer.length:
            raise http.client.IncompleteRead(b"")
    except http.client.IncompleteRead as error:
        if first_whole(body) is None:  # a whole picture is used despite a wrong length or a missing last chunk
            raise http.client.IncompleteRead(bytes(body) + error.partial) from None
    except OSError:
        if not _is_decided(body) and (JPEG_START in body or not body.strip()):
            raise
    return unpacked(bytes(body)) if _is_packed(answer, body) else bytes(body)


def _received(answer: http.client.HTTPResponse, body: bytearray) -> bool:
    """Read the next piece of the body. Return False at its end."""
    piece = answer.read1(PIECE)
    body += piece
    if len(body) > MOST_BYTES:
        raise NotAnImageError(
            Reason(
                "no_snapshot",
                "the address gives more than {megabytes} MB: no snapshot",
                megabytes=MOST_BYTES // 1_000_000,
            )
        )
    return bool(piece)


def _is_decided(body: bytearray) -> bool:
    """Return whether a body contains a whole picture, or is evidently not a picture."""
    if len(body) > SHORT and body.find(JPEG_START, 0, BEGIN) < 0:
        return not _begins_parts(body)
    return END_MARKER in body[-PIECE - 1 :] and first_whole(body) is not None


def _is_packed(answer: http.client.HTTPResponse, body: bytes | bytearray) -> bool:
    """Return whether a body is compressed, which some proxies do unasked and undeclared."""
    said = answer.headers.get("Content-Encoding", "").partition(",")[0].strip().lower() in PACKINGS
    return body.startswith(GZIP_BEGIN) or (said and bool(body) and body.find(JPEG_START, 0, BEGIN) < 0)


def _is_in_parts(body: bytearray) -> bool:
    """Return whether a body is a stream of pictures by its beginning, whatever its declared type."""
    if _begins_parts(body):
        return JPEG_START in body
    return body.count(END_MARKER + JPEG_START) >= MOST_TOGETHER


def _begins_parts(body: bytearray) -> bool:
    return body[:STRAY].lstrip().startswith(b"--")


def _first_part(answer: http.client.HTTPResponse, body: bytearray) -> bytes:
    """Return the first undamaged picture of a multipart response, which need not end; else the last damaged one.

    It is found by its own markers: parts may be empty, cut or text, and their length and boundary may be wrong.
    Cameras often damage the first picture of a stream.
    """
    picture = b""
    for _ in range(MOST_DAMAGED):
        while (found := first_whole(body) if END_MARKER in body[-PIECE - 1 :] else None) is None:
            if not _received(answer, body):
                found = first_whole(body)
                break
        if found is None:
            return picture or bytes(body[max(body.find(JPEG_START), 0) :])
        picture = bytes(body[found[0] : found[1]])
        if is_whole(picture):
            break
        del body[: found[1]]
    return picture


def _challenges(headers: http.client.HTTPMessage) -> list[str]:
    return headers.get_all("WWW-Authenticate", [])


def _target(place: SplitResult) -> str:
    return quote((place.path or "/") + (f"?{place.query}" if place.query else ""), safe=IN_PATHS)


def _redirected(place: SplitResult, target: str) -> SplitResult:
    """Return the target of a redirect, without a login. Raise NotAnImageError if it is not a web address."""
    target = quote(target.strip().encode("latin-1"), safe=PRINTED)  # the bytes of any script, as the server sent them
    shown = target
    try:
        there = urlsplit(urljoin(place.geturl(), target))
        shown = there.geturl()
        if there.scheme in ("http", "https") and there.hostname and there.port != 0:
            return there._replace(netloc=there.netloc.rpartition("@")[2])
    except ValueError:  # not a URL
        pass
    raise NotAnImageError(redirected_elsewhere(shown))
