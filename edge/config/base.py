"""What all tables of a configuration file share: strict types, and the formats of names, addresses and times."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat

NAME = r"^[a-z0-9][a-z0-9-]{0,31}$"
BROKER_URL = r"^mqtts?://.+"
HTTP_URL = r"^https?://.+"
# As `openssl x509 -fingerprint -sha256` writes it, or 64 digits alone.
FINGERPRINT = r"^(?:sha256 Fingerprint=|SHA256 Fingerprint=)?(?:[0-9A-Fa-f]{2}[: ]?){32}$"
MONTH_DAY = r"^(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|02-(?:0[1-9]|[12]\d))$"
HOUR_MINUTE = r"^([01]\d|2[0-3]):[0-5]\d$"
# A mobile number of China has 11 digits: one with a digit too few would wake nobody. All others have 5 to 15.
NUMBER = (
    r"(\+?86)?1[3-9][0-9]{9}|[02-9][0-9]{4,14}|1[0-2][0-9]{3,13}"
    r"|\+([1-79][0-9]{4,14}|8[0-57-9][0-9]{3,13}|86([02-9]|1[0-2])[0-9]{4,12})"
)
PHONE = rf"^({NUMBER})$"
MAIL_ADDRESS = r"^[^@\s]{1,64}@[^@\s]{1,190}$"
MAIL_URL = r"^smtps?://[^/?#\s]+$"
HEADER_NAME = r"^[A-Za-z0-9-]{1,64}$"
HUB_NAME = r"^[A-Za-z0-9-]{0,32}$"
PUBLIC_URL = r"^https?://[^/?#@\s]+/?$"
# Line ends, other control characters, and those that change the direction of the surrounding text.
UNSEEN = re.compile("[\\s\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]+")


def one_line(text: str) -> str:
    """Return a text for people on one line: a name with a line end would break a message's line."""
    return UNSEEN.sub(" ", text).strip()


Name = Annotated[str, Field(pattern=NAME)]
Title = Annotated[str, AfterValidator(one_line)]
Fingerprint = Annotated[str, Field(pattern=FINGERPRINT)]
LimitList = Annotated[tuple[FiniteFloat, ...], Field(min_length=1, max_length=8, strict=False)]
MonthDay = Annotated[str, Field(pattern=MONTH_DAY)]
HourMinute = Annotated[str, Field(pattern=HOUR_MINUTE)]


class Section(BaseModel):
    """A table of the file: strict types, no unknown keys."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True, defer_build=True)
