"""What every table of a file is, and the patterns of names and addresses in all of them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

NAME = r"^[a-z0-9][a-z0-9-]{0,31}$"
BROKER_URL = r"^mqtts?://.+"
HTTP_URL = r"^https?://.+"
# As `openssl x509 -fingerprint -sha256` writes it, or 64 digits alone.
FINGERPRINT = r"^(?:sha256 Fingerprint=|SHA256 Fingerprint=)?(?:[0-9A-Fa-f]{2}[: ]?){32}$"
Name = Annotated[str, Field(pattern=NAME)]


class Section(BaseModel):
    """A table of the file: strict types, no unknown keys."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True)
