"""The arguments of commands, one type for each command, and their validation."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from drivers.reason import Reason, printable
from edge.wire.contract import CameraName, Part, Sha256

SHOWN = 64  # characters of a request that an answer quotes
LONGEST_TEXT = 200  # characters; they go into the reason of each channel of each minute
SHORTEST_TOKEN = 10  # characters
LONGEST_MAINTENANCE = 24 * 3600.0  # s; a forgotten maintenance ends by itself


class NoArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No arguments."""


class PictureArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which camera; None: the first one."""

    camera: CameraName | None = None


class PictureFileArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which picture, by its SHA-256, and which of its two files."""

    picture: Sha256
    part: Part = "thumbnail"


class MaintenanceArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For how many seconds from now (0 ends it), and what work is done."""

    seconds: Annotated[float, Meta(ge=0, le=LONGEST_MAINTENANCE)]
    text: Annotated[str, Meta(max_length=2000)] = ""


class StageArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At which stage a crop is, and who reports it."""

    crop: Annotated[str, Meta(max_length=64)]
    stage: Annotated[str, Meta(max_length=64)]
    by: Annotated[str, Meta(min_length=1, max_length=LONGEST_TEXT)]


class PageTokenArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The technician's new token."""

    new: Annotated[str, Meta(min_length=SHORTEST_TOKEN, max_length=LONGEST_TEXT)]


class SilenceArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who has heard the horn; empty: the issuer of the command."""

    by: Annotated[str, Meta(max_length=LONGEST_TEXT)] = ""


class CommandRefusedError(Exception):
    """Raised by a handler: the command has failed, for this reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(str(reason))
        self.reason = reason


def arguments_of(command: str, kind: type[msgspec.Struct], given: Mapping[str, Any]) -> Any:
    """Convert the arguments of a command to its type.

    Raise CommandRefusedError, naming the first invalid one.
    """
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for name in given:
        if name not in fields:
            raise CommandRefusedError(
                Reason(
                    "unknown_argument",
                    '{command} has no argument "{argument}"',
                    command=command,
                    argument=printable(str(name), SHOWN),
                )
            )
    for name, field in fields.items():
        if name not in given:
            if field.required:
                raise CommandRefusedError(
                    Reason("missing_argument", "{command} needs {argument}", command=command, argument=name)
                )
            continue
        try:
            msgspec.convert(given[name], type=field.type)
        except msgspec.ValidationError:
            raise CommandRefusedError(
                Reason(
                    "wrong_argument",
                    '{command} does not accept "{value}" as {argument}',
                    command=command,
                    argument=name,
                    value=printable(str(given[name]), SHOWN),
                )
            ) from None
    return msgspec.convert(dict(given), type=kind)
