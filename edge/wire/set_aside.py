"""Messages that could not be handled, kept in a folder for later inspection.

Nothing that arrives may end a lane or come back for ever: such a message is acknowledged to the broker, written
here and counted. The folder is bounded in bytes and in files: the oldest go first. Nothing here is proven to anybody,
so no disk is waited for: a flood of rubbish would hold up what is live by two syncs a message.
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
MOST_FILES = 200  # a flood of small ones must not make each next one slower
LONGEST = 500  # characters of why
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
        self.last: Reason | None = None
        self._most = most_bytes
        self._files: dict[str, int] | None = None

    def put(self, topic: str, payload: bytes, why: Reason | str) -> bool:
        """Keep a message; True when it is on the disk. Never raise: a full disk is told in the log alone.

        One that is kept already, because the broker handed it over again, is only counted.
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
            self._files = None  # the folder may have been taken away
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
        """Let a file go. Raise OSError."""
        path.unlink(missing_ok=True)
        if self._files is not None:
            self._files.pop(path.name, None)

    def _known(self) -> dict[str, int]:
        """Return the files that are kept and their bytes, oldest first; looked for once."""
        if self._files is None:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._files = {path.name: path.stat().st_size for path in self.files()}
        return self._files

    def _make_room(self, kept: dict[str, int]) -> None:
        while len(kept) > 1 and (len(kept) > MOST_FILES or sum(kept.values()) > self._most):
            oldest = next(iter(kept))
            (self.folder / oldest).unlink(missing_ok=True)
            del kept[oldest]
