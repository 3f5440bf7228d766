"""Where a stream goes on, by what a browser says back: whatever that is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from edge.page import feed


@pytest.mark.parametrize(
    "last", ["x", "{life}-", "{life}-1", "{life}--1", "{life}-٣", "{life}-" + "0" * 18 + "9" * 5000, "\0"]
)
def test_a_position_that_is_none_is_told_to_read_anew(last: str) -> None:
    """Whatever a browser, or a proxy on its way, sends back as the last event: no error, and no silence."""

    async def first() -> bytes:
        async def newest(_station: str) -> bytes:
            return b"{}"

        async def sees() -> Callable[[str], bool]:
            return lambda _station: True

        made = feed.Feed(newest)
        made.start()
        life = made.position.partition("-")[0]
        return await anext(made.listen("somebody", sees, last.format(life=life)))

    assert asyncio.run(first()) == feed.RESYNC
