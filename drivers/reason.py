"""A reason: a code with parameters, and the English sentence that they form.

    NO_READINGS = Reason("no_readings", "no readings")
    Reason("not_in_time", "not done within {seconds:g} s", seconds=0.05)

Programs compare the code, and translations are looked up by it; nothing ever parses the sentence. The code is written
beside its template, and identifies one template in the whole source. A parameter is a text, a number or another Reason;
a template need not name all of them (`detail` of a DeviceError is shown separately).
"""

from __future__ import annotations

import errno
import math
from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any, Final


class Reason:
    """One reason; frozen, hashable, equal to another with the same code and parameters."""

    __slots__ = ("code", "params", "template")

    code: str
    template: str
    params: Mapping[str, str | int | float | Reason]

    def __init__(self, code: str, template: str, **params: str | int | float | Reason) -> None:
        put = object.__setattr__
        put(self, "code", code)
        put(self, "template", template)
        put(self, "params", params)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a reason cannot be changed ({name})")

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.code, self.template, dict(self.params))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reason) and self.code == other.code and self.params == other.params

    def __hash__(self) -> int:
        return hash((self.code, frozenset(self.params.items())))

    def __str__(self) -> str:
        return self.template.format_map(self.params)

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __repr__(self) -> str:
        return f"Reason({self.code!r}, {str(self)!r})"

    def having(self, **params: str | int | float | Reason) -> Reason:
        """Return the same reason with these parameters added."""
        return Reason(self.code, self.template, **{**self.params, **params})

    def bare(self) -> Reason:
        """Return the same code and template without parameters: an error's kind without its detail."""
        return Reason(self.code, self.template)

    def inner(self, name: str) -> Reason | None:
        """Return the parameter of that name if it is itself a reason, else None."""
        found = self.params.get(name)
        return found if isinstance(found, Reason) else None

    def builtins(self) -> dict[str, Any]:
        """Return the form used in records and answers: {"code", "params" if there are any, "text"}."""
        found: dict[str, Any] = {"code": self.code}
        if self.params:
            found["params"] = {name: _plain(value) for name, value in self.params.items()}
        return {**found, "text": str(self)}


def joined(reasons: Iterable[Reason]) -> Reason:
    """Join several reasons (at least one) into one: "a checksum is wrong; the port is gone"."""
    return reduce(lambda first, then: Reason("first_and_then", "{first}; {then}", first=first, then=then), reasons)


def restored(value: Any) -> Reason:
    """Return the reason that `Reason.builtins` wrote; a plain text becomes one with the code "said".

    Its sentence is the one that was written, as the code may be a newer station's. Raise ValueError if it is neither.
    """
    match value:
        case str():
            return Reason("said", "{text}", text=value)
        case {"code": str() as code, "text": str() as text}:
            params = value.get("params") or {}
            if isinstance(params, dict):
                literal = text.replace("{", "{{").replace("}", "}}")
                return _again(code, literal, {str(name): _param(one) for name, one in params.items()})
    raise ValueError(f"no reason: {str(value)[:60]}")


def is_coded(value: object) -> bool:
    """Return whether this is a reason as `Reason.builtins` writes it."""
    return isinstance(value, dict) and {"code", "text"} <= value.keys() <= {"code", "params", "text"}


def system_reason(error: Exception) -> Reason:
    """Return the reason for a failed system call; in the system's own words if its errno is not listed here.

    A TLS error is not a system error, though Python gives it a number that looks like one. An error of our own has its
    own reason.
    """
    if isinstance(own := getattr(error, "reason", None), Reason):
        return own
    if getattr(error, "library", None) == "SSL":
        why = str(getattr(error, "reason", ""))
        return NO_TLS if why in NO_TLS_THERE else Reason("tls_broke", "TLS fails ({why})", why=why)
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    found: BaseException | None = error
    while found is not None:  # some libraries wrap the system's error in one without its number
        number = getattr(found, "errno", None) or (found.args[0] if found.args else None)
        if isinstance(number, int) and number in SYSTEM:
            return SYSTEM[number]
        found = found.__cause__ or found.__context__
    return Reason("system_error", "{text}", text=str(words))


def _again(code: str, template: str, params: Mapping[str, Any]) -> Reason:
    found = Reason(code, template)
    object.__setattr__(found, "params", params)  # which may have any names
    return found


def _plain(value: str | int | float | Reason) -> Any:
    if isinstance(value, Reason):
        return value.builtins()
    # JSON has no infinity; the sentence has it.
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _param(value: object) -> str | int | float | Reason:
    return restored(value) if is_coded(value) else value if isinstance(value, (str, int, float)) else str(value)


UNFORESEEN = Reason("unforeseen", "unexpected error in the station; see its log")
# OpenSSL's names of the errors that a peer without TLS causes.
NO_TLS_THERE = (
    *("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST"),
    "UNEXPECTED_EOF_WHILE_READING",
)
# Linux's values (netdb.h). Importing the module that names them takes a twentieth of a command's start.
EAI_NONAME, EAI_AGAIN, EAI_NODATA = -2, -3, -5
NO_TLS = Reason("no_tls_answer", "what answers there does not speak TLS")
# The system's errors, in Linux's words (errno(3), getaddrinfo(3)).
SYSTEM: Final[dict[int, Reason]] = {
    errno.EPERM: Reason("not_permitted", "Operation not permitted"),
    errno.ENOENT: Reason("no_such_file", "No such file or directory"),
    errno.EIO: Reason("input_output_error", "Input/output error"),
    errno.ENXIO: Reason("no_such_device_or_address", "No such device or address"),
    errno.EACCES: Reason("permission_denied", "Permission denied"),
    errno.EBUSY: Reason("device_busy", "Device or resource busy"),
    errno.EEXIST: Reason("file_exists", "File exists"),
    errno.ENODEV: Reason("no_such_device", "No such device"),
    errno.ENOTDIR: Reason("not_a_directory", "Not a directory"),
    errno.EISDIR: Reason("is_a_directory", "Is a directory"),
    errno.EINVAL: Reason("invalid_argument", "Invalid argument"),
    errno.ENOTTY: Reason("not_a_terminal", "Inappropriate ioctl for device"),
    errno.ENOSPC: Reason("no_space_left", "No space left on device"),
    errno.ESPIPE: Reason("no_regular_file", "Not a regular file"),
    errno.EROFS: Reason("read_only_file_system", "Read-only file system"),
    errno.ELOOP: Reason("too_many_links", "Too many levels of symbolic links"),
    errno.ENAMETOOLONG: Reason("name_too_long", "File name too long"),
    errno.EDQUOT: Reason("disk_quota_exceeded", "Disk quota exceeded"),
    errno.EPIPE: Reason("broken_pipe", "Broken pipe"),
    errno.EREMOTEIO: Reason("remote_io_error", "Remote I/O error"),
    errno.ECONNREFUSED: Reason("connection_refused", "Connection refused"),
    errno.ECONNRESET: Reason("connection_reset", "Connection reset by peer"),
    errno.EADDRINUSE: Reason("address_in_use", "Address already in use"),
    errno.EADDRNOTAVAIL: Reason("address_not_here", "Cannot assign requested address"),
    errno.ETIMEDOUT: Reason("connection_timed_out", "Connection timed out"),
    errno.EHOSTUNREACH: Reason("no_route_to_host", "No route to host"),
    errno.ENETUNREACH: Reason("network_unreachable", "Network is unreachable"),
    EAI_NONAME: Reason("name_not_known", "Name or service not known"),
    EAI_AGAIN: Reason("name_not_resolved", "Temporary failure in name resolution"),
    EAI_NODATA: Reason("name_without_address", "No address associated with hostname"),
}


def printable(text: str, most: int = 200) -> str:
    """Return a text from outside in a form fit for a sentence: one printable line of at most `most` characters."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text[: most * 4]).split())[:most]
