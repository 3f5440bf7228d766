"""A GStreamer RTSP server for tests, run by Debian's python3: `rtsp_server.py CODEC [USER PASSWORD [CERT KEY]]`.

Serves a moving test picture of 640 x 360 at rtsp://127.0.0.1:PORT/cam and prints PORT when it listens; with the files
of a certificate and its key at rtsps://. "" for USER: anybody may look. Wants
python3-gi, gir1.2-gst-rtsp-server-1.0, gstreamer1.0-plugins-ugly (x264enc), -bad (x265enc).
"""

from __future__ import annotations

import sys
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtspServer  # noqa: E402 - gi wants its versions before

ROLE = "viewer"  # GStreamer wants letters here, whatever the user's name
ENCODERS = {
    # Slices of their own and no parameter sets but in the session's description: FFmpeg splits the key frame.
    "h264-slices": "x264enc tune=zerolatency key-int-max=25 speed-preset=ultrafast sliced-threads=true threads=4 "
    "! rtph264pay name=pay0 pt=96 config-interval=-1",
    "h264": "x264enc tune=zerolatency key-int-max=25 speed-preset=ultrafast ! rtph264pay name=pay0 pt=96",
    "h265": "x265enc tune=zerolatency key-int-max=25 speed-preset=ultrafast ! rtph265pay name=pay0 pt=96",
}


def locked(auth: Any, factory: Any, user: str, password: str) -> None:
    """Let only this user in."""
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", ROLE)
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role(ROLE, "media.factory.access", True)
    permissions.add_permission_for_role(ROLE, "media.factory.construct", True)
    factory.set_permissions(permissions)


def main() -> int:
    """Serve until killed; 3 where the encoder is not installed."""
    Gst.init(None)
    codec = sys.argv[1]
    if Gst.ElementFactory.find(ENCODERS[codec].split()[0]) is None:
        return 3
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service("0")
    factory = GstRtspServer.RTSPMediaFactory.new()
    source = "videotestsrc is-live=true pattern=smpte ! video/x-raw,format=I420,width=640,height=360,framerate=25/1"
    factory.set_launch(f"( {source} ! {ENCODERS[codec]} )")
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
