"""Messages that could not be handled, kept in a folder for later inspection.

No message may end a lane or be redelivered for ever: one that cannot be handled is acknowledged to the broker, written
here and counted. The folder is bounded in bytes and in files; the oldest are deleted first. Nothing here is proven to
anybody, so it is not synced: a flood of bad messages would delay live ones by two syncs each.
"""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import msgspec

from drivers.reason import Reason, system_reason
from edge.files import write_whole

log = logging.getLogger("minshan.uplink")
MOST_BYTES = 8 * 1024 * 1024  # of the whole folder: some thirty of the largest messages, thousands of usual ones
MOST_FILES = 200  # a flood of small ones must not make each further one slower
LONGEST = 500  # characters of the reason
ENDING = ".message"


class SetAsideMessage(msgspec.Struct, frozen=True):
    """The first line of a file: the topic, the reason as a sentence, and how many bytes follow."""

    topic: str
    why: str
    bytes: int


class SetAside:
    """The folder. `count`: messages set aside since the start; `last`: the reason for the newest one."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self.folder = folder
        self.count = 0
        self.last: Reason | None = None
        self._most = most_bytes
        self._files: dict[str, int] | None = None

    def put(self, topic: str, payload: bytes, why: Reason | str) -> bool:
        """Write a message; True if it was written. Never raise: a full disk is only logged.

        One that is there already, because the broker delivered it again, is only counted.
        """
        self.count += 1
        reason = why if isinstance(why, Reason) else Reason("said", "{text}", text=why[:LONGEST])
        self.last = Reason("set_aside_on", "{topic}: {why}", topic=topic, why=reason)
        log.warning("a message on %s is set aside: %s", topic, reason)
        digest = hashlib.sha256(topic.encode(errors="replace") + b"\n" + payload).hexdigest()[:16]
        try:
            kept = self._known()
            if not any(name.endswith(digest + ENDING) for name in kept):
                number = int(max(kept)[:8]) + 1 if kept else 1
                whole = (
                    msgspec.json.encode(SetAsideMessage(topic, str(reason)[:LONGEST], len(payload))) + b"\n" + payload
                )
                name = f"{number:08d}-{digest}{ENDING}"
                write_whole(self.folder / name, whole, synced=False)
                kept[name] = len(whole)
                self._make_room(kept)
        except OSError as error:
            self._files = None  # the folder may have been removed
            log.warning("a message could not be set aside in %s: %s", self.folder, system_reason(error))
            return False
        return True

    def files(self) -> list[Path]:
        """Return the files, oldest first. Raise OSError."""
        if not self.folder.is_dir():
            return []
        return sorted(path for path in self.folder.glob(f"*{ENDING}") if path.name[:8].isdigit())

    def read(self, path: Path) -> tuple[SetAsideMessage, bytes]:
        """Return a file's first line and the message's bytes. Raise OSError."""
        head, _, payload = path.read_bytes().partition(b"\n")
        try:
            return msgspec.json.decode(head, type=SetAsideMessage), payload
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return SetAsideMessage("", "its first line is damaged", 0), payload

    def remove(self, path: Path) -> None:
        """Delete a file. Raise OSError."""
        path.unlink(missing_ok=True)
        if self._files is not None:
            self._files.pop(path.name, None)

    def _known(self) -> dict[str, int]:
        """Return the files and their sizes, oldest first; the folder is listed once."""
        if self._files is None:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._files = {path.name: path.stat().st_size for path in self.files()}
        return self._files

    def _make_room(self, kept: dict[str, int]) -> None:
        while len(kept) > 1 and (len(kept) > MOST_FILES or sum(kept.values()) > self._most):
            oldest = next(iter(kept))
            (self.folder / oldest).unlink(missing_ok=True)
            del kept[oldest]
