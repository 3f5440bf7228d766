"""What an RTSP camera answers before its stream: no redirect takes the login away, each refusal has its own cause."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from drivers.cameras.camera import CameraError, CameraSettings
from drivers.cameras.opening import open_camera
from drivers.cameras.rtsp_answers import LONGEST, RtspAnswers
from edge.clock.clock import SystemClock
from tests.kits.camera_port import listening

BASIC = 'WWW-Authenticate: Basic realm="r"'
MD5 = 'WWW-Authenticate: Digest realm="r", nonce="n", algorithm=MD5'
SHA = 'WWW-Authenticate: Digest realm="r", nonce="n", algorithm="SHA-256"'
Reply = Callable[[str, bool], tuple[str, list[str]]]  # of a method, and whether a login came with it


SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
DESCRIBED = {"DESCRIBE": ["Content-Type: application/sdp", f"Content-Length: {len(SDP)}"]}
TRANSPORT = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"


def camera(reply: Reply, said: list[str], described: str = "", last: str = "") -> AbstractContextManager[str]:
    """Serve an RTSP camera that answers so, and never comes to its stream. Return what gives its address.

    `described`: what follows its answer to DESCRIBE; `last`: the method after whose success it closes the connection.
    """

    def serve(link: socket.socket) -> None:
        with link.makefile("r", newline="\r\n") as file:
            while line := file.readline():
                lines = [line, *iter(file.readline, "\r\n")]
                fields = dict(one.lower().split(":", 1) for one in lines[1:])
                said.append("".join(lines))
                status, more = reply(line.partition(" ")[0], "authorization" in fields)
                head = [f"RTSP/1.0 {status}", f"CSeq:{fields['cseq'].rstrip()}", *more, "", ""]
                good = status.startswith("2")
                link.sendall(("\r\n".join(head) + described * (good and line.startswith("DESCRIBE"))).encode())
                if last and good and line.startswith(last):
                    return

    return listening(serve, "rtsp://{}/cam")


def refused(url: str, user: str = "admin") -> CameraError:
    """Return why there is no picture at that address."""
    with pytest.raises(CameraError) as failed:
        open_camera(CameraSettings("rtsp", url, user, "geheim", timeout=10.0), SystemClock()).still()
    return failed.value


def always(method: str, status: str, *more: str) -> Reply:
    """Return a camera that answers one method so, and says yes to all others."""
    return lambda asked, _login: (status, list(more)) if asked == method else ("200 OK", [])


@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE"])
@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "305 Use Proxy"])
def test_no_redirect_takes_the_login_to_another_server(method: str, status: str) -> None:
    """FFmpeg would follow with the password, past the deadline and the certificate; the address is told instead."""
    there: list[str] = []
    with camera(lambda _method, _login: ("401 Unauthorized", [BASIC]), there) as other:
        location = f"Location: {other.replace('//', '//a:b@')}?token=1"
        with camera(always(method, status, location), []) as url:
            failed = refused(url)
    assert (failed.kind.code, failed.detail.code) == ("not_an_image", "redirected_elsewhere")
    assert failed.detail.params == {"place": other}
    assert there == []


@pytest.mark.parametrize("text", [b"RTSP/1.0 302 Moved\r\nLocation: rtsp://x/\r\n\r\n", b"R\rTSP/1.1\t399 \n\n"])
def test_a_redirect_is_found_however_it_is_sent(text: bytes) -> None:
    """In pieces, behind another answer or a packet, with line ends of any kind: nothing of its last line is heard."""
    for before in (b"", b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n", b"$\0\0\2ab", b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"):
        answers, heard = RtspAnswers(), b""
        with pytest.raises(ConnectionAbortedError):
            for at in range(len(before + text)):
                heard += answers.passed((before + text)[at : at + 1])
        assert not heard.replace(b"\r", b"").endswith(b"\n\n") or heard == before
        assert answers.elsewhere == ("rtsp://x/" if b"Location" in text else "")


def test_of_the_stream_nothing_is_taken_for_an_answer() -> None:
    """After its last request FFmpeg hears all as it comes, and follows nothing."""
    answers = RtspAnswers()
    answers.asked(b"PLAY rtsp://x RTSP/1.0\r\n\r\n")
    for data in (
        b"RTSP/1.0 200 OK\r\n\r\n",
        b"$\0\0\4RTSP/1.0 302 x\n\n",
        b"RTSP/1.0 501 x\r\n\r\n",
        bytes(LONGEST + 1),
    ):
        assert answers.passed(data) == data
    assert (answers.status(), answers.elsewhere) == (200, None)


def test_a_camera_that_begins_an_answer_without_end_costs_no_more_than_its_bytes() -> None:
    """Its bytes in pieces, each looked at with all before: by the square of them this would take half an hour."""
    answers, piece = RtspAnswers(), b"RTSP/" * 20
    for _ in range(LONGEST // len(piece)):
        assert answers.passed(piece) == piece
    with pytest.raises(ConnectionError):
        answers.passed(b"1.0 302 Found\r\nLocation: rtsp://127.0.0.2/\r\n\r\n")


def test_a_camera_that_only_talks_does_not_fill_the_memory() -> None:
    """What is said before the stream has a bound."""
    answers = RtspAnswers()
    with pytest.raises(ConnectionAbortedError):
        for _ in range(LONGEST):
            answers.passed(b"x" * 100)


@pytest.mark.parametrize("challenges", [[MD5, SHA], [SHA, MD5], [SHA, BASIC], [BASIC, SHA]])
def test_of_several_logins_one_that_is_known_is_used(challenges: list[str]) -> None:
    """Whichever comes last: a login is sent, and what comes then is what is told."""
    said: list[str] = []

    def reply(method: str, login: bool) -> tuple[str, list[str]]:
        if method == "OPTIONS":
            return "200 OK", []
        return ("404 Not Found", []) if login else ("401 Unauthorized", challenges)

    with camera(reply, said) as url:
        assert refused(url).detail.code == "no_video"
    assert sum("\nAuthorization:" in one for one in said) == 1


@pytest.mark.parametrize("each", [False, True])
@pytest.mark.parametrize("offered", ["auth", "auth,auth-int", "auth-int,auth", "auth-int, auth"])
def test_of_several_protections_one_that_is_known_is_used(offered: str, each: bool) -> None:
    """In whichever order they stand; also where each request wants a nonce of its own, even the last one."""
    said: list[str] = []

    def reply(method: str, login: bool) -> tuple[str, list[str]]:
        if method == "OPTIONS" or (login and (not each or f'nonce="{len(said) - 1}"' in said[-1])):
            return "200 OK", [*DESCRIBED.get(method, []), "Session: 1", TRANSPORT]
        return "401 Unauthorized", [f'WWW-Authenticate: Digest realm="r", nonce="{len(said)}", qop="{offered}"']

    with camera(reply, said, SDP, last="PLAY") as url:
        assert refused(url).detail.code == "no_key_frame"
    assert all('qop="auth"' in one for one in said if "\nAuthorization:" in one)
    assert [one.partition(" ")[0] for one in said].count("PLAY") == 1 + each


@pytest.mark.parametrize("challenge", [SHA, MD5 + ', qop="auth-int"'])
def test_a_login_that_cannot_be_right_is_not_tried(challenge: str) -> None:
    """A camera that wants what is not known here counts no refusal, and what it wants is told."""
    said: list[str] = []
    with camera(always("DESCRIBE", "401 Unauthorized", challenge), said) as url:
        assert refused(url).detail.code == "login_kind_unknown"
    assert not any("\nAuthorization:" in one for one in said)


@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])
def test_a_camera_that_hangs_up_is_told_as_that(method: str, answered: bool) -> None:
    """Too many look at it, or it restarts: that is neither a wrong address nor a missing permission."""

    def reply(asked: str, _login: bool) -> tuple[str, list[str]]:
        if asked == method and not answered:
            raise ConnectionError
        return "200 OK", [*DESCRIBED.get(asked, []), "Session: 1", TRANSPORT]

    with camera(reply, [], SDP, last=method) as url:
        code = refused(url).detail.code
    if answered and method in ("OPTIONS", "DESCRIBE"):
        assert code in ("camera_hangs_up", "no_video")
    else:
        assert code == ("no_key_frame" if (answered, method) == (True, "PLAY") else "camera_hangs_up")


@pytest.mark.parametrize("challenges", [[SHA, MD5], [MD5], [SHA], []])
def test_a_refusal_that_comes_in_pieces_is_heard_whole(challenges: list[str]) -> None:
    """Cut at any place: without the challenges that cannot be answered, and with all else."""
    lines = ["RTSP/1.0 401 Unauthorized", "CSeq: 2", *challenges, "Content-Length: 4", "", "body"]
    kept = [line for line in lines if line != SHA]
    text = "\r\n".join(lines).encode()
    for at in range(len(text)):
        answers = RtspAnswers()
        heard = (
            answers.passed(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")
            + answers.passed(text[:at])
            + answers.passed(text[at:])
        )
        assert heard.partition(b"\r\n\r\n")[2] == "\r\n".join(kept).encode()
        assert answers.challenges() == [one.partition(": ")[2] for one in challenges]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("461 Unsupported Transport", "no_rtp_over_tcp"),
        ("454 Session Not Found", "camera_busy"),
        ("451 Parameter Not Understood", "camera_answers"),
        ("551 Option Not Supported", "camera_fails"),
        ("453 Not Enough Bandwidth", "camera_busy"),
        ("503 Service Unavailable", "camera_busy"),
        ("403 Forbidden", "camera_forbids"),
        ("404 Not Found", "no_video"),
    ],
)
def test_what_a_camera_answers_is_told(status: str, code: str) -> None:
    """It is there and answers: "no connection" would send people to its cable."""
    with camera(always("DESCRIBE", status), []) as url:
        detail = refused(url).detail
    assert detail.code == code
    assert code not in ("camera_answers", "camera_busy", "camera_fails") or detail.params == {"status": status}


def test_a_stream_in_a_coding_of_its_own_is_named() -> None:
    """SVAC and what else no library here knows: the setting that helps is said, and no library's own failure."""
    medium = ["m=video 0 RTP/AVP 96", "a=rtpmap:96 SVAC/90000", "a=control:trackID=0"]
    told = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=x", "t=0 0", *medium]
    length = len("\r\n".join(told)) + 4
    replies = {
        "DESCRIBE": ["Content-Type: application/sdp", f"Content-Length: {length}", "", *told],
        "SETUP": ["Transport: RTP/AVP/TCP;unicast;interleaved=0-1", "Session: 1"],
    }
    with camera(lambda method, _login: ("200 OK", replies.get(method, [])), []) as url:
        one = open_camera(CameraSettings("rtsp", url, timeout=2.0), SystemClock())
        with pytest.raises(CameraError) as failed:
            one.still()
    assert failed.value.detail.code == "stream_coded_otherwise"


@pytest.mark.parametrize("kind", ["RTP/AVP;unicast;client_port=1-2;server_port=3-4", "RTP/AVP/UDP;unicast"])
def test_a_stream_that_would_come_by_udp_is_told_as_that(kind: str) -> None:
    """The camera has not hung up: FFmpeg gives up on it, and the setting that helps is another one."""

    def reply(asked: str, _login: bool) -> tuple[str, list[str]]:
        return "200 OK", [*DESCRIBED.get(asked, []), "Session: 1", f"Transport: {kind}"]

    with camera(reply, [], SDP) as url:
        assert refused(url).detail.code == "no_rtp_over_tcp"


@pytest.mark.parametrize("status", ["100 Continue", "302 Found", "305 Use Proxy"])
def test_an_answer_to_the_last_request_that_is_no_yes_is_told(status: str) -> None:
    """It is no missing permission, and no broken cable."""

    def reply(asked: str, _login: bool) -> tuple[str, list[str]]:
        answered = [*DESCRIBED.get(asked, []), "Session: 1", TRANSPORT]
        return status if asked == "PLAY" else "200 OK", answered

    with camera(reply, [], SDP) as url:
        detail = refused(url).detail
    assert (detail.code, detail.params) == ("camera_answers", {"status": status})


@pytest.mark.parametrize(
    ("tail", "asked"),
    [
        ("", "cam"),
        ("?channel=2&subtype=1", "cam?channel=2&subtype=1"),
        ("/{1}?of={2} 图", "cam/%7B1%7D?of=%7B2%7D%20%E5%9B%BE"),
    ],
)
def test_an_address_is_asked_for_with_all_that_it_has(tail: str, asked: str) -> None:
    """Some recorders have the channel in what follows the question mark: without it each would show the first."""
    said: list[str] = []
    with camera(always("DESCRIBE", "404 Not Found"), said) as url:
        refused(url + tail)
    assert {request.split()[1].split("/", 3)[3] for request in said} == {asked}
