"""Loading code and building objects that live as long as the process."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unswept() -> Iterator[None]:
    """Load without the garbage collector, and exempt everything that exists afterwards from collection (`gc.freeze`).

    Loaded code stays: the collector would scan all of it repeatedly, also when the process ends, which takes a fifth of
    the CPU of a short command. If the collector is off, nothing changes.
    """
    swept = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if swept:
            gc.freeze()
            gc.enable()
