"""A terminal's window of a size: what a command shows in it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping

from tests.kits.command import ENGLISH

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def shown(columns: int, rows: int, *words: str, env: Mapping[str, str] = ENGLISH, keys: bytes = b"") -> tuple[int, str]:
    """Return the code of a `minshan` command and what it wrote to a window of that size, without colours.

    `keys` are pressed beforehand.
    """
    return shown_by(columns, rows, "-m", "provisioning.main", *words, env=env, keys=keys)


def shown_by(
    columns: int, rows: int, *words: str, env: Mapping[str, str] = ENGLISH, keys: bytes = b""
) -> tuple[int, str]:
    """Return the same of what Python does with these words of a command line."""
    near, far = pty.openpty()
    fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    command = [sys.executable, *words]
    said = b""
    apart = {name: text for name, text in {**os.environ, **env}.items() if name not in ("COLUMNS", "LINES")}
    with subprocess.Popen(command, stdin=far, stdout=far, stderr=far, env=apart) as ran:
        os.close(far)
        os.write(near, keys)
        with contextlib.suppress(OSError):  # a terminal whose other end has gone gives EIO
            while piece := os.read(near, 4096):
                said += piece
        code = ran.wait(60)
    os.close(near)
    return code, COLOUR.sub("", said.decode(errors="replace")).replace("\r\n", "\n")
