"""A connection to a web server that makes room for others while the server waits for its client.

Phones vanish without disconnecting, and browsers open connections in advance: each stays open until its machine closes
it, which may be never. If they were only counted, a few hundred of them would lock everybody out.
"""

from __future__ import annotations

import asyncio
from typing import cast

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

BACKLOG = 100  # connections not accepted yet, and so the most accepted at once: each takes a file descriptor
LEAVING = 3 * BACKLOG  # extra places for aborted connections, which end some iterations of the loop later


class YieldingProtocol(H11Protocol):
    """uvicorn's connection; once `LEAVING` places of `limit_concurrency` are left, the longest waiting one is ended."""

    waits_since = 0.0  # s of the loop's clock: when it was opened, or its last response ended

    @property
    def waits(self) -> bool:
        """Whether it waits for its client: to send the rest of a request, or to read a response."""
        cycle = cast(RequestResponseCycle | None, self.cycle)  # none before the first request
        return cycle is None or cycle.response_complete or cycle.more_body or self.flow.write_paused

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Accept a connection, aborting another if there are too many."""
        self.waits_since = self.loop.time()
        if self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency - LEAVING:
            waiting = (one for one in self.connections if isinstance(one, YieldingProtocol) and one.waits)
            longest = min(waiting, key=lambda one: one.waits_since, default=None)
            if longest is not None:
                self.connections.discard(longest)  # at once, as many may connect before the loop has closed it
                longest.transport.abort()
        super().connection_made(transport)

    def on_response_complete(self) -> None:
        """Start waiting for the next request."""
        self.waits_since = self.loop.time()
        super().on_response_complete()
