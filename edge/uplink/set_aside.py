"""Messages that could not be handled, kept in a folder for whoever wants to know why.

Nothing that arrives may end a lane or come back for ever: such a message is acknowledged to the broker, written
here and counted. The folder is bounded in bytes and in files: the oldest go first.
"""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import msgspec

from edge.files import write_whole

log = logging.getLogger("minshan.uplink")
MOST_BYTES = 8 * 1024 * 1024  # of the whole folder: some thirty of the largest messages, thousands of usual ones
MOST_FILES = 200  # a flood of small ones must not make each next one slower
ENDING = ".message"


class SetAsideMessage(msgspec.Struct, frozen=True):
    """The first line of a file: the topic, the sentence that says why, and how many bytes follow."""

    topic: str
    why: str
    bytes: int


class SetAside:
    """The folder. `count` is how many messages came here since the start, `last` why the newest one did."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self.folder = folder
        self.count = 0
        self.last: str | None = None
        self._most = most_bytes

    def put(self, topic: str, payload: bytes, why: str) -> bool:
        """Keep a message; True when it is on the disk. Never raise: a full disk is told in the log alone.

        One that is kept already, because the broker handed it over again, is only counted.
        """
        self.count += 1
        why = why[:500]
        self.last = f"{topic}: {why}"
        log.warning("a message on %s is set aside: %s", topic, why)
        digest = hashlib.sha256(topic.encode(errors="replace") + b"\n" + payload).hexdigest()[:16]
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            kept = self.kept()
            if not any(path.name.endswith(digest + ENDING) for path in kept):
                number = int(kept[-1].name[:8]) + 1 if kept else 1
                head = msgspec.json.encode(SetAsideMessage(topic, why, len(payload)))
                write_whole(self.folder / f"{number:08d}-{digest}{ENDING}", head + b"\n" + payload)
                self._make_room()
        except OSError as error:
            log.warning("a message could not be set aside in %s: %s", self.folder, error.strerror)
            return False
        return True

    def kept(self) -> list[Path]:
        """The files, oldest first. Raise OSError."""
        if not self.folder.is_dir():
            return []
        return sorted(path for path in self.folder.glob(f"*{ENDING}") if path.name[:8].isdigit())

    def _make_room(self) -> None:
        files = [(path, path.stat().st_size) for path in self.kept()]
        total, left = sum(size for _, size in files), len(files)
        for path, size in files[:-1]:
            if total <= self._most and left <= MOST_FILES:
                return
            path.unlink()
            total, left = total - size, left - 1
