"""An RTSP camera (H.264, H.265 or MJPEG): the first complete key frame of its first video stream, as a JPEG.

FFmpeg uses TCP: UDP loses pieces of a key frame on a weak link, and an incomplete frame still decodes, to a grey smear.
Its connection goes through `relay.py`, which ends it at the deadline and checks a camera's certificate (rtsps).
"""

from __future__ import annotations

import ssl
import struct
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from drivers.cameras import wire
from drivers.cameras.camera import (
    FORBIDDEN,
    IN_PATHS,
    CameraError,
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
from drivers.cameras.frames import frames
from drivers.cameras.http_answer import NO_RTP_OVER_TCP, is_success, redirected_elsewhere, refusal
from drivers.cameras.jpeg import is_whole
from drivers.cameras.jpeg_levels import TABLE
from drivers.cameras.jpeg_scan import FRAMES, segment_end, segments
from drivers.cameras.key_frames import KeyFrames
from drivers.cameras.login import LOGIN_NEEDED, challenges, is_stale, no_supported_login
from drivers.cameras.relay import relayed
from drivers.cameras.rtsp_answers import RtspAnswers, is_usable
from drivers.cameras.strips import jpeg_of
from drivers.clock import Clock
from drivers.reason import Reason, system_reason

# What FFmpeg analyses before it returns packets; its default waits 2 s for what the SDP has already stated.
PROBE = {"probesize": "32"}  # bytes: one packet
# Packets are returned unparsed: `frames` assembles them.
OPTIONS = {"rtsp_transport": "tcp", "allowed_media_types": "video", "fflags": "noparse+nofillin", **PROBE}
NOT_FOUND = 404
PORTS = {"rtsp": 554, "rtsps": 322}  # IANA
NEARLY = 0.2  # s before the deadline from which on it counts as the cause of a disconnect
TABLE_BYTES = 65  # a quantization table with its number
WIDEST = 2040  # pixels; the most that an RTP header can state for a JPEG (RFC 2435, section 3.1.5)
Size = Callable[[], tuple[int, int] | None]
MOST_FRAMES = 3000  # two minutes of 25/s: a camera whose key frames are farther apart is misconfigured


class RtspCamera:
    """A camera at an rtsp:// address."""

    def __init__(self, settings: CameraSettings, clock: Clock) -> None:
        place, user, password = split_login(settings)
        if place.scheme not in ("rtsp", "rtsps") or not place.hostname:
            raise UnreachableError(
                Reason("no_rtsp_address", "{address!r} is not an rtsp:// address", address=public_address(settings.url))
            )
        login = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user else ""
        path = quote(place.path, safe=IN_PATHS) + (f"?{quote(place.query, safe=IN_PATHS)}" if place.query else "")
        self._address = f"rtsp://{login}127.0.0.1:{{port}}{path.replace('{', '%7B').replace('}', '%7D')}"
        self._host, self._port = place.hostname, place.port or PORTS[place.scheme]
        self._tls, self._fingerprint = place.scheme == "rtsps", settings.fingerprint
        self._place, self._user = place.netloc, user
        self._timeout = settings.timeout
        self._clock = clock
        self._torn = 0
        self._is_mjpeg = False
        self.logged_in = False

    def still(self) -> bytes:
        """Return the next key frame within the timeout, as a JPEG. Raise CameraError."""
        until = self._clock.now() + self._timeout
        left = wire.Deadline(until, self._clock).left
        answers = RtspAnswers()
        try:
            return self._picture(left, until, answers)
        except LoginRefusedError:
            if not is_stale(answers.challenges() or []):
                raise
        return self._picture(left, until, RtspAnswers())  # FFmpeg itself does not retry with a new nonce

    def _picture(self, left: Callable[[], float], until: float, answers: RtspAnswers) -> bytes:
        """Return a picture from one connection, whose responses `answers` observes. Raise CameraError."""
        import av
        from av import error as av_error

        try:
            with (
                relayed(self._host, self._port, self._tls, self._fingerprint, left, answers) as port,
                av.open(self._address.format(port=port), options=OPTIONS) as stream,
            ):
                self.logged_in = answers.challenges() is not None
                return self._key_frame(stream, until, answers.size)
        except ssl.SSLCertVerificationError as error:
            raise UnreachableError(certificate_untrusted(error)) from None
        except av_error.HTTPUnauthorizedError:
            raise LoginRefusedError(self._refused(answers.challenges())) from None
        except av_error.HTTPForbiddenError:
            raise NoPictureError(FORBIDDEN) from None
        except (av_error.FFmpegError, OSError) as error:
            if answers.elsewhere is not None:
                raise NotAnImageError(redirected_elsewhere(answers.elsewhere)) from None
            if answers.status() not in (0, NOT_FOUND) and not is_success(answers.status()):
                raise NoPictureError(refusal(answers.status())) from None
            if answers.is_by_udp():
                raise NoPictureError(NO_RTP_OVER_TCP.having(status="RTP/AVP")) from None
            if answers.hung_up:
                raise UnreachableError(hangs_up(self._place)) from None
            raise self._named(error, late=self._clock.now() > until - NEARLY) from None

    def _refused(self, headers: list[str] | None) -> Reason:
        """Return why the login was refused, by the camera's challenges."""
        if not self._user:
            return LOGIN_NEEDED
        if headers is not None and not any(map(is_usable, headers)):
            return no_supported_login([challenge for text in headers for challenge in challenges(text)])
        return Reason("camera_refuses_login", "the camera refuses the login of user {user!r}", user=self._user)

    def close(self) -> None:
        """Do nothing: no connection is kept between two stills."""

    def _named(self, error: Any, late: bool) -> CameraError:
        """Return FFmpeg's error as a CameraError.

        FFmpeg reports a disconnect at the deadline as invalid data, so `late` is checked first.
        """
        from av import error as av_error

        match error:
            case _ if late or isinstance(error, av_error.ExitError | TimeoutError):
                return NoPictureError(self._none())
            case av_error.HTTPNotFoundError() | av_error.InvalidDataError() | av_error.EOFError():
                return NotAnImageError(
                    Reason("no_video", "no video at {place}: {why}", place=self._place, why=system_reason(error))
                )
        return UnreachableError(no_connection(self._place, error))

    def _none(self) -> Reason:
        """Return why there is no picture at the deadline."""
        if self._is_mjpeg:  # an unstated size over 2040 pixels, or timestamps that FFmpeg does not handle
            return Reason(
                "no_mjpeg_in_time",
                "the camera gave no whole picture as MJPEG within {seconds:g} s: set its stream to H.264 or H.265",
                seconds=self._timeout,
            )
        if self._torn:
            return Reason(
                "key_frames_torn",
                "all {count} key frames within {seconds:g} s had pieces missing",
                count=self._torn,
                seconds=self._timeout,
            )
        return Reason(
            "no_key_frame_in_time", "the camera gave no key frame within {seconds:g} s", seconds=self._timeout
        )

    def _key_frame(self, stream: Any, until: float, size: Size) -> bytes:
        if not stream.streams.video:
            raise NotAnImageError(
                Reason("stream_without_video", "the stream at {place} has no video", place=self._place)
            )
        video = next((one for one in stream.streams.video if one.codec_context is not None), None)
        if video is None:  # an unsupported codec, such as SVAC
            raise NoPictureError(
                Reason(
                    "stream_coded_otherwise",
                    "the stream at {place} is coded in a way that is not known here: set it to H.264 or H.265",
                    place=self._place,
                )
            )
        self._is_mjpeg = video.codec_context.name == "mjpeg"
        packets = (packet for packet in stream.demux(video) if packet.size)
        for number, found in enumerate(_pictures(video.codec_context, packets, size)):
            if self._clock.now() > until or number > MOST_FRAMES:
                raise TimeoutError
            for picture in found:
                if picture:
                    return picture
                self._torn += 1
        if self._clock.now() > until - NEARLY:  # the relay ended the connection
            raise TimeoutError
        raise NoPictureError(Reason("no_key_frame", "the stream ended before a key frame came"))


def _pictures(codec: Any, packets: Iterator[Any], size: Size) -> Iterator[list[bytes]]:
    """Yield for each frame of a stream the key frame in it, if any, as a JPEG; b"" if it is incomplete.

    `size` returns the size of a JPEG if the camera states it.
    """
    if codec.name == "mjpeg":  # the camera's own JPEG, unchanged
        pictures = (_as_sent(bytes(packet), size()) for packet in packets)
        yield from ([picture if is_whole(picture) else b""] for picture in pictures)
        return
    key_frames = KeyFrames(codec.name, codec.extradata)
    for frame in frames(packets, codec.name):
        yield [jpeg_of(key) if key else b"" for key in key_frames.decode(frame)]


def _as_sent(jpeg: bytes, size: tuple[int, int] | None) -> bytes:
    """Restore the camera's JPEG from FFmpeg's reconstruction of an RTP frame.

    The second quantization table is for chroma (RFC 2435, section 4.2): FFmpeg uses the first one if there are three,
    as servers forward them from webcams. `size` is that of a picture too wide for that standard.
    """
    found = list(segments(jpeg))
    tables = sum((segment_end(jpeg, at) - at - 4) // TABLE_BYTES for marker, at in found if marker == TABLE)
    frame = next((at for marker, at in found if marker in FRAMES), 0)
    if not frame:
        return jpeg
    whole = bytearray(jpeg)
    if tables > 2:
        whole[frame + 15 : frame + 19 : 3] = b"\1\1"
    if size is not None and max(size) > WIDEST:
        whole[frame + 5 : frame + 9] = struct.pack(">HH", size[1], size[0])
    return bytes(whole)
