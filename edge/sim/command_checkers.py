"""The promise's checkers of commands: each is answered once, done once at most, and never where it must not be.

A complaint begins with what was broken: *lost* (taken in and never answered), *doubled* (two answers, or done twice),
*wrongly done* (though it had expired, or may not be asked), *wrongly good* (measured as good while
somebody worked on the box).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from edge.measure.quality import Flag
from edge.records.record import Kind, Record
from edge.sim.asks import REMOTE, CommandSending
from edge.sim.record_checkers import Identity, Truth, true_span
from edge.wire.contract import Result

FINAL = ("done", "failed")
MINUTE = 60_000_000  # microseconds
TURN = 90_000_000  # microseconds; a picture that waits for others, and the minute in which maintenance begins or ends
ENDED_BEFORE = "ended_before"


@dataclass(slots=True)
class SentCommand:
    """A command as who asked it knows it; all instants are true UTC, microseconds.

    `sent`: when; `expires`: by the command; `taken`: the station acknowledged it; `answers`: each with when it came.
    """

    ask: CommandSending
    expires: int | None
    sent: list[int] = field(default_factory=list)
    taken: bool = False
    answers: list[tuple[int, Result]] = field(default_factory=list)

    @property
    def final(self) -> list[tuple[int, Result]]:
        """The answers after which no other may come."""
        return [(at, result) for at, result in self.answers if result.state in FINAL]

    @property
    def is_right(self) -> bool:
        """Whether the station may do it, where it comes in time."""
        return self.ask.name in REMOTE and self.expires is not None


def command_checks(truth: Truth, asked: Mapping[str, SentCommand], kept: Sequence[Record]) -> list[str]:
    """Return all complaints about commands. `kept`: the store at the end."""
    pictures: dict[str, list[Record]] = defaultdict(list)
    for record in kept:
        if record.kind == Kind.PICTURE and "command" in record.fields():
            pictures[record.fields()["command"]].append(record)
    complaints = [f"wrongly done: nobody asked for the picture of {name}" for name in pictures if name not in asked]
    for name, one in asked.items():
        complaints += [f"{complaint} ({name}: {one.ask.name})" for complaint in _answers(one)]
        complaints += [f"{complaint} ({name})" for complaint in _pictures(truth, one, pictures.get(name, []))]
    return [*complaints, *maintenance_checks(truth, asked, kept)]


def _answers(one: SentCommand) -> Iterator[str]:
    """Check how a command was answered."""
    different = {(result.state, str(result.data.get("picture", ""))) for _, result in one.final}
    if one.taken and not different:
        yield "lost: a command was taken in and never answered"
    if len(different) > 1:
        yield f"doubled: a command has {len(different)} different answers"
    if not one.is_right and any(result.state != "failed" for _, result in one.answers):
        yield "wrongly done: a command that must be refused was done"


def _pictures(truth: Truth, one: SentCommand, pictures: list[Record]) -> Iterator[str]:
    """Check the pictures that were taken for a command."""
    if len(pictures) > 1:
        yield f"doubled: {len(pictures)} pictures were taken for one command"
    if pictures and (not one.is_right or one.ask.name != "picture"):
        yield "wrongly done: a picture was taken for a command that must be refused"
    for record in pictures:
        run = truth.run_of(record)
        error = (record.clock.error or 0.0) * 1e6
        if run is not None and true_span(run, record)[0] > (one.expires or 0) + error + TURN:
            yield "wrongly done: a picture was taken for a command that had expired"
    for _, result in one.final:
        named = str(result.data.get("picture", ""))
        if result.state == "done" and named and named not in [record.fields()["picture"] for record in pictures]:
            yield "lost: the picture of a command that was done is not kept"
        why = result.data.get("why", {})
        if result.state == "failed" and pictures and why.get("code") != ENDED_BEFORE:
            yield "wrongly done: a picture was taken for a command that is told to have failed"


# -- maintenance -------------------------------------------------------------------------------------------------


def maintenance_checks(truth: Truth, asked: Mapping[str, SentCommand], kept: Sequence[Record]) -> Iterator[str]:
    """Check that minutes are marked while somebody works on the box, and no others."""
    spans = [span for one in asked.values() if one.ask.name == "maintenance" for span in _work(truth, one)]
    for record in kept:
        run = truth.run_of(record)
        if record.kind != Kind.MINUTE or run is None:
            continue
        begin, end = true_span(run, record)
        body = record.fields()
        marked = any(map(is_maintenance, body["reasons"].values()))
        name = f"{record.epoch}/{record.seq}"
        if marked and not any(first <= end and begin <= last for first, last, _, _ in spans):
            yield f"wrongly done: {name} is marked as maintenance, and nobody worked"
        certain = any(first <= begin and end <= last for _, _, first, last in spans)
        if certain and any(flag == Flag.PASS for flag in body["quality"].values()):
            yield f"wrongly good: {name} passes while somebody worked on the box"


def _work(truth: Truth, one: SentCommand) -> Iterator[tuple[int, int, int, int]]:
    """Yield the span in which a command may have marked minutes, and the one in which it must have."""
    seconds = float(one.ask.args["seconds"])
    done = [at for at, result in one.final if result.state == "done"]
    if seconds > 0 and one.is_right:
        lasts = round(seconds * 1e6)
        latest = done[0] if done else max([*one.sent, one.expires or 0]) + TURN
        certain = (done[0], one.sent[0] + lasts) if done else (0, -1)
        yield one.sent[0], latest + lasts + TURN, *certain


def is_maintenance(reason: object) -> bool:
    """Return whether a channel's reason, as it is kept, says that somebody worked on the box."""
    return isinstance(reason, dict) and reason.get("code") == "maintenance"


def under_maintenance(kept: Iterable[Record]) -> frozenset[Identity]:
    """Return the minutes that are marked."""
    minutes = (record for record in kept if record.kind == Kind.MINUTE)
    marked = (minute for minute in minutes if any(map(is_maintenance, minute.fields()["reasons"].values())))
    return frozenset((minute.epoch, minute.seq) for minute in marked)
