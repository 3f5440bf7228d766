"""Digest logins in every form that cameras ask for, reckoned here once more as RFC 7616 has it (section 3.4)."""

from __future__ import annotations

import hashlib
from itertools import product
from urllib.request import parse_http_list, parse_keqv_list

import pytest

from drivers.cameras.camera import LoginRefusedError
from tests.unit.drivers.test_camera_answers import WHOLE, http, server, still

HASHES = {"md5": "md5", "sha-256": "sha256", "sha-512-256": "sha512_256"}
NONCE = 'nonce="dGVz/dA=="'
USERS = [("admin", 'ge,"hei\\m":1'), ("管理员", "密码")]


def is_right(request: str, user: str, password: str, realm: str, algorithm: str) -> bool:
    """Return whether a request has the login that a camera reckons itself."""
    head = next((line for line in request.split("\r\n") if line.startswith("Authorization: Digest ")), "")
    said = parse_keqv_list(parse_http_list(head.partition("Digest ")[2].encode("latin-1").decode()))
    target = request.split(" ")[1]
    if not said or (said["username"], said["uri"], said["nonce"]) != (user, target, "dGVz/dA=="):
        return False

    def h(*parts: str) -> str:
        return hashlib.new(HASHES[algorithm.lower().removesuffix("-sess")], ":".join(parts).encode()).hexdigest()

    secret = h(user, realm, password)
    if algorithm.lower().endswith("-sess"):
        secret = h(secret, said["nonce"], said["cnonce"])
    if "qop" not in said:
        return said["response"] == h(secret, said["nonce"], h("GET", target))
    asked = h("GET", target, h("")) if said["qop"] == "auth-int" else h("GET", target)
    return said["nc"] == "00000001" and said["response"] == h(
        secret, said["nonce"], said["nc"], said["cnonce"], said["qop"], asked
    )


def logged_in(challenges: list[str], algorithm: str = "MD5", realm: str = "r", user: int = 0) -> list[str]:
    """Take a picture of a camera with these challenges. Return what it was asked."""
    asked: list[str] = []

    def answer(request: str) -> bytes:
        asked.append(request)
        if is_right(request, *USERS[user], realm, algorithm):
            return http(WHOLE, "image/jpeg", "200 OK", 'Authentication-Info: nextnonce="n2", qop=auth')
        lines = [f"WWW-Authenticate: {challenge}" for challenge in challenges]
        return http(b"", "text/plain", "401 Unauthorized", *lines, "Content-Length: 0")

    with server(answer) as place:
        assert still(f"http://{place}/cgi-bin/a.cgi?n=1&图", username=USERS[user][0], password=USERS[user][1]) == WHOLE
    return asked


@pytest.mark.parametrize(
    ("algorithm", "qop"),
    list(
        product(
            ["MD5", "md5", "SHA-256", "SHA-512-256", "MD5-sess", "SHA-256-sess"],
            ['qop="auth"', "qop=auth", 'qop="auth-int"', 'qop="auth-int, auth"'],
        )
    ),
)
def test_each_algorithm_and_protection_gets_its_answer(algorithm: str, qop: str) -> None:
    """In capitals or not, in quotes or not; one login, and no more."""
    for user in range(len(USERS)):
        assert len(logged_in([f'Digest realm="r", {NONCE}, algorithm={algorithm}, {qop}'], algorithm, user=user)) == 2


@pytest.mark.parametrize(
    ("challenges", "algorithm", "realm"),
    [
        ([f'Digest realm="r", {NONCE}'], "MD5", "r"),
        ([f'Digest realm="r", {NONCE}, qop=""'], "MD5", "r"),
        ([f'Digest realm="r", {NONCE}, algorithm="SHA-256"'], "SHA-256", "r"),
        ([f'digest\trealm="r",{NONCE},qop="auth",'], "MD5", "r"),
        ([f'Digest realm="r",\r\n {NONCE},\r\n qop="auth"'], "MD5", "r"),
        ([f'Digest realm="a \\"b\\", Basic c", {NONCE}, qop="auth"'], "MD5", 'a "b", Basic c'),
        ([f'Digest realm="r", {NONCE}, qop="auth", userhash=true, charset=UTF-8, opaque=""'], "MD5", "r"),
        (["Negotiate", "NTLM", f'Digest realm="r", {NONCE}, qop="auth"'], "MD5", "r"),
        ([f'Negotiate YII=abc==, Digest realm="r", {NONCE}'], "MD5", "r"),
        ([f'Basic realm="x", Digest realm="r", {NONCE}, qop="auth"'], "MD5", "r"),
        ([f'Digest realm="r", {NONCE}, qop="auth", Basic realm="x"'], "MD5", "r"),
        ([f'Digest realm="r", {NONCE}, algorithm={name}' for name in ("MD5", "SHA-256")], "SHA-256", "r"),
        ([f'Digest realm="r", {NONCE}, algorithm={name}' for name in ("SHA-512-256", "SHA-256")], "SHA-256", "r"),
        ([f'Digest realm="r", {NONCE}, algorithm={name}' for name in ("SHA-3", "MD5")], "MD5", "r"),
        (["Digest", f'Digest realm="r", {NONCE}, qop="auth"'], "MD5", "r"),
        ([f'Digest realm="r"; {NONCE}; qop=auth; algorithm=MD5'], "MD5", "r"),
    ],
)
def test_a_login_is_found_among_whatever_else_is_offered(challenges: list[str], algorithm: str, realm: str) -> None:
    """Other schemes and algorithms, in one line or in several, before it and behind it."""
    assert len(logged_in(challenges, algorithm, realm)) == 2


def test_a_nonce_that_is_always_old_is_no_loop() -> None:
    """A camera that calls each nonce stale gets two logins and no third."""
    asked: list[str] = []

    def answer(request: str) -> bytes:
        asked.append(request)
        said = f'WWW-Authenticate: Digest realm="r", nonce="{len(asked)}", stale=true'
        return http(b"", "text/plain", "401 Unauthorized", said, "Content-Length: 0")

    with server(answer) as place, pytest.raises(LoginRefusedError):
        still(f"http://{place}/", username="admin", password="x")
    assert len(asked) == 3
