"""The table of docs/sensors/modbus-profiles.md and of its Chinese page, from the built-in profiles.

`python -m tests.profile_table` writes it.
"""

from __future__ import annotations

import gettext

from drivers.devices.profiles import Profile, load, names
from edge.language import speech
from edge.language.words import QUANTITIES as LABELS
from tests.sensor_table import FOLDER, put_in

PAGES = {"en": FOLDER / "modbus-profiles.md", "zh": FOLDER / "modbus-profiles.zh-CN.md"}
BEGIN = "<!-- table: python -m tests.profile_table -->"
HEADS = {
    "en": ("profile", "what it is", "gives", "not confirmed"),
    "zh": ("描述文件", "设备", "要素", "尚未证实"),
}


def table(language: str) -> str:
    """Return the complete table as Markdown, in English or Chinese."""
    lines = [" | ".join(HEADS[language]), "---|---|---|---"]
    lines += [" | ".join(cells(load(name), language)) for name in names()]
    return "\n".join(f"| {line} |" for line in lines)


def chinese(text: str) -> str:
    """Return a quantity's label or a profile's text in Chinese."""
    return gettext.translation(speech.DOMAIN, speech.FOLDER, ["zh_CN"]).gettext(LABELS.get(text, text))


def cells(profile: Profile, language: str) -> list[str]:
    """Return the cells of a profile's row; in brackets what is read where `fitted` names it, by the word it wants."""
    if language == "en":
        device, unconfirmed = f"{profile.title} ({profile.maker})", profile.unconfirmed
        given = ", ".join(entry.quantity for entry in profile.registers if not entry.optional)
        ordered = ", ".join(entry.quantity for entry in profile.registers if entry.optional)
    else:
        device = f"{chinese(profile.title)}（{chinese(profile.maker)}）"
        unconfirmed = chinese(profile.unconfirmed) if profile.unconfirmed else ""
        given = "、".join(chinese(entry.quantity) for entry in profile.registers if not entry.optional)
        ordered = "、".join(f"{chinese(e.quantity)} {e.quantity}" for e in profile.registers if e.optional)
    return [f"`{profile.name}`", device, given + (f" [{ordered}]" if ordered else ""), unconfirmed]


if __name__ == "__main__":
    for language, file in PAGES.items():
        file.write_text(put_in(file.read_text(encoding="utf-8"), table(language), BEGIN), encoding="utf-8")
