"""Whatever is asked of a page, or put into its form, is answered below 500; whatever a station says is shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.causes import cause, reason_of
from hub.rights import Role
from hub.web.logins import Logins
from hub.web.pages.commands import fact
from hub.web.pages.routes import routes
from hub.web.table import Route
from tests.kits.office import CHANNELS, MINE, PASSWORD, Office, office

TABLE = routes(Logins(), lambda: None)
PLAIN = ("", "all", "some", "2026-01", "9999-12", "day", "0", "1", "-1", "1e300", "\0", "9999-12-31", "22:00", "true")
NAMED = ("admin", "grower", "technician", "zh", "hello", "stage", "apple", "full-bloom", "张三", "0" * 16, MINE)
WORDS = st.sampled_from((*PLAIN, *NAMED, *CHANNELS, "13800000000", "a@b.cn", PASSWORD))
TEXTS = st.one_of(WORDS, st.text(max_size=20))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("code", "params", "text", "x")), inner)
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("office")) as made:
        made.keep_minutes(MINE)
        yield made


@pytest.mark.slow  # some dozen requests a page
@pytest.mark.parametrize("route", TABLE, ids=lambda route: f"{route.method} {route.path}")
def test_nothing_that_is_asked_of_a_page_is_an_error_of_the_server(shared: Office, route: Route) -> None:
    """Right and wrong addresses, questions and forms of every kind are answered with a status below 500."""
    known = shared.accounts.listed("token")
    bears = {"authorization": f"Bearer {known[0].name if known else shared.token(Role.ADMIN)}"}
    gaps = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    names = st.sampled_from([*route.arguments.__struct_encode_fields__, "page", "colour"])
    said_ = st.dictionaries(names, st.one_of(TEXTS, st.lists(TEXTS, max_size=3)), max_size=8)

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.fixed_dictionaries(dict.fromkeys(gaps, TEXTS)), said_)
    def ask(path: dict[str, str], said: dict[str, Any]) -> None:
        filled = {
            key: quote(MINE if key == "station" and len(text) < 3 else text, safe="") for key, text in path.items()
        }
        address = route.path.format(**filled)
        told = client.get(address, params=said) if route.method == "GET" else client.post(address, data=said)
        assert told.status_code < 500, told.text
        assert "Traceback" not in told.text

    with httpx.Client(base_url=shared.url, headers=bears, timeout=30) as client:
        ask()


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_whatever_a_station_says_of_a_reason_is_shown_or_left_out(said: object) -> None:
    """A newer station may say why in another way: no page breaks of it."""
    assert isinstance(reason_of(said), str)
    assert isinstance(cause("off", 0, said), str)
    assert isinstance(fact(said), str)
