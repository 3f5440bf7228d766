"""A GStreamer RTSP server for tests, run by Debian's python3: `rtsp_server.py CODEC [USER PASSWORD [CERT KEY]]`.

CODEC:FILE serves the frames of a file over and over (each after its length, 4 bytes), CODEC-lossy:FILE without the
first packet of each frame's picture, and CODEC-outage:FILE without the second half of each odd frame's slices and the
first half of each even one's; CODEC-still:FILE with one RTP time for all packets, CODEC-apart:FILE with another one
for each.

Serves a moving test picture of 640 x 360 at rtsp://127.0.0.1:PORT/cam and prints PORT when it listens; with the files
of a certificate and its key at rtsps://. "" for USER: anybody may look. Wants
python3-gi, gir1.2-gst-rtsp-server-1.0, gstreamer1.0-plugins-ugly (x264enc), -bad (x265enc).
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtspServer  # noqa: E402 - gi wants its versions before

ROLE = "viewer"  # GStreamer wants letters here, whatever the user's name
ENCODERS = {
    # Slices of their own with parameter sets before each: FFmpeg by itself splits the key frame.
    "h264-slices": "x264enc tune=zerolatency key-int-max=25 speed-preset=ultrafast sliced-threads=true threads=4 "
    "! rtph264pay name=pay0 pt=96 config-interval=-1",
    "h264": "x264enc tune=zerolatency key-int-max=25 speed-preset=ultrafast ! rtph264pay name=pay0 pt=96",
    "h265": "x265enc tune=zerolatency key-int-max=25 speed-preset=ultrafast ! rtph265pay name=pay0 pt=96",
    "mjpeg": "jpegenc ! rtpjpegpay name=pay0 pt=26",
}
FRAMES = (
    "appsrc name=frames is-live=true do-timestamp=true format=time caps=video/x-{codec},stream-format=byte-stream,"
    "alignment=au ! rtp{codec}pay pt=96 ! identity name=pay0"  # which gives packets one by one
)
PAUSE = 40  # ms


def locked(auth: Any, factory: Any, user: str, password: str) -> None:
    """Let only this user in."""
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", ROLE)
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role(ROLE, "media.factory.access", True)
    permissions.add_permission_for_role(ROLE, "media.factory.construct", True)
    factory.set_permissions(permissions)


def play(media: Any, file: str, loss: str) -> None:
    """Feed the frames of a file to a session, with a kind of loss or none ("")."""
    data, frames = Path(file).read_bytes(), list[bytes]()
    while data:
        end = 4 + int.from_bytes(data[:4], "big")
        frames.append(data[4:end])
        data = data[end:]
    turn, element = itertools.cycle(frames), media.get_element()
    source = element.get_by_name("frames")
    if loss in TIMES:
        element.get_by_name("pay0").get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, timed(TIMES[loss]))
    elif loss:
        element.get_by_name("pay0").get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, LOSSES[loss]())

    ended: list[Any] = []
    media.connect("unprepared", ended.append)

    def push() -> bool:
        source.emit("push-buffer", Gst.Buffer.new_wrapped(next(turn)))
        return not ended

    GLib.timeout_add(PAUSE, push)


def lose_first() -> Callable[[Any, Any], Any]:
    """Return what drops the first packet of each frame that has a part of its picture."""
    whole = [True]

    def probe(pad: Any, info: Any) -> Any:
        packet = rtp(info)
        lost = whole[0] and is_of_key_frame(packet)
        whole[0] = (whole[0] and not lost) or is_last(packet)
        return Gst.PadProbeReturn.DROP if lost else Gst.PadProbeReturn.OK

    return probe


def lose_between() -> Callable[[Any, Any], Any]:
    """Return what drops all from the third slice of each odd frame to the second one of the next."""
    frame, slices = [0], [0]

    def probe(pad: Any, info: Any) -> Any:
        packet = rtp(info)
        slices[0] += is_of_key_frame(packet) and is_first_of_slice(packet)
        lost = (slices[0] > 2) is (frame[0] % 2 == 0)
        if is_last(packet):
            frame[0], slices[0] = frame[0] + 1, 0
        return Gst.PadProbeReturn.DROP if lost else Gst.PadProbeReturn.OK

    return probe


def timed(step: int) -> Callable[[Any, Any], Any]:
    """Return what gives each packet a time of its own, so much after the one before."""
    number, own = itertools.count(), [False]

    def probe(pad: Any, info: Any) -> Any:
        if own[0]:
            return Gst.PadProbeReturn.OK
        packet = bytearray(rtp(info))
        packet[4:8] = (1000 + step * next(number)).to_bytes(4, "big")
        again = Gst.Buffer.new_wrapped(bytes(packet))
        again.pts = info.get_buffer().pts
        own[0] = True
        pad.push(again)
        own[0] = False
        return Gst.PadProbeReturn.DROP

    return probe


TIMES = {"still": 0, "apart": 7}
LOSSES = {"lossy": lose_first, "outage": lose_between}


def rtp(info: Any) -> bytes:
    """Return the packet that a probe is given."""
    packet = info.get_buffer()
    return bytes(packet.extract_dup(0, packet.get_size()))


def is_last(packet: bytes) -> bool:
    """Return whether a packet is the last of a frame, by its marker."""
    return bool(packet[1] & 0x80)


def is_of_key_frame(packet: bytes) -> bool:
    """Return whether a packet has a part of a key frame's picture (tables 7-1; 28, 49: fragments)."""
    in_264 = packet[12] & 31 == 5 or (packet[12] & 31 == 28 and packet[13] & 31 == 5)
    return in_264 or packet[12] >> 1 in range(16, 22) or (packet[12] >> 1 == 49 and packet[14] & 63 in range(16, 22))


def is_first_of_slice(packet: bytes) -> bool:
    """Return whether a packet that has a part of a slice has its first."""
    if packet[12] & 31 == 28:
        return bool(packet[13] & 0x80)
    return packet[12] >> 1 != 49 or bool(packet[14] & 0x80)


def main() -> int:
    """Serve until killed; 3 where the encoder is not installed."""
    Gst.init(None)
    codec, _, file = sys.argv[1].partition(":")
    if not file and Gst.ElementFactory.find(ENCODERS[codec].split()[0]) is None:
        return 3
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service("0")
    factory = GstRtspServer.RTSPMediaFactory.new()
    source = "videotestsrc is-live=true pattern=smpte ! video/x-raw,format=I420,width=640,height=360,framerate=25/1"
    name, _, loss = codec.partition("-")
    factory.set_launch(f"( {FRAMES.format(codec=name) if file else f'{source} ! {ENCODERS[codec]}'} )")
    if file:
        factory.connect("media-configure", lambda _, media: play(media, file, loss))
    factory.set_shared(True)
    user, password, certificate, key = (sys.argv[2:] + [""] * 4)[:4]
    auth = GstRtspServer.RTSPAuth.new()
    if user:
        locked(auth, factory, user, password)
    if certificate:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_files(certificate, key))
    if user or certificate:
        server.set_auth(auth)
    for path in ("/cam", "/%E5%9B%BE%201"):
        server.get_mount_points().add_factory(path, factory)
    if server.attach(None) == 0:
        return 4
    print(server.get_bound_port(), flush=True)
    GLib.MainLoop().run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
