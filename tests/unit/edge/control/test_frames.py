"""The local socket is reached wherever the station's folder lies."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from edge.control.frames import short_path


@pytest.mark.parametrize("length", [107, 108, 250])
def test_a_socket_is_reached_by_a_path_of_any_length(tmp_path: Path, length: int) -> None:
    """The kernel takes 107 bytes of a path: a longer one goes by its folder, and leaves nothing open."""
    folder = tmp_path / ("f" * (length - len(os.fsencode(tmp_path)) - len("//s")))
    folder.mkdir()
    path = folder / "s"
    assert len(os.fsencode(path)) == length
    before = len(os.listdir("/proc/self/fd"))
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as caller:
        with short_path(path) as short:
            server.bind(short)
        server.listen()
        with short_path(path) as short:
            caller.connect(short)
    assert path.is_socket()
    assert len(os.listdir("/proc/self/fd")) == before
