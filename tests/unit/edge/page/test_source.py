"""What a page learns of a station that does not answer well."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from edge.clock.clock import SystemClock
from edge.control.client import NotRunningError
from edge.page.now_page import silent
from edge.page.source import Source


def test_a_station_that_breaks_off_is_not_there_and_people_are_told_no_path(tmp_path: Path) -> None:
    """Whoever reaches the page learns that the software does not answer, and nothing of where its socket lies."""
    path = tmp_path / "minshan.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def break_off() -> None:
            server.accept()[0].close()

        ends = threading.Thread(target=break_off)
        ends.start()
        with pytest.raises(NotRunningError) as told:
            Source(path, SystemClock()).ask("channels")
        ends.join()
    assert silent(told.value) and str(tmp_path) not in silent(told.value)
