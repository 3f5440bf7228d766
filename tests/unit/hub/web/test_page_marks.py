"""The marks of a language on the hub's pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.rights import Role
from tests.kits.office import MINE, Office, entered, office
from tests.unit.hub.web.test_pages import GAPS, TABLE


@pytest.fixture(name="shared")
def an_office(tmp_path: Path) -> Iterator[Office]:
    """Give a hub with some minutes of one station."""
    with office(tmp_path) as made:
        made.keep_minutes(MINE)
        yield made


def test_no_blank_stands_behind_a_chinese_stop(shared: Office) -> None:
    """。 and ： hold their own room: what the English sentences are parted by is left out."""
    with entered(shared, shared.add(Role.ADMIN)) as client:
        for path in [route.path for route in TABLE if route.method == "GET" and not route.path.endswith(".xlsx")]:
            page = client.get(path.format(station=MINE, **GAPS), params={"lang": "zh"}).text
            shown = re.sub(r"</?(a|b|span|strong|time|wbr)\b[^>]*>", "", page)
            assert not re.findall(r"[^\n>]*[。：，；、！？] +[^\s<][^\n<]*", shown), path
