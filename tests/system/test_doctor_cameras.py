"""What the doctor says of cameras that give nothing: the remedy is that of the cause, in both languages."""

from __future__ import annotations

import importlib.util
import socket
import ssl
from pathlib import Path

import pytest

from tests.kits.certificate import self_signed
from tests.kits.command import minshan
from tests.unit.drivers.test_camera_answers import WHOLE, http, server
from tests.unit.edge.config.test_config import STATION


def test_each_cause_has_its_own_remedy(tmp_path: Path) -> None:
    """A library that is not there, TLS where there is none, a certificate of its own, a port where nothing listens."""
    if importlib.util.find_spec("picamera2") and importlib.util.find_spec("libcamera"):
        pytest.skip("on a Pi the library is there")
    certificate, key, _fingerprint = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with (
        server(lambda _: http(WHOLE)) as plain,
        server(lambda _: http(WHOLE), context) as own,
        socket.create_server(("127.0.0.1", 0)) as closed,
    ):
        nothing = f"rtsp://127.0.0.1:{closed.getsockname()[1]}/"
        closed.close()
        urls = {"plain": f"https://{plain}/", "own": f"https://{own}/", "closed": nothing}
        text = STATION.replace("/var/lib/minshan", str(tmp_path)) + '[[camera]]\nname = "pi"\ndriver = "picamera"\n'
        for name, url in urls.items():
            text += f'[[camera]]\nname = "{name}"\ndriver = "{url.partition(":")[0].rstrip("s")}"\nurl = "{url}"\n'
        file = tmp_path / "station.toml"
        file.write_text(text.replace('driver = "rt"', 'driver = "rtsp"'), "utf-8")
        told = {language: minshan("--lang", language, "doctor", "--config", str(file)).out for language in ("en", "zh")}
    for language, causes in SAID.items():
        lines = told[language].splitlines()
        for name, (sentence, remedy) in causes.items():
            (at,) = [n for n, line in enumerate(lines) if line.startswith("✗") and f" {name}" in line.split(":")[0]]
            assert sentence in lines[at] and remedy in lines[at + 1], told[language]


SAID = {
    "en": {
        "pi": ("Picamera2 is not installed", "apt install python3-picamera2"),
        "plain": ("what answers there does not speak TLS", "Write http:// (or rtsp://)"),
        "own": ("it is signed by itself", "give its SHA-256"),
        "closed": ("Connection refused", "its web or RTSP service is on"),
    },
    "zh": {
        "pi": ("没有安装 Picamera2", "apt install python3-picamera2"),
        "plain": ("那里不是 TLS", "请改写 http://（或 rtsp://）"),
        "own": ("自签", "SHA-256"),
        "closed": ("连接被拒绝", "网页或 RTSP 服务"),
    },
}
