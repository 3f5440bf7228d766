"""Asking the running station through its local socket: one JSON line there, one back."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

from edge.language.texts import _

PATIENCE = 5.0  # s; the station answers within milliseconds unless its disk hangs
LONGEST = 4 * 1024 * 1024  # bytes of an answer


class NotRunningError(Exception):
    """No station answers at that socket."""


class AskError(Exception):
    """A station is there and may not be asked, or does not answer well; `remedy` says what to do."""

    def __init__(self, text: str, remedy: str = "") -> None:
        super().__init__(text)
        self.remedy = remedy


def ask(path: Path, question: dict[str, Any]) -> dict[str, Any]:
    """Return the station's answer. Raise NotRunningError where none listens, AskError where the answer is none."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(PATIENCE)
        connect(caller, path)
        try:
            caller.sendall(json.dumps(question).encode() + b"\n")
            answer = json.loads(whole(caller))
        except (OSError, ValueError):
            said = _("The station at {path} does not answer.").format(path=path)
            raise AskError(said, _("See its log: journalctl -u minshan -n 50")) from None
    if not isinstance(answer, dict) or "error" in answer:
        raise AskError(str(answer["error"] if isinstance(answer, dict) else answer))
    return answer


def connect(caller: socket.socket, path: Path) -> None:
    """Connect. Raise NotRunningError where nobody listens, AskError where this user may not ask."""
    try:
        folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    except OSError:
        raise NotRunningError from None
    try:
        # By the folder's descriptor: a socket's address holds 107 bytes, and folders may be deep.
        caller.connect(f"/proc/self/fd/{folder}/{path.name}")
    except (FileNotFoundError, ConnectionRefusedError):
        raise NotRunningError from None
    except PermissionError:
        said = _("You may not ask the station at {path}.").format(path=path)
        remedy = _("Join its group (sudo adduser $USER minshan, then log in anew), or use sudo.")
        raise AskError(said, remedy) from None
    finally:
        os.close(folder)


def whole(caller: socket.socket) -> bytes:
    """Return the bytes of one line."""
    data = b""
    while not data.endswith(b"\n") and len(data) < LONGEST:
        piece = caller.recv(65536)
        if not piece:
            break
        data += piece
    return data
