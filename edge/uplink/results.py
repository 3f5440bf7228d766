"""Commands that came and what came of them: a command is carried out once, however often it arrives."""

from __future__ import annotations

from collections import OrderedDict

from edge.uplink.contract import VERSION, Command, Result

KEPT = 100  # commands whose outcome is remembered


class Results:
    """The outcomes of this start of the daemon, by the commands' ids; those the broker has not yet are waiting."""

    def __init__(self, station: str) -> None:
        self._station = station
        self._outcomes: OrderedDict[str, Result] = OrderedDict()
        self._waiting: OrderedDict[str, Result] = OrderedDict()

    def take(self, command: Command, utc: int | None) -> bool:
        """True where the command is to be carried out; otherwise its answer is waiting. `utc` in microseconds."""
        known = self._outcomes.get(command.id)
        if known is not None:
            self.put(known)
            return False
        refusal = _refusal(command, utc)
        if refusal is not None:
            self.put(Result(VERSION, command.id, self._station, "failed", refusal))
            return False
        self._remember(Result(VERSION, command.id, self._station, "accepted"))
        return True

    def put(self, result: Result) -> None:
        """An outcome to be told; a later one of the same command takes its place."""
        self._remember(result)
        self._waiting[result.id] = result
        while len(self._waiting) > KEPT:
            self._waiting.popitem(last=False)

    def waiting(self) -> list[Result]:
        """What the broker does not have yet, oldest first."""
        return list(self._waiting.values())

    def told(self, result: Result) -> None:
        """The broker has this outcome; a later one of the same command stays waiting."""
        if self._waiting.get(result.id) == result:
            del self._waiting[result.id]

    def _remember(self, result: Result) -> None:
        self._outcomes[result.id] = result
        self._outcomes.move_to_end(result.id)
        while len(self._outcomes) > KEPT:
            self._outcomes.popitem(last=False)


def _refusal(command: Command, utc: int | None) -> str | None:
    if command.v != VERSION:
        return f"this station speaks version {VERSION} of the contract, not {command.v}"
    if command.expires is None:
        return None
    if utc is None:
        return "the command expires and this station does not know the time yet"
    return "the command has expired" if utc > command.expires else None
