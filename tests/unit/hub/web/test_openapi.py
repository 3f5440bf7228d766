"""The API's description, its page in the documents, and that no question brings the server down."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.rights import MAY, Role
from hub.web.logins import Logins
from hub.web.openapi import document
from hub.web.routes import routes
from hub.web.table import Route
from tests.kits.office import MINE, Office, office

TABLE = routes(Path("/nowhere"), Logins(), lambda: None)
DOCS = Path(__file__).parents[4] / "docs"


@pytest.fixture(name="shared", scope="module")
def an_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("office")) as made:
        made.keep_minutes(MINE)
        yield made


@pytest.mark.slow  # some dozen requests a route
@pytest.mark.parametrize("route", TABLE, ids=lambda route: f"{route.method} {route.path}")
def test_nothing_that_is_asked_is_an_error_of_the_server(route: Route, shared: Office) -> None:
    """Right and wrong arguments of every kind are answered with a status below 500."""
    import schemathesis  # here: a large library, which this one slow test alone wants

    operation = schemathesis.openapi.from_dict(document(TABLE, "0"))[route.path][route.method]
    wrong = operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)
    bears = {"authorization": f"Bearer {token(shared)}"}

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.one_of(operation.as_strategy(), wrong))
    def ask(case: Any) -> None:
        told = case.call(base_url=shared.url, headers=bears)
        assert told.status_code < 500, told.text

    ask()


def token(shared: Office) -> str:
    """Return the token of an administrator, made once."""
    known = shared.accounts.listed("token")
    return known[0].name if known else shared.token(Role.ADMIN)


@pytest.mark.parametrize("page", ["api.md", "api.zh-CN.md"])
def test_the_page_names_every_route_with_its_right_and_arguments(page: str) -> None:
    """What is in the documents is what the server has, and nothing else."""
    told = re.findall(r"^\| `(\w+) (/[^`]+)` \| (\w*) ?\| ([^|]*) ?\|$", (DOCS / page).read_text(), re.MULTILINE)
    rows = {(method, path): (right, set(re.findall(r"`(\w+)`", given))) for method, path, right, given in told}
    assert rows == {
        (route.method, route.path): (
            route.right.value if route.right else "",
            {name for name in route.arguments.__struct_encode_fields__ if f"{{{name}}}" not in route.path},
        )
        for route in TABLE
    }


@pytest.mark.parametrize("page", ["api.md", "api.zh-CN.md"])
def test_the_page_says_what_each_role_may_do(page: str) -> None:
    """The table of roles is the code's."""
    text = (DOCS / page).read_text()
    for role in Role:
        found = re.search(rf"^\| {role.value}[^|]*\|(.*)\|$", text, re.MULTILINE)
        assert found is not None, role
        given = [bool(cell.strip()) for cell in found[1].split("|")]
        assert given == [right in MAY[role] for right in ("read", "acknowledge", "command", "manage")], role


def test_every_answer_and_argument_is_described(shared: Office) -> None:
    """Each route stands in the document with its parameters and the schema of its answer."""
    with shared.client() as client:
        told = client.get("/openapi.json").json()
    assert told["openapi"] == "3.1.0"
    for route in TABLE:
        operation = told["paths"][route.path][route.method.lower()]
        assert operation["operationId"] == route.name
        named = {parameter["name"] for parameter in operation["parameters"]}
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        assert named | set(body.get("properties", ())) == set(route.arguments.__struct_encode_fields__)
        assert operation["responses"]["200"]["content"]
