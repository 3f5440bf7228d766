"""Received commands and their results: a command is carried out once, however often it arrives.

The uplink's lane owns the results that are pending for the broker. Another lane saves a result in the store, which has
its own lock, and posts it to an inbox from which the owner collects: no two threads ever write the same object.
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
KEPT = 100  # pending results
REMEMBERED = 1000  # ids of commands kept over restarts
ID_NOT_KEPT = Reason("id_not_kept", "its ID cannot be saved to disk")
OUTCOME_UNKNOWN = Reason("outcome_unknown", "the outcome is unknown")
ENDED_BEFORE = Reason("ended_before", "the station ended before it was done")
RETAINED = Reason("retained_command", "a retained command is not carried out: publish it without retain")
NO_EXPIRY = Reason("no_expiry", "the command does not say when it expires (expires, microseconds since 1970)")
NO_TIME = Reason("time_unknown", "the command expires and this station does not know the time yet")
EXPIRED = Reason("command_expired", "the command has expired")
SHORT = 200  # characters that a result's text is cut to if it fits no packet


class KeptResult(Result, frozen=True, omit_defaults=True):
    """A result as it is stored. `waits`: the broker does not have it, or a later result is to come."""

    waits: bool = False


class Results:
    """Results by command id, kept in the store; pending until the broker has them.

    Results that an earlier run of the daemon could not deliver are pending too: nobody repeats a command to learn its
    result.

    `inbox` holds what other lanes post (a few per running command; if it is full the result stays in the store until
    the command is sent again). Call all methods but `post` from the uplink's lane only.
    """

    def __init__(self, station: str, notes: Notes, inbox: Inbox) -> None:
        self._station = station
        self._notes = notes
        self._inbox = inbox
        self._begun: set[str] = set()  # accepted since the start and not finished
        self._waiting: OrderedDict[str, Result] = OrderedDict()
        self._load()

    def post(self, result: Result) -> None:
        """Save a result and hand it to the uplink's lane; a later one replaces it. Callable from any lane."""
        self._remember(result)
        if not self._inbox.offer(result):
            log.warning("the result of command %r stays in the store until it is asked for again", result.id)

    def admit(self, command: Command, utc: int | None, retained: bool = False) -> bool:
        """Return whether to carry out the command; if not, its result is pending. `utc` in microseconds."""
        self._collect()
        known = self._known(command.id)
        if known is not None:
            if not retained:  # the broker delivers a retained one again at each connection
                self._wait(known)
            return False
        refusal = _refusal(command, utc, retained)
        if refusal is None and self._remember(Result(VERSION, command.id, self._station, "accepted")):
            self._begun.add(command.id)
            return True
        self.put(failed(command.id, self._station, refusal or ID_NOT_KEPT))
        return False

    def put(self, result: Result) -> None:
        """Save a result and make it pending; a later one of the same command replaces it."""
        self._collect()
        self._remember(result)
        self._settle(result)

    def waiting(self) -> list[Result]:
        """Return what the broker does not have yet, oldest first."""
        self._collect()
        return list(self._waiting.values())

    def delivered(self, result: Result) -> None:
        """Mark a result as delivered to the broker; a later one of the same command stays pending."""
        if self._waiting.get(result.id) == result:
            del self._waiting[result.id]
            if result.state != "accepted":
                self._keep(result)

    def _load(self) -> None:
        """Make pending what an earlier run did not deliver: a result, or that the run ended before there was one."""
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
        """Return the result of a command that has arrived before; None if it has not."""
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
        """Collect what other lanes have posted. An empty inbox is not read: that would block."""
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
    """Return the result's payload of at most `most` bytes, if need be without its data, then with its text cut."""
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
