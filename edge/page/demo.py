"""What only a demo's page has: faster time, and devices that can be unplugged."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute
from starlette.routing import Route as WebRoute

from edge.page.source import Source


class Demo(NamedTuple):
    """`speed`: s of the station in one of ours; `unplugged`: the folder that names the devices that are out."""

    speed: float = 1.0
    unplugged: Path | None = None

    def out(self) -> frozenset[str]:
        """Return the devices that are out."""
        return frozenset() if self.unplugged is None else frozenset(file.name for file in self.unplugged.iterdir())

    def routes(self, source: Source) -> list[BaseRoute]:
        """Return the route of the buttons; none on an installed page."""
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
