"""Paths in configuration files, checked: impossible ones, or ones that lead to another kind of file, are refused
at their place in the file. A path that does not exist (yet) is not a mistake; whoever uses it reports that.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from drivers.errors import SettingError
from drivers.reason import Reason

MOST_BYTES, MOST_OF_A_NAME = 4095, 255  # Linux: PATH_MAX without its final zero, NAME_MAX
IS_FOLDER = Reason("is_folder", "is a folder, not a file")
NO_PLAIN_FILE = Reason("no_plain_file", "is not a regular file")
NO_FOLDER = Reason("no_folder", "{path} is not a folder", path="")
PATH_SIGN = Reason("path_sign", "it contains a character that no path can contain ({sign})", sign="")
PATH_BLANK = Reason("path_blank", "remove the space before or after the path")
PATH_HOME = Reason("path_home", "write the full path instead of ~, such as /home/...")
PATH_WINDOWS = Reason(
    "path_windows", "this is a path of Windows: write one of the station's machine, such as /var/lib/minshan"
)
PATH_LONG = Reason(
    "path_long",
    "is too long: a path has at most {most} bytes, each name in it {name}",
    most=MOST_BYTES,
    name=MOST_OF_A_NAME,
)


def possible(path: str) -> str:
    """Return a path that can exist. Raise SettingError."""
    if bad := [sign for sign in path if ord(sign) < 0x20 or ord(sign) == 0x7F]:
        raise SettingError(PATH_SIGN.having(sign=f"0x{ord(bad[0]):02x}"))
    if path != path.strip():
        raise SettingError(PATH_BLANK)
    if path.startswith("~"):
        raise SettingError(PATH_HOME)
    if re.match(r"[A-Za-z]:[\\/]|\\\\", path):
        raise SettingError(PATH_WINDOWS)
    named = os.fsencode(path)
    if len(named) > MOST_BYTES or max(map(len, named.split(b"/"))) > MOST_OF_A_NAME:
        raise SettingError(PATH_LONG)
    return path


def file(path: str) -> str:
    """Return a path at which a regular file exists or can be created. Raise SettingError."""
    mode = _mode(Path(path))
    if mode is None:
        folder(str(Path(path).parent))
    elif not stat.S_ISREG(mode):
        raise SettingError(IS_FOLDER if stat.S_ISDIR(mode) else NO_PLAIN_FILE)
    return path


def folder(path: str) -> str:
    """Return a path at which a folder exists or can be created. Raise SettingError with what is in its place."""
    for place in (Path(path), *Path(path).parents):
        mode = _mode(place)
        if mode is not None and not stat.S_ISDIR(mode):
            raise SettingError(NO_FOLDER.having(path=str(place)))
        if mode is not None:
            break
    return path


def _mode(path: Path) -> int | None:
    """Return the mode of the file at that path; None if there is none, or if we may not see it."""
    try:
        return path.stat().st_mode
    except OSError:
        return None


PathText = Annotated[str, Field(min_length=1), AfterValidator(possible)]
FilePath = Annotated[PathText, AfterValidator(file)]
FolderPath = Annotated[PathText, AfterValidator(folder)]
