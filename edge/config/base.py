"""What all tables of a configuration file share: strict types, and the forms of names, addresses and times."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

NAME = r"^[a-z0-9][a-z0-9-]{0,31}$"
BROKER_URL = r"^mqtts?://.+"
HTTP_URL = r"^https?://.+"
# As `openssl x509 -fingerprint -sha256` writes it, or 64 digits alone.
FINGERPRINT = r"^(?:sha256 Fingerprint=|SHA256 Fingerprint=)?(?:[0-9A-Fa-f]{2}[: ]?){32}$"
Name = Annotated[str, Field(pattern=NAME)]
Fingerprint = Annotated[str, Field(pattern=FINGERPRINT)]
LimitList = Annotated[tuple[float, ...], Field(min_length=1, max_length=8, strict=False)]
MonthDay = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]
HourMinute = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class Section(BaseModel):
    """A table of the file: strict types, no unknown keys."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)
