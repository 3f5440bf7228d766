"""Loading code and building what stays as long as the process."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unswept() -> Iterator[None]:
    """Load without the garbage collector, and keep what is there by then out of its sight for good.

    What is loaded stays: the collector would go through all of it again and again, last when the process ends, which
    takes a fifth of the CPU of a short command. Where the collector is off, nothing changes.
    """
    swept = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if swept:
            gc.freeze()
            gc.enable()
