"""URLs of web services, without a login: secrets are in files."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field

from drivers.errors import SettingError
from drivers.reason import Reason
from edge.config.base import HEADER_NAME, HTTP_URL
from edge.config.errors import BAD_HTTP_URL

NO_SUCCESS = Reason("no_success_value", "must be a text, a whole number, true or false")
URL_LOGIN = Reason("url_login", "no login belongs here: put the secret into a file and name that in secret_file")


def url_parts(url: str, wrong: Reason) -> SplitResult:
    """Return the parts of a URL with a host and a valid port. Raise SettingError with the reason `wrong`."""
    try:
        parts = urlsplit(url)
        usable = (
            bool(parts.hostname)
            and parts.port != 0
            and not any(sign.isspace() or not sign.isprintable() for sign in url)
        )
    except ValueError:
        usable = False
    if not usable:
        raise SettingError(wrong)
    return parts


def web_address(url: str) -> str:
    """Return the URL. Raise SettingError if it is invalid or contains a login."""
    if "@" in url_parts(url, BAD_HTTP_URL).netloc:
        raise SettingError(URL_LOGIN)
    return url


def plain_value(value: Any) -> Any:
    """Return the value that marks success in an answer. Raise SettingError unless it is a text, integer or bool."""
    if not isinstance(value, str | int):
        raise SettingError(NO_SUCCESS)
    return value


WebAddress = Annotated[str, Field(pattern=HTTP_URL), AfterValidator(web_address)]
BaseAddress = Annotated[WebAddress, AfterValidator(lambda url: url.rstrip("/"))]  # to which paths are appended
SuccessValue = Annotated[Any, AfterValidator(plain_value)]
HeaderName = Annotated[str, Field(pattern=HEADER_NAME)]
