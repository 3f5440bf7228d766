"""The login of an HTTP camera: basic, or digest by RFC 7616 with MD5, SHA-256 or SHA-512-256."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets

from drivers.cameras.camera import LoginRefusedError
from drivers.reason import Reason

HASHES = {"SHA-256": "sha256", "SHA-512-256": "sha512_256", "MD5": "md5"}  # the preferred first
LOGIN_NEEDED = Reason("login_needed", "the camera requires a login and none is given (username, password)")
# A challenge's scheme, or one of its fields, whose value may be quoted and contain commas and schemes' names.
PART = re.compile(
    r"""[\s,;]*(?:(?P<key>[\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"(?P<quoted>(?:\\.|[^"\\])*)"|(?P<bare>[^\s,;"]*))"""
    r"""|(?P<scheme>[\w-]+)(?=[\s,;]|\Z))"""
)

Fields = dict[str, str]
REFUSAL = re.compile(rb"RTSP/1\.\d 401[^\r\n]*\r?\n(.*?)\r?\n\r?\n", re.DOTALL)


def authorization(headers: list[str], user: str, password: str, target: str) -> str:
    """Return the Authorization header for the strongest of the camera's challenges, one character per byte.

    Raise LoginRefusedError if no scheme is supported.
    """
    # `http.client` reads headers as Latin-1: so a realm in GBK is sent back as the same bytes.
    user, password = (text.encode().decode("latin-1") for text in (user, password))
    known = [match for text in headers for match in challenges(text)]
    digests = [fields for scheme, fields in known if scheme == "digest"]
    for name in HASHES:
        for fields in digests:
            if algorithm_of(fields).upper().removesuffix("-SESS") == name:
                return digest(fields, user, password, target)
    if any(scheme == "basic" for scheme, _ in known):
        return "Basic " + base64.b64encode(f"{user}:{password}".encode("latin-1")).decode()
    raise LoginRefusedError(no_supported_login(known))


def no_supported_login(known: list[tuple[str, Fields]]) -> Reason:
    """Return why a camera's challenges cannot be answered: there are none, or only unsupported ones."""
    if not known:
        return Reason("login_without_challenge", "the camera refuses and does not say which login it wants")
    return Reason(
        "login_kind_unknown",
        "the camera asks for an unsupported kind of login: {kinds}",
        kinds=", ".join(
            " ".join(filter(None, (scheme, fields.get("algorithm"), *protections(fields)))) for scheme, fields in known
        ),
    )


def is_stale(headers: list[str]) -> bool:
    """Return whether a camera refuses only the nonce, not the login (RFC 7616, section 3.3)."""
    return any(fields.get("stale", "").lower() == "true" for text in headers for _, fields in challenges(text))


def refusal_headers(heard: bytes | bytearray) -> list[str] | None:
    """Return the WWW-Authenticate headers of the last 401 response in an RTSP camera's output; None without one."""
    refusals = REFUSAL.findall(heard)
    if not refusals:
        return None
    lines = (line.partition(":") for line in refusals[-1].decode(errors="replace").splitlines())
    return [value.strip() for name, _, value in lines if name.strip().lower() == "www-authenticate"]


def challenges(text: str) -> list[tuple[str, Fields]]:
    """Return the challenges of one WWW-Authenticate header: (scheme, its fields), both in lower case.

    A Digest without a nonce is none: whatever answered it would count as a refused login.
    """
    found: list[tuple[str, Fields]] = []
    at = 0
    while match := PART.match(text, at):
        at = match.end()
        if match["scheme"]:
            found.append((match["scheme"].lower(), {}))
        elif found:
            quoted = match["quoted"]
            value = match["bare"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            found[-1][1][match["key"].lower()] = value
    return [(scheme, fields) for scheme, fields in found if scheme != "digest" or "nonce" in fields]


def algorithm_of(fields: Fields) -> str:
    """Return the algorithm of a Digest challenge as the camera writes it; MD5 if it names none."""
    return fields.get("algorithm") or "MD5"


def protections(fields: Fields) -> list[str]:
    """Return the qop values that a Digest challenge offers; none if the camera supports only RFC 2069."""
    return fields.get("qop", "").lower().replace(",", " ").split()


def digest(fields: Fields, user: str, password: str, target: str, cnonce: str = "") -> str:
    """Return the answer to one Digest challenge (RFC 7616, section 3.4; without qop RFC 2069's form)."""
    algorithm = algorithm_of(fields)
    cnonce = cnonce or secrets.token_hex(16)
    realm, nonce = fields.get("realm", ""), fields.get("nonce", "")

    def hashed(*parts: str) -> str:
        name = HASHES[algorithm.upper().removesuffix("-SESS")]
        return hashlib.new(name, ":".join(parts).encode("latin-1"), usedforsecurity=False).hexdigest()

    secret = hashed(user, realm, password)
    if algorithm.upper().endswith("-SESS"):
        secret = hashed(secret, nonce, cnonce)
    offered = protections(fields)
    qop = next((name for name in ("auth", "auth-int") if name in offered), "")
    request = hashed("GET", target, hashed("")) if qop == "auth-int" else hashed("GET", target)  # it has no body
    said = {"username": user, "realm": realm, "nonce": nonce, "uri": target}
    bare = {"algorithm": algorithm} if fields.get("algorithm") else {}
    if qop:
        bare |= {"qop": qop, "nc": "00000001"}
        said["cnonce"] = cnonce
        said["response"] = hashed(secret, nonce, "00000001", cnonce, qop, request)
    else:
        said["response"] = hashed(secret, nonce, request)
    if "opaque" in fields:
        said["opaque"] = fields["opaque"]
    quoted = [f'{key}="{_quoted(value)}"' for key, value in said.items()]
    return "Digest " + ", ".join(quoted + [f"{key}={value}" for key, value in bare.items()])


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
