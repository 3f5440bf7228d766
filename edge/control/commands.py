"""What the platform may ask of a station, one function a command; each answers with results, never with silence."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from edge.pictures.schedule import PictureLane
from edge.wire.contract import VERSION, Command, Result

log = logging.getLogger("minshan.commands")
NAMED = 64  # characters of what was asked for that an answer repeats


class Commands:
    """Carries out the commands that the uplink hands over; `answer` takes each result to the platform.

    `pictures` is the lane that takes pictures, None where the station has no camera; set once it is made.
    """

    def __init__(self, station: str, answer: Callable[[Result], None]) -> None:
        self._station = station
        self._answer = answer
        self._known = {"picture": self._picture}
        self.pictures: PictureLane | None = None

    def handle(self, command: Command) -> None:
        """Carry out a command, or say why not."""
        run = self._known.get(command.name)
        if run is None:
            known = ", ".join(self._known)
            self._tell(command.id, "failed", f"no command {command.name!r}; this station knows: {known}")
            return
        log.info("command %s (%r)", command.name, command.id)
        run(command)

    def picture_done(self, command_id: str, taken: bool, text: str, data: dict[str, Any]) -> None:
        """The picture lane has carried out a wish that a command made."""
        self._tell(command_id, "done" if taken else "failed", text, data)

    def _picture(self, command: Command) -> None:
        if self.pictures is None:
            self._tell(command.id, "failed", "this station has no camera")
            return
        names = list(self.pictures.status()["cameras"])
        camera = command.args.get("camera") or names[0]
        if camera not in names:
            asked = repr(str(camera)[:NAMED])
            self._tell(command.id, "failed", f"no camera {asked}; this station has: {', '.join(names)}")
            return
        self._tell(command.id, "accepted")
        self.pictures.wish(camera, command.id)

    def _tell(self, command_id: str, state: str, text: str = "", data: dict[str, Any] | None = None) -> None:
        self._answer(Result(VERSION, command_id, self._station, state, text, data or {}))
