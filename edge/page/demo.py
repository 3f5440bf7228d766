"""Features of the demo's page only: faster time, and devices that can be unplugged."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute
from starlette.routing import Route as WebRoute

from edge.page.source import Source


class Demo(NamedTuple):
    """`speed`: station seconds per real second; `unplugged`: a folder with a file for each unplugged device."""

    speed: float = 1.0
    unplugged: Path | None = None

    def out(self) -> frozenset[str]:
        """Return the unplugged devices."""
        return frozenset() if self.unplugged is None else frozenset(file.name for file in self.unplugged.iterdir())

    def routes(self, source: Source) -> list[BaseRoute]:
        """Return the route of the unplug buttons; none on an installed page."""
        if self.unplugged is None:
            return []
        folder = self.unplugged

        def toggle(request: Request) -> Response:
            state, sensor = source.newest_state(), request.path_params["sensor"]
            names = [] if state is None else [one.name for one in state.facts.sensors]
            if sensor in names:
                file = folder / sensor
                if file.exists():
                    file.unlink()
                else:
                    file.touch()
            return RedirectResponse("/#demo", 303)

        return [WebRoute("/demo/unplug/{sensor}", toggle, methods=["POST"])]
