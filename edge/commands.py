"""What the platform may ask of a station, one function a command; each answers with results, never with silence."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from edge.uplink.contract import VERSION, Command, Result

if TYPE_CHECKING:
    from edge.station import Station

log = logging.getLogger("minshan.commands")


class Commands:
    """Carries out the commands that the uplink hands over."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._known = {"picture": self._picture}

    def handle(self, command: Command) -> None:
        """Carry out a command, or say why not."""
        run = self._known.get(command.name)
        if run is None:
            known = ", ".join(self._known)
            self._answer(command.id, "failed", f"no command {command.name!r}; this station knows: {known}")
            return
        log.info("command %s (%s)", command.name, command.id)
        run(command)

    def picture_done(self, command_id: str, taken: bool, text: str, data: dict[str, Any]) -> None:
        """The picture lane has carried out a wish that a command made."""
        self._answer(command_id, "done" if taken else "failed", text, data)

    def _picture(self, command: Command) -> None:
        pictures = self._station.pictures
        if pictures is None:
            self._answer(command.id, "failed", "this station has no camera")
            return
        names = [camera.name for camera in self._station.config.camera]
        camera = command.args.get("camera") or names[0]
        if camera not in names:
            self._answer(command.id, "failed", f"no camera {camera!r}; this station has: {', '.join(names)}")
            return
        self._answer(command.id, "accepted")
        pictures.wish(camera, command.id)

    def _answer(self, command_id: str, state: str, text: str = "", data: dict[str, Any] | None = None) -> None:
        uplink = self._station.uplink
        if uplink is not None:
            uplink.result(Result(VERSION, command_id, self._station.config.station.id, state, text, data or {}))
