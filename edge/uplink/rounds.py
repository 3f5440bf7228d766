"""Hellos in pages: which epochs a hello names, so that it fits a packet however often a box was started.

A round names the epochs from the newest to the oldest, in one hello after another. A *whole* round names all of them;
between two whole ones only those with unproven records are named.
"""

from __future__ import annotations

from collections.abc import Callable

from edge.records.spans import Span
from edge.store.store import Store
from edge.wire.contract import Hello, encode

PAGE_EPOCHS = 400  # in one hello: some 12 kB
FEW = 20  # epochs up to which every round is a whole one: 0.5 kB
SHORTEST = 16  # bytes of an epoch's span
PAGE_BYTES = 16 * 1024  # of one hello: a weak 4G link (32 kbit/s) moves it in 4 s


class Rounds:
    """The epochs that the current round has not named yet, newest first."""

    def __init__(self, store: Store, destination: str) -> None:
        self._store, self._dest = store, destination
        self._left: list[Span] = []
        self._wanted = True  # whole rounds are wanted at the start and when somebody asks

    @property
    def open(self) -> bool:
        """Whether the round goes on with another page."""
        return bool(self._left)

    def want_whole(self) -> None:
        """Start a whole round with the next hello."""
        self._wanted = True

    def page(self, make: Callable[[list[Span], list[Span]], Hello], room: int | None) -> tuple[Hello, bytes] | None:
        """Return the next hello of at most `room` bytes; None if not even one epoch fits.

        `make` takes the epochs and their unproven spans.
        """
        unproven: dict[str, list[Span]] = {}
        for span in self._store.outbox.unproven(self._dest):
            unproven.setdefault(span.epoch, []).append(span)
        if self._wanted or not self._left:
            self._begin(unproven)
        most = PAGE_BYTES if room is None else min(PAGE_BYTES, room)
        count = max(1, min(PAGE_EPOCHS, len(self._left), most // SHORTEST))
        while True:
            epochs = sorted(self._left[:count], key=lambda span: span.first)
            asked = [span for epoch in epochs for span in unproven.get(epoch.epoch, ())]
            hello = make(epochs, asked)
            payload = encode(hello)
            while len(payload) > most and asked and count == 1:
                asked = asked[: len(asked) // 2]  # the unproven spans are only for people to read: they may be cut
                hello = make(epochs, asked)
                payload = encode(hello)
            if len(payload) <= most or count == 1:
                break
            count = count * 3 // 4
        del self._left[:count]
        return (hello, payload) if len(payload) <= most else None

    def _begin(self, unproven: dict[str, list[Span]]) -> None:
        """Begin a new round: a whole one if requested, or if there are few epochs."""
        epochs = sorted(self._store.epochs(), key=lambda span: -span.first)
        if not self._wanted and len(epochs) > FEW:
            epochs = [*epochs[:1], *(span for span in epochs[1:] if span.epoch in unproven)]
        self._left, self._wanted = epochs, False
