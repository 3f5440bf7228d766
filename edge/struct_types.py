"""Make the types that messages are decoded into ready before threads use them.

At its first use in a process msgspec (0.22) looks up the fields of a Struct and lets other threads see what is half
done: two threads that decode the same type for the first time end the whole process with SIGSEGV. Once a decoder of a
type has been made, any number of threads may use it.

Modules with many Structs, and the sections of the configuration, are without `from __future__ import annotations`: to
read annotations back from text took half of the time.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import msgspec

_lock = threading.Lock()
_ready = set[type[msgspec.Struct]]()


def prepare_structs() -> None:
    """Make ready each Struct that is defined by now; call it before a thread starts. 160 take 20 ms, once."""
    with _lock:
        for kind in _defined(msgspec.Struct):
            if kind not in _ready and kind.__module__ != "msgspec.inspect":  # no message is one of those
                with contextlib.suppress(TypeError, NameError):  # one that no message can be is decoded by nobody
                    msgspec.json.Decoder(kind)
                _ready.add(kind)


def _defined(base: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _defined(kind)
