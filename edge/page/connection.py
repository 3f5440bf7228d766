"""A connection to a web server, which makes room for others while its client keeps the server waiting.

Phones leave without a word, and browsers open connections in advance: each is held until its machine says that it is
closed, which may be never. Were they only counted, some hundred of them would shut everybody out.
"""

from __future__ import annotations

import asyncio
from typing import cast

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

BACKLOG = 100  # connections that are not accepted yet, and so the most that are accepted at once: each takes a file
LEAVING = 3 * BACKLOG  # places more, for those that were let go: their work ends some turns of the loop later


class YieldingProtocol(H11Protocol):
    """uvicorn's connection; with `LEAVING` places left of `limit_concurrency` the longest wait for a client ends."""

    waits_since = 0.0  # s of the loop's clock: when it was opened, or had its last answer, whatever trickles in since

    @property
    def waits(self) -> bool:
        """Whether its client has the next move: to send the rest of a request, or to take in an answer."""
        cycle = cast(RequestResponseCycle | None, self.cycle)  # none before the first request
        return cycle is None or cycle.response_complete or cycle.more_body or self.flow.write_paused

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Take a connection, in the place of another where there are too many."""
        self.waits_since = self.loop.time()
        if self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency - LEAVING:
            waiting = (one for one in self.connections if isinstance(one, YieldingProtocol) and one.waits)
            longest = min(waiting, key=lambda one: one.waits_since, default=None)
            if longest is not None:
                self.connections.discard(longest)  # at once: many may come before the loop has closed it
                longest.transport.abort()
        super().connection_made(transport)

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        self.waits_since = self.loop.time()
        super().on_response_complete()
