"""hub.toml: a `HubConfig`, or a ConfigError with everything that is wrong at once, as a station's file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from drivers.reason import Reason
from edge.config.errors import ConfigError, Mistake, explained, unknown_key
from edge.config.file import Draft, read
from edge.config.sections import BrokerSection, Section
from edge.config.slips import decoded
from edge.files import read_password


class HubSection(Section):
    """`name` keeps its session at the broker apart from another hub's ("": the host's name)."""

    name: str = Field(default="", pattern=r"^[A-Za-z0-9-]{0,32}$")


class DatabaseSection(Section):
    """`url`: sqlite:///FILE or postgresql://user@host/name; a password in a file, or in the variable PGPASSWORD."""

    url: str = Field(min_length=1)
    password_file: str | None = None


class PicturesSection(Section):
    """Where photos are kept; what waits or was set aside lies in folders beside it.

    Of photos, not their thumbnails, only the newest are kept: `keep_days` old at most, `keep_gb` (10^9 bytes) in all.
    """

    dir: str = Field(min_length=1)
    keep_days: int | None = Field(default=None, ge=1, le=36_500)
    keep_gb: float | None = Field(default=None, gt=0, le=1e6)


class HubConfig(Section):
    """The whole file."""

    hub: HubSection = HubSection()
    broker: BrokerSection
    database: DatabaseSection
    pictures: PicturesSection

    @property
    def password(self) -> str | None:
        """The database's password, read anew each time. Raise OSError, ValueError."""
        file = self.database.password_file
        return None if file is None else read_password(Path(file))


def load(path: Path) -> HubConfig:
    """Return what the file says. Raise ConfigError, which names every mistake with its line."""
    text = decoded(str(path), read(path))
    if isinstance(text, Mistake):
        raise ConfigError([text])
    draft = Draft(str(path), text)
    try:
        return HubConfig.model_validate_json(json.dumps(draft.tables, default=str), strict=True)
    except ValidationError as error:
        for one in error.errors():
            where = tuple(one["loc"])
            draft.wrong(where, _refusal(where, dict(one)))
        raise ConfigError(sorted(draft.mistakes, key=lambda mistake: mistake.line or 0)) from None


def _refusal(where: tuple[Any, ...], error: dict[str, Any]) -> Reason:
    key = str(where[-1]) if where else ""
    if error["type"] != "extra_forbidden":
        return explained(error, key)
    section: Any = HubConfig if len(where) == 1 else HubConfig.model_fields[str(where[0])].annotation
    return unknown_key(key, section.model_fields)
