"""What the station's unit lets in of devices, and what a device that it shuts out is told as, under a real systemd."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.data import CHECKOUT
from tests.kits.booted import Booted, bootable

INPUT = 13  # major number of the kernel's input devices, which no station reads
SERIAL = 4  # that of /dev/ttyS0
UNIT = """[Service]
Type=oneshot
CapabilityBoundingSet=
NoNewPrivileges=yes
{devices}
Environment=BLINKA_SKIP_DEPENDENCY_CHECK=1 PYTHONDONTWRITEBYTECODE=1 LANG=C.UTF-8
WorkingDirectory={checkout}
StandardOutput=append:/run/said
StandardError=append:/run/said
ExecStart=-{python} -m provisioning.main --lang en sensors read {sensor}
"""


def said(box: Booted, name: str, sensor: str) -> str:
    """Return what a look at a sensor says in a unit with the station's own device lines."""
    lines = re.findall(r"^Device(?:Policy|Allow)=.*$", (CHECKOUT / "systemd/minshan.service").read_text(), re.MULTILINE)
    unit = UNIT.format(devices="\n".join(lines), checkout=CHECKOUT, python=sys.executable, sensor=sensor)
    words = f"cat >/run/systemd/system/{name}.service <<'END'\n{unit}END\n"
    return box.run(
        "sh", "-c", f"{words}rm -f /run/said; systemctl daemon-reload; systemctl start {name}; cat /run/said"
    )


@pytest.mark.slow
def test_any_serial_port_is_let_in_and_what_is_shut_out_is_told_as_that(tmp_path: Path) -> None:
    """A port that nobody thought of is let in; of another kind of device the unit is blamed, and no group."""
    bootable()
    with Booted(tmp_path) as box:
        made = f"mknod -m 666 /dev/ttyX0 c {SERIAL} 100; mknod -m 666 /dev/other c {INPUT} 63"
        assert box.run("sh", "-c", made) == ""
        let_in = said(box, "serial", "plantower --set port=/dev/ttyX0")
        shut_out = [
            said(box, f"out{n}", f"{driver} --set port=/dev/other") for n, driver in enumerate(("nmea", "sds011"))
        ]
    assert "no permission" not in let_in and "/dev/ttyX0" in let_in, let_in
    for told in shut_out:
        assert "is closed to this program by its systemd unit" in told and "DeviceAllow=PATH" in told, told
        assert "usermod" not in told
