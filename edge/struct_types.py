"""Prepare the types into which messages are decoded, before threads use them.

When a Struct is first used in a process, msgspec (0.22) looks up its fields and exposes the unfinished result to other
threads: two threads that decode the same type for the first time crash the process with SIGSEGV. Once a decoder of a
type has been made, any number of threads may use it.

Modules with many Structs, and the sections of the configuration, do not use `from __future__ import annotations`:
evaluating annotations from text took half of the time.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import msgspec

_lock = threading.Lock()
_ready = set[type[msgspec.Struct]]()


def prepare_structs() -> None:
    """Prepare each Struct defined so far; call it before starting a thread. 160 take 20 ms, once."""
    with _lock:
        for kind in _defined(msgspec.Struct):
            if kind not in _ready and kind.__module__ != "msgspec.inspect":  # these are never decoded
                with contextlib.suppress(TypeError, NameError):  # a type that cannot be decoded needs no decoder
                    msgspec.json.Decoder(kind)
                _ready.add(kind)


def _defined(base: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _defined(kind)
