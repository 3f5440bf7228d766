"""A network camera's snapshot address: one GET, with basic or digest login where the camera asks for one.

Digest is RFC 7616 with MD5 or SHA-256 (older cameras know MD5 alone; Python's own handler knows no SHA-256).
Redirects are followed three times, the login only to the host it was given for.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import re
import secrets
import socket
import ssl
from urllib.parse import SplitResult, urljoin, urlsplit
from urllib.request import parse_http_list, parse_keqv_list

from drivers.cameras.camera import (
    JPEG_START,
    MOST_BYTES,
    CameraSettings,
    LoginRefusedError,
    NoPictureError,
    NotAnImageError,
    UnreachableError,
    no_connection,
    shown,
    split_login,
)
from drivers.clock import Clock
from drivers.reason import Reason

REDIRECTS = 3
PIECE = 65536
HASHES = {"SHA-256": "sha256", "MD5": "md5"}  # the better first


class HttpStill:
    """A camera that gives a JPEG at an http:// or https:// address."""

    def __init__(self, settings: CameraSettings, clock: Clock) -> None:
        self._url, self._user, self._password = split_login(settings)
        if self._url.scheme not in ("http", "https") or not self._url.hostname:
            raise UnreachableError(
                Reason("no_http_address", "{address!r} is no http:// or https:// address", address=shown(settings.url))
            )
        self._timeout = settings.timeout
        self._clock = clock

    def still(self) -> bytes:
        """Take one picture. Return a JPEG within the timeout. Raise CameraError."""
        until = self._clock.now() + self._timeout
        place = self._url
        for _ in range(REDIRECTS + 1):
            status, headers, body = self._ask(place, until)
            target = headers.get("Location")
            if status not in (301, 302, 303, 307, 308) or not target:
                return _picture(status, headers, body)
            place = urlsplit(urljoin(place.geturl(), target))
        raise NotAnImageError(
            Reason("too_many_redirects", "the address redirects more than {times} times", times=REDIRECTS)
        )

    def close(self) -> None:
        """Do nothing: no connection is kept between two stills."""

    def _ask(self, place: SplitResult, until: float) -> tuple[int, http.client.HTTPMessage, bytes]:
        status, headers, body = self._get(place, until, "")
        if status == 401 and place.hostname == self._url.hostname:
            if not self._user:
                raise LoginRefusedError(
                    Reason("login_needed", "the camera asks for a login and none is given (username, password)")
                )
            challenges = headers.get_all("WWW-Authenticate", [])
            login = authorization(challenges, self._user, self._password, _target(place))
            status, headers, body = self._get(place, until, login)
        if status in (401, 403):
            raise LoginRefusedError(
                Reason(
                    "http_login_refused",
                    "the camera refuses the login of user {user!r} (HTTP {status})",
                    user=self._user,
                    status=status,
                )
            )
        return status, headers, body

    def _get(self, place: SplitResult, until: float, login: str) -> tuple[int, http.client.HTTPMessage, bytes]:
        kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
        try:
            link = kind(place.hostname or "", place.port, timeout=max(until - self._clock.now(), 0.1))
            try:
                return self._exchange(link, place, until, login)
            finally:
                link.close()
        except TimeoutError:
            raise NoPictureError(
                Reason(
                    "no_picture_in_time", "the camera gave no whole picture within {seconds:g} s", seconds=self._timeout
                )
            ) from None
        except ssl.SSLCertVerificationError as error:
            raise UnreachableError(
                Reason("camera_certificate", "the camera's certificate is not trusted: {why}", why=error.verify_message)
            ) from None
        except http.client.IncompleteRead as error:
            raise NoPictureError(
                Reason("picture_broke_off", "the picture broke off after {count} bytes", count=len(error.partial))
            ) from None
        except http.client.HTTPException as error:
            raise NotAnImageError(
                Reason("no_web_server", "what answers there is no web server: {said!r}", said=str(error)[:60])
            ) from None
        except (OSError, ValueError) as error:
            raise UnreachableError(no_connection(place.netloc, error)) from None

    def _exchange(
        self, link: http.client.HTTPConnection, place: SplitResult, until: float, login: str
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        link.connect()
        wire: socket.socket = link.sock  # the response lets go of it when the camera closes
        headers = {"Accept": "image/jpeg, */*", "Connection": "close"}
        link.request("GET", _target(place), headers=headers | ({"Authorization": login} if login else {}))
        answer = link.getresponse()
        body = bytearray()
        while True:
            left = until - self._clock.now()
            if left <= 0:
                raise TimeoutError
            if wire.fileno() >= 0:
                wire.settimeout(left)
            piece = answer.read1(PIECE)
            if not piece:
                break
            body += piece
            if len(body) > MOST_BYTES:
                raise NotAnImageError(
                    Reason(
                        "no_snapshot",
                        "the address gives more than {megabytes} MB: no snapshot",
                        megabytes=MOST_BYTES // 1_000_000,
                    )
                )
        if answer.length:
            raise http.client.IncompleteRead(bytes(body), answer.length)
        return answer.status, answer.headers, bytes(body)


def _target(place: SplitResult) -> str:
    return (place.path or "/") + (f"?{place.query}" if place.query else "")


def _picture(status: int, headers: http.client.HTTPMessage, body: bytes) -> bytes:
    if status != 200:
        if status == http.client.NOT_FOUND:
            raise NoPictureError(
                Reason("camera_answers_404", "the camera answers 404 Not Found: is the path of the address right?")
            )
        phrase = http.client.responses.get(status, "")
        raise NoPictureError(
            Reason("camera_answers", "the camera answers {status}", status=f"{status} {phrase}".rstrip())
        )
    if not body:
        raise NoPictureError(Reason("camera_answers_nothing", "the camera answers with nothing"))
    if not body.startswith(JPEG_START):
        raise NotAnImageError(
            Reason(
                "no_jpeg",
                "the address answers with {type}, not with a JPEG; it begins {begin!r}",
                type=headers.get_content_type(),
                begin=begins(body),
            )
        )
    return body


def begins(body: bytes) -> str:
    """Return the first 60 characters of a body that was no picture, without markup, for people to recognize it."""
    text = body[:4000].decode("utf-8", "replace")
    text = re.sub(r"(?is)<(script|style)\b.*?(</\1>|\Z)|<!--.*?-->|<[^>]*>?", " ", text)
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:60]


def authorization(challenges: list[str], user: str, password: str, target: str) -> str:
    """Return the Authorization header for the strongest of the camera's challenges.

    Raise LoginRefusedError where no scheme is known.
    """
    known = [match for text in challenges for match in _challenges(text)]
    digests = [fields for scheme, fields in known if scheme == "digest"]
    for name in HASHES:
        for fields in digests:
            if fields.get("algorithm", "MD5").upper().removesuffix("-SESS") == name:
                return digest(fields, user, password, target)
    if any(scheme == "basic" for scheme, _ in known):
        return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    raise LoginRefusedError(
        Reason("login_kind_unknown", "the camera asks for a kind of login that is neither basic nor digest")
    )


def _challenges(text: str) -> list[tuple[str, dict[str, str]]]:
    """Return the challenges of one WWW-Authenticate header: (scheme, its fields)."""
    parts = re.split(r"(?i)(?:^|,)\s*(digest|basic)(?:\s+|$)", text)
    found = []
    for scheme, rest in zip(parts[1::2], parts[2::2]):
        pairs = [item for item in parse_http_list(rest) if "=" in item]
        found.append((scheme.lower(), {key.lower(): value for key, value in parse_keqv_list(pairs).items()}))
    return found


def digest(fields: dict[str, str], user: str, password: str, target: str, cnonce: str = "") -> str:
    """Return the answer to one Digest challenge (RFC 7616, section 3.4; without qop RFC 2069's form)."""
    algorithm = fields.get("algorithm", "MD5")
    cnonce = cnonce or secrets.token_hex(16)
    realm, nonce = fields.get("realm", ""), fields.get("nonce", "")

    def hashed(*parts: str) -> str:
        name = HASHES[algorithm.upper().removesuffix("-SESS")]
        return hashlib.new(name, ":".join(parts).encode(), usedforsecurity=False).hexdigest()

    secret = hashed(user, realm, password)
    if algorithm.upper().endswith("-SESS"):
        secret = hashed(secret, nonce, cnonce)
    said = {"username": user, "realm": realm, "nonce": nonce, "uri": target}
    bare = {"algorithm": algorithm} if "algorithm" in fields else {}
    if "auth" in [word.strip() for word in fields.get("qop", "").split(",")]:
        bare |= {"qop": "auth", "nc": "00000001"}
        said["cnonce"] = cnonce
        said["response"] = hashed(secret, nonce, "00000001", cnonce, "auth", hashed("GET", target))
    else:
        said["response"] = hashed(secret, nonce, hashed("GET", target))
    if "opaque" in fields:
        said["opaque"] = fields["opaque"]
    quoted = [f'{key}="{_quoted(value)}"' for key, value in said.items()]
    return "Digest " + ", ".join(quoted + [f"{key}={value}" for key, value in bare.items()])


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
