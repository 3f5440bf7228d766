"""Files with a password or another secret that every user of this machine may read."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from edge.language.texts import _
from provisioning.commands.options import print_json
from provisioning.folding import as_typed, say

if TYPE_CHECKING:
    from edge.config.sections import Config
    from hub.config import HubConfig

OTHERS_READ, OTHERS_ENTER = 0o004, 0o001
SECRETS = ("password_file", "secret_file", "key_file")
# pwd=, loginpas=, password=, access_token=, a robot's key=
PASSWORD_ASKED = re.compile(r"[?&;]([^=&]*(pas|pwd|psw|token|secret)[^=&]*|(api_?)?key)=[^&]", re.IGNORECASE)


def of_station(config: Config) -> Iterator[tuple[str, str]]:
    """Yield each such file of a station, with a remedy."""
    yield from _open_to_all(config.path, [config.broker, *config.camera, *config.forward, *config.channel], "minshan")


def of_hub(config: HubConfig, path: Path) -> Iterator[tuple[str, str]]:
    """Yield each such file of a hub, with a remedy."""
    sections = [config.broker, config.database, config.http, *config.forward, *config.channel]
    yield from _open_to_all(str(path), sections, "minshan-hub")


def show(found: Iterable[tuple[str, str]], as_json: bool) -> None:
    """Print the findings."""
    for sentence, remedy in found:
        if as_json:
            print_json({"doubt": sentence, "remedy": remedy})
        else:
            say(f"! {sentence}")
            say(f"  → {remedy}")


def _open_to_all(own: str, sections: Iterable[object], group: str) -> Iterator[tuple[str, str]]:
    """Yield the file itself if it contains a secret, and the secrets' files, where others may read them."""
    there = [section for section in sections if section is not None]
    named = [getattr(section, key, None) for section in there for key in SECRETS]
    files = [own] if any(map(_holds_one, there)) else []
    for file in dict.fromkeys([*files, *filter(None, named)]):
        if os.path.isfile(file) and _is_open(file):
            sentence = _("{file} contains a password, and every user of this machine can read it").format(file=file)
            remedy = _("sudo chown root:{group} {file} && sudo chmod 640 {file}")
            yield sentence, remedy.format(group=group, file=as_typed(file))


def _is_open(file: str) -> bool:
    """Return whether other users may read a file, by its mode and its folder's."""
    folder = os.path.dirname(os.path.abspath(file))
    return bool(os.stat(file).st_mode & OTHERS_READ and os.stat(folder).st_mode & OTHERS_ENTER)


def _holds_one(section: object) -> bool:
    """Return whether a section contains a password: as a key, or in its address."""
    url = str(getattr(section, "url", None) or "")
    login = url.partition("://")[2].rpartition("@")[0]
    return bool(getattr(section, "password", None) or ":" in login or PASSWORD_ASKED.search(url))
