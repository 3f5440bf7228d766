"""What a local user may ask for, by the word of the kernel."""

from __future__ import annotations

import os
import pwd
import socket
import threading
from pathlib import Path

import pytest

from edge.control import caller
from edge.control.caller import Caller, rights_of
from edge.control.commands import Permission


def test_the_pages_user_reads_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever connects as the page's user gets no right that changes anything; another user has them all."""
    name = pwd.getpwuid(os.geteuid()).pw_name
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()
        for user, expected in ((name, {Permission.READ}), ("nobody-of-that-name", set(Permission))):
            monkeypatch.setattr(caller, "PAGE_USER", user)
            with socket.socket(socket.AF_UNIX) as client:
                thread = threading.Thread(target=client.connect, args=(str(tmp_path / "s"),))
                thread.start()
                connection, _address = server.accept()
                thread.join()
                with connection:
                    assert Caller(connection, 0.0).who.may == expected


def test_a_machine_without_that_user_restricts_nobody() -> None:
    """Where the page is not installed its user is not there, and a technician may still do all."""
    assert rights_of(os.geteuid()) == frozenset(Permission)
