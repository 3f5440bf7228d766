"""Received commands and their results: a command is carried out once, however often it arrives.

The uplink's lane owns what waits for the broker. Another lane keeps an outcome in the store, which has its own lock,
and posts it into an inbox; the owner collects from there. So no two threads ever write one object.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from contextlib import suppress

import msgspec

from drivers.clock import Inbox
from drivers.reason import Reason
from edge.store.errors import StoreError
from edge.store.notes import Notes
from edge.wire.contract import VERSION, Command, Result, encode

log = logging.getLogger("minshan.uplink")
KIND = "command"
KEPT = 100  # outcomes that wait for the broker
REMEMBERED = 1000  # ids of commands kept over restarts
ID_NOT_KEPT = Reason("id_not_kept", "its ID cannot be saved to disk")
OUTCOME_UNKNOWN = Reason("outcome_unknown", "the outcome is unknown")
ENDED_BEFORE = Reason("ended_before", "the station ended before it was done")
RETAINED = Reason("retained_command", "a retained command is not carried out: publish it without retain")
NO_EXPIRY = Reason("no_expiry", "the command does not say when it expires (expires, microseconds since 1970)")
NO_TIME = Reason("time_unknown", "the command expires and this station does not know the time yet")
EXPIRED = Reason("command_expired", "the command has expired")
SHORT = 200  # characters that a result's text is cut to where it fits no packet


class KeptResult(Result, frozen=True, omit_defaults=True):
    """A result as the store has it. `waits`: the broker has it not, or more is to come."""

    waits: bool = False


class Results:
    """The outcomes by the commands' ids, kept in the store; those the broker has not yet are waiting.

    So are those that an earlier start could not tell of any more: nobody sends a command again to hear what came of it.

    `inbox` holds what other lanes post (at most some per command under way; a full one: a counted loss, the outcome
    comes when the command is sent again). All methods but `post` are the uplink's lane's.
    """

    def __init__(self, station: str, notes: Notes, inbox: Inbox) -> None:
        self._station = station
        self._notes = notes
        self._inbox = inbox
        self._begun: set[str] = set()  # carried out since the start
        self._waiting: OrderedDict[str, Result] = OrderedDict()
        self._load()

    def post(self, result: Result) -> None:
        """Keep an outcome and hand it to the uplink's lane; a later one takes its place. Callable from any lane."""
        self._remember(result)
        if not self._inbox.offer(result):
            log.warning("the result of command %r stays in the store until it is asked for again", result.id)

    def admit(self, command: Command, utc: int | None, retained: bool = False) -> bool:
        """Return whether the command is to be carried out; otherwise its answer is waiting. `utc` in microseconds."""
        self._collect()
        known = self._known(command.id)
        if known is not None:
            if not retained:  # the broker hands a retained one over at each connection
                self._wait(known)
            return False
        refusal = _refusal(command, utc, retained)
        if refusal is None and self._remember(Result(VERSION, command.id, self._station, "accepted")):
            self._begun.add(command.id)
            return True
        self.put(failed(command.id, self._station, refusal or ID_NOT_KEPT))
        return False

    def put(self, result: Result) -> None:
        """Keep an outcome and let it wait for the broker; a later one of the same command takes its place."""
        self._collect()
        self._remember(result)
        self._settle(result)

    def waiting(self) -> list[Result]:
        """Return what the broker does not have yet, oldest first."""
        self._collect()
        return list(self._waiting.values())

    def delivered(self, result: Result) -> None:
        """Take in that the broker has this outcome; a later one of the same command stays waiting."""
        if self._waiting.get(result.id) == result:
            del self._waiting[result.id]
            if result.state != "accepted":
                self._keep(result)

    def _load(self) -> None:
        """Let wait what an earlier start has left untold: what came of a command, or that it ended before that."""
        try:
            for kept in self._notes.all(KIND).values():
                with suppress(msgspec.MsgspecError):
                    result = msgspec.json.decode(kept, type=KeptResult)
                    if result.state == "accepted":
                        self.put(failed(result.id, self._station, ENDED_BEFORE))
                    elif result.waits:
                        self._wait(msgspec.json.decode(kept, type=Result))
        except StoreError as trouble:
            log.warning("results of commands stay in the store until they are asked for again: %s", trouble)

    def _known(self, command_id: str) -> Result | None:
        """Return what came of a command that was here before; None where none was."""
        kept = self._notes.get(KIND, command_id)
        if kept is None:
            return None
        try:
            result = msgspec.json.decode(kept, type=Result)
        except msgspec.MsgspecError:
            result = failed(command_id, self._station, OUTCOME_UNKNOWN)
        if result.state == "accepted" and command_id not in self._begun:
            return failed(command_id, self._station, ENDED_BEFORE)
        return result

    def _collect(self) -> None:
        """Take over what other lanes have posted. An empty inbox is not asked: that would be a wait."""
        while len(self._inbox):
            if (result := self._inbox.get(0.0)) is not None:
                self._settle(result)

    def _settle(self, result: Result) -> None:
        if result.state != "accepted":
            self._begun.discard(result.id)
        self._wait(result)

    def _wait(self, result: Result) -> None:
        self._waiting[result.id] = result
        while len(self._waiting) > KEPT:
            self._waiting.popitem(last=False)

    def _remember(self, result: Result) -> bool:
        return self._keep(KeptResult(**msgspec.structs.asdict(result), waits=True))

    def _keep(self, result: Result) -> bool:
        try:
            self._notes.put(KIND, result.id, encode(result), REMEMBERED)
        except StoreError as trouble:
            log.warning("the result of command %r cannot be saved: %s", result.id, trouble)
            return False
        return True


def fitting(result: Result, most: int | None) -> bytes:
    """Return the result's payload, without its data and with less of its text where it has to be short."""
    payload = encode(result)
    if most is not None and len(payload) > most:
        payload = encode(msgspec.structs.replace(result, data={}))
    if most is not None and len(payload) > most:
        payload = encode(msgspec.structs.replace(result, data={}, text=result.text[:SHORT]))
    return payload


def failed(command_id: str, station: str, why: Reason) -> Result:
    """Return the result of a command that was not carried out."""
    return Result(VERSION, command_id, station, "failed", str(why), {"why": why.builtins()})


def _refusal(command: Command, utc: int | None, retained: bool) -> Reason | None:
    if command.v != VERSION:
        return Reason(
            "other_version",
            "this station speaks version {ours} of the contract, not {theirs}",
            ours=VERSION,
            theirs=command.v,
        )
    if retained:
        return RETAINED
    if command.expires is None:
        return NO_EXPIRY
    if utc is None:
        return NO_TIME
    return EXPIRED if utc > command.expires else None
