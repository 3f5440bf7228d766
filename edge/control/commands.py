"""The commands of a station: one registry from a name to its arguments, the permission it needs, and its handler.

MQTT, the local socket and HTTP are envelopes around it (`edge/control/envelopes.py`). Each states who asks (a
`Principal`) and receives the outcomes: one, or "accepted" and later the final one. No error is raised to an envelope.
"""

import logging
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal

import msgspec

from drivers.clock import Stopped
from drivers.reason import UNFORESEEN, Reason, printable
from edge.control import answering, horn_orders, notify_orders, picture_price, stage_orders
from edge.control.arguments import (
    LONGEST_TEXT,
    SHOWN,
    CommandRefusedError,
    MaintenanceArguments,
    NoArguments,
    PageTokenArguments,
    PictureArguments,
    PictureFileArguments,
    SilenceArguments,
    StageArguments,
    arguments_of,
)
from edge.control.page_token import PageToken
from edge.control.status import StationParts, plain_status
from edge.recorder.maintenance import Maintenance
from edge.store.errors import StoreError
from edge.store.picture_rows import file_name

log = logging.getLogger("minshan.commands")
ISSUED, REMEMBERED = "issued", 1000  # the kind of notes of who gave which command, and how many are kept
WORK = Reason("work_on_station", "work on the station")  # if the command does not state the work
State = Literal["accepted", "done", "failed"]


class Permission(StrEnum):
    """What somebody may do."""

    READ = "read"  # see what is measured, stored and sent
    OPERATE = "operate"  # request pictures and hellos, mark maintenance
    TRUST = "trust"  # decide which receiver and which token are trusted


class Principal(msgspec.Struct, frozen=True):
    """Who asks: the envelope, the name, the permissions; `only`: the commands allowed (None: all)."""

    envelope: str
    name: str
    may: frozenset[Permission] = frozenset(Permission)
    only: frozenset[str] | None = None

    def __str__(self) -> str:
        return f"{self.envelope} {self.name}"


TECHNICIAN = Principal("page", "technician", frozenset({Permission.READ, Permission.OPERATE}))


class Outcome(msgspec.Struct, frozen=True):
    """The outcome of a command: `why` it failed, or what was done, as a sentence; `content`: bytes beside the data."""

    state: State
    why: Reason | None = None
    data: dict[str, Any] = {}
    content: bytes | None = None


class Request(msgspec.Struct, frozen=True):
    """One request of a command: `tell` is called with each outcome, from any lane."""

    id: str
    issued_by: Principal
    tell: Callable[[Outcome], object]


class CommandEntry(msgspec.Struct, frozen=True):
    """One entry of the registry. A handler returns None if it passes the outcome to `Request.tell` itself."""

    name: str
    arguments: type[msgspec.Struct]
    needs: Permission
    handler: Callable[[StationParts, Any, Request], Outcome | None]
    remote: bool = False  # whether `[commands] remote` may list it


class Commands:
    """Carries out commands."""

    def __init__(self, parts: StationParts, known: tuple[CommandEntry, ...]) -> None:
        self._parts = parts
        self._known = {command.name: command for command in known}

    @cached_property
    def _token(self) -> PageToken:
        return PageToken(self._parts.kept.notes, self._parts.clock)

    def technician(self, token: object) -> Principal:
        """Return the technician if this is the page's token. Raise CommandRefusedError, StoreError."""
        self._token.check(token)
        return TECHNICIAN

    def run(self, name: str, arguments: Mapping[str, Any], request: Request) -> None:
        """Carry out a command and report its outcome, or why it was refused."""
        try:
            command = self._allowed(name, request.issued_by)
            made = arguments_of(command.name, command.arguments, arguments)
            if command.needs is not Permission.READ:
                self._remember(name, request)
            outcome = command.handler(self._parts, made, request)
        except CommandRefusedError as refusal:
            outcome = Outcome("failed", refusal.reason)
        except StoreError as trouble:
            outcome = Outcome("failed", trouble.reason)
        except Stopped:
            raise
        except Exception:  # no command may prevent the next one
            log.exception("the command %r caused an unexpected error", name[:SHOWN])
            outcome = Outcome("failed", UNFORESEEN)
        if outcome is not None:
            request.tell(outcome)

    def _remember(self, name: str, request: Request) -> None:
        """Log and save who gave a command that changes something, by the command's id."""
        log.info("command %s (%r), asked by %s", name, request.id, request.issued_by)
        issued = msgspec.json.encode({"command": name, "issued_by": str(request.issued_by)})
        try:
            self._parts.kept.notes.put(ISSUED, request.id, issued, REMEMBERED)
        except StoreError as trouble:  # a full disk must not prevent marking maintenance
            log.warning("the sender of command %r cannot be saved: %s", request.id, trouble)

    def _allowed(self, name: str, who: Principal) -> CommandEntry:
        command = self._known.get(name)
        if command is None:
            names = ", ".join(known for known in self._known if who.only is None or known in who.only)
            raise CommandRefusedError(
                Reason(
                    "unknown_command",
                    'there is no command "{name}"; there are: {names}',
                    name=printable(name, SHOWN),
                    names=names,
                )
            )
        if who.only is not None and name not in who.only:
            raise CommandRefusedError(
                Reason(
                    "not_asked_remotely",
                    "{name} is not allowed remotely: [commands] remote in the station's file lists what is",
                    name=name,
                )
            )
        if command.needs not in who.may:
            raise CommandRefusedError(Reason("forbidden", "you have no permission for {name}", name=name))
        return command


# -- the handlers --------------------------------------------------------------------------------------------


def give_status(parts: StationParts, arguments: NoArguments, request: Request) -> Outcome:
    """Return the station's status."""
    return Outcome("done", data=plain_status(parts))


def answered(give: Callable[[StationParts, Any], dict[str, Any]]) -> Callable[[StationParts, Any, Request], Outcome]:
    """Return the handler of a query that returns data."""
    return lambda parts, arguments, request: Outcome("done", data=give(parts, arguments))


def take_picture(parts: StationParts, arguments: PictureArguments, request: Request) -> None:
    """Take a picture now: accepted at once; the final outcome when it is stored or has failed."""
    if parts.pictures is None:
        raise CommandRefusedError(Reason("without_camera", "this station has no camera"))

    def tell(done: bool, why: Reason, data: dict[str, Any]) -> None:
        request.tell(Outcome("done" if done else "failed", why, {**data, **picture_price.after(data)}))

    def accept() -> None:
        request.tell(Outcome("accepted", data=picture_price.before(parts.config.camera, arguments.camera)))

    parts.pictures.request(arguments.camera, request.id, str(request.issued_by), accept, tell)


def try_logins(parts: StationParts, arguments: NoArguments, request: Request) -> Outcome:
    """Unblock the cameras' refused logins."""
    if parts.pictures is None:
        raise CommandRefusedError(Reason("without_camera", "this station has no camera"))
    parts.pictures.forgive_logins()
    return Outcome("done")


def give_picture_file(parts: StationParts, arguments: PictureFileArguments, request: Request) -> Outcome:
    """Return a picture's bytes."""
    file = parts.kept.pictures.folder / file_name(arguments.picture, arguments.part)
    try:
        content = file.read_bytes()
    except OSError:
        raise CommandRefusedError(Reason("no_such_picture", "this picture is not kept here")) from None
    return Outcome("done", data={"picture": arguments.picture, "part": arguments.part}, content=content)


def begin_maintenance(parts: StationParts, arguments: MaintenanceArguments, request: Request) -> Outcome:
    """Mark what is measured from now on as taken during maintenance."""
    text = " ".join(arguments.text.split())[:LONGEST_TEXT]
    until, work = parts.clock.now() + arguments.seconds, Reason("said", "{text}", text=text) if text else WORK
    parts.inbox.offer(Maintenance(until, work, str(request.issued_by)))
    parts.budget.urgency.matters_until(until)  # somebody is there and watches the values
    return Outcome("done", data={"maintenance_s": arguments.seconds})


def say_stage(parts: StationParts, arguments: StageArguments, request: Request) -> Outcome:
    """Set a crop's stage: the frost rules use it from the next minute on."""
    said = stage_orders.say(parts, arguments, str(request.issued_by))
    why = stage_orders.unwatched(parts, arguments.crop)
    return Outcome("done", why, said if why is None else {**said, "why": why.builtins()})


def silence_horn(parts: StationParts, arguments: SilenceArguments, request: Request) -> Outcome:
    """Silence the horn for the current alerts; it sounds again for a worse or a new one."""
    return Outcome("done", data=horn_orders.silence(parts, arguments, str(request.issued_by)))


def test_horn(parts: StationParts, arguments: NoArguments, request: Request) -> None:
    """Sound the horn for a moment; the final outcome comes when it is over, or if it fails."""
    horn = horn_orders.horn_of(parts)
    request.tell(Outcome("accepted"))
    horn.test(lambda why: request.tell(Outcome("done" if why is None else "failed", why)))


def test_notify(parts: StationParts, arguments: NoArguments, request: Request) -> None:
    """Send a test message through each channel; the final outcome contains what all services answered."""
    notify = notify_orders.notify_of(parts)
    request.tell(Outcome("accepted"))
    notify.test(lambda came: request.tell(Outcome(*notify_orders.outcome(came))))


def set_page_token(parts: StationParts, arguments: PageTokenArguments, request: Request) -> Outcome:
    """Set the token for the page's forms."""
    PageToken(parts.kept.notes, parts.clock).keep(arguments.new)
    return Outcome("done")


def accept_ledger(parts: StationParts, arguments: NoArguments, request: Request) -> Outcome:
    """Trust the other receiver that was heard."""
    if parts.uplink is None:
        raise CommandRefusedError(Reason("without_broker", "this station has no broker"))
    before = parts.uplink.snapshot.ledger.believed
    accepted = parts.uplink.accept_ledger()
    if accepted is None:
        raise CommandRefusedError(Reason("no_other_receiver", "no other receiver has answered this station"))
    return Outcome("done", data={"ledger": accepted, "before": before})


def say_hello(parts: StationParts, arguments: NoArguments, request: Request) -> Outcome:
    """Send a hello: what the station has, asking what the platform has."""
    if parts.uplink is None:
        raise CommandRefusedError(Reason("without_broker", "this station has no broker"))
    parts.uplink.greet()
    return Outcome("done")


KNOWN = (
    CommandEntry("status", NoArguments, Permission.READ, give_status),
    CommandEntry("advice", NoArguments, Permission.READ, answered(answering.give_advice)),
    CommandEntry("picture", PictureArguments, Permission.OPERATE, take_picture, remote=True),
    CommandEntry("try-logins", NoArguments, Permission.OPERATE, try_logins),
    CommandEntry("picture-file", PictureFileArguments, Permission.READ, give_picture_file),
    CommandEntry("maintenance", MaintenanceArguments, Permission.OPERATE, begin_maintenance, remote=True),
    CommandEntry("stage", StageArguments, Permission.OPERATE, say_stage, remote=True),
    CommandEntry("silence-horn", SilenceArguments, Permission.OPERATE, silence_horn, remote=True),
    CommandEntry("test-horn", NoArguments, Permission.OPERATE, test_horn),
    CommandEntry("test-notify", NoArguments, Permission.OPERATE, test_notify),
    CommandEntry("accept-ledger", NoArguments, Permission.TRUST, accept_ledger),
    CommandEntry("page-token", PageTokenArguments, Permission.TRUST, set_page_token),
    CommandEntry("hello", NoArguments, Permission.OPERATE, say_hello, remote=True),
    CommandEntry("station", NoArguments, Permission.READ, answered(answering.give_station)),
    CommandEntry("now", NoArguments, Permission.READ, answered(answering.give_now)),
    CommandEntry("readings", answering.ReadingsArguments, Permission.READ, answered(answering.give_readings)),
    CommandEntry("series", answering.SeriesArguments, Permission.READ, answered(answering.give_series)),
    CommandEntry("channels", answering.ChannelsArguments, Permission.READ, answered(answering.give_channels)),
    CommandEntry("events", answering.EventsArguments, Permission.READ, answered(answering.give_events)),
    CommandEntry("pictures", answering.PicturesArguments, Permission.READ, answered(answering.give_pictures)),
)
