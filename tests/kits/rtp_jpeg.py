"""An RTSP camera that sends MJPEG as RFC 2435 has it, over TCP, and can break what cameras break."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import count

from tests.kits.camera_port import listening

SUBSAMPLINGS = {0x21: 0, 0x22: 1}  # factors of the luminance -> type (section 4.1)
RESTARTS, OWN_TABLES, STATIC = 64, 255, 26  # bit of the type, Q, payload type
SIZE = 8000  # bytes of a packet
PAUSE = 0.02  # s between two frames
Packet = tuple[bytes, bool]  # header and data of RFC 2435, whether it is a frame's last
SDP = f"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP {STATIC}\r\na=control:track1\r\n"


def packets(jpeg: bytes) -> list[Packet]:
    """Return the packets of a baseline JPEG of two quantization tables."""
    at, tables, interval, shape = 2, b"", 0, b""
    while (marker := jpeg[at + 1]) != 0xDA:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        segment, at = jpeg[at + 4 : end], end
        if marker == 0xDB:
            tables += b"".join(segment[begin + 1 : begin + 65] for begin in range(0, len(segment), 65))
        elif marker == 0xC0:
            height, width = struct.unpack(">HH", segment[1:5])
            shape = bytes([SUBSAMPLINGS[segment[7]], OWN_TABLES, (width + 7) // 8 & 255, (height + 7) // 8 & 255])
        elif marker == 0xDD:
            interval = int.from_bytes(segment[:2], "big")
    scan = jpeg[at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big") : -2]
    found = []
    for begin in range(0, len(scan), SIZE):
        header = struct.pack(">I", begin) + bytes([shape[0] | RESTARTS * bool(interval)]) + shape[1:]
        header += struct.pack(">HH", interval, 0xFFFF) if interval else b""
        header += struct.pack(">BBH", 0, 0, len(tables)) + tables if begin == 0 else b""
        found.append((header + scan[begin : begin + SIZE], begin + SIZE >= len(scan)))
    return found


def camera(
    frames: list[list[Packet]],
    time_of: Callable[[int, int], int] = lambda frame, _packet: frame * 3600,
    is_lost: Callable[[int, int], bool] = lambda _frame, _packet: False,
    stated: str = "",
    extension: bytes = b"",
) -> AbstractContextManager[str]:
    """Serve the frames over and over. Return what gives the address.

    `time_of` and `is_lost` are given the numbers of a frame and of a packet in it. `stated`: more lines of the SDP;
    `extension`: of the header of each frame's first packet.
    """

    def serve(link: socket.socket) -> None:
        _answer(link, SDP + stated)
        numbers = count()
        for frame in count():
            for place, (payload, is_last) in enumerate(frames[frame % len(frames)]):
                kind = STATIC | 128 * is_last
                moment = time_of(frame, place) & 0xFFFFFFFF
                more = extension if place == 0 else b""
                head = struct.pack(">BBHII", 128 | 16 * bool(more), kind, next(numbers) & 0xFFFF, moment, 1)
                data = head + more + payload
                if not is_lost(frame, place):
                    link.sendall(b"$\0" + len(data).to_bytes(2, "big") + data)
            time.sleep(PAUSE)

    return listening(serve, "rtsp://{}/cam")


def _answer(link: socket.socket, sdp: str) -> None:
    """Answer what a client asks, until it wants the stream."""
    answers = {
        "DESCRIBE": (["Content-Type: application/sdp", f"Content-Length: {len(sdp)}"], sdp),
        "SETUP": (["Transport: RTP/AVP/TCP;unicast;interleaved=0-1", "Session: 1"], ""),
        "PLAY": (["Session: 1"], ""),
    }
    asked = ""
    file = link.makefile("r", newline="\r\n")
    while asked != "PLAY":
        asked = file.readline().partition(" ")[0]
        if not asked:
            raise ConnectionError
        fields = dict(line.lower().split(":", 1) for line in iter(file.readline, "\r\n"))
        lines, body = answers.get(asked, (["Public: DESCRIBE, SETUP, PLAY"], ""))
        link.sendall("\r\n".join(["RTSP/1.0 200 OK", f"CSeq:{fields['cseq'].strip()}", *lines, "", body]).encode())
