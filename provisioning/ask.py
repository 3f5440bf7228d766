"""Asking the running station through its local socket: one JSON line there, one back."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

from provisioning.exits import Exit, Failure
from provisioning.say import _

PATIENCE = 5.0  # s; the station answers within milliseconds unless its disk hangs
LONGEST = 4 * 1024 * 1024  # bytes of an answer


class NotRunning(Exception):
    """No station answers at that socket."""


def ask(path: Path, question: dict[str, Any]) -> dict[str, Any]:
    """The station's answer; NotRunning where none listens, Failure where it answers no sense or an error."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(PATIENCE)
        connect(caller, path)
        try:
            caller.sendall(json.dumps(question).encode() + b"\n")
            answer = json.loads(whole(caller))
        except (OSError, ValueError):
            said = _("The station at {path} does not answer.").format(path=path)
            raise Failure(Exit.TROUBLE, said, _("See its log: journalctl -u minshan -n 50")) from None
    if not isinstance(answer, dict) or "error" in answer:
        raise Failure(Exit.TROUBLE, str(answer["error"] if isinstance(answer, dict) else answer))
    return answer


def connect(caller: socket.socket, path: Path) -> None:
    """Connect; NotRunning where nobody listens, Failure where this user may not ask."""
    try:
        folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    except OSError:
        raise NotRunning from None
    try:
        # By the folder's descriptor: a socket's address holds 107 bytes, and folders may be deep.
        caller.connect(f"/proc/self/fd/{folder}/{path.name}")
    except (FileNotFoundError, ConnectionRefusedError):
        raise NotRunning from None
    except PermissionError:
        said = _("You may not ask the station at {path}.").format(path=path)
        remedy = _("Join its group (sudo adduser $USER minshan, then log in anew), or use sudo.")
        raise Failure(Exit.TROUBLE, said, remedy) from None
    finally:
        os.close(folder)


def whole(caller: socket.socket) -> bytes:
    """The bytes of one line."""
    data = b""
    while not data.endswith(b"\n") and len(data) < LONGEST:
        piece = caller.recv(65536)
        if not piece:
            break
        data += piece
    return data
