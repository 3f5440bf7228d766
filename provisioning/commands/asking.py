"""Prompts at a terminal; they and the error messages about answers are folded to the window's width."""

from __future__ import annotations

from typing import Any

import click

from edge.language.texts import _
from provisioning.folding import fold, window_size


def asked(
    question: str,
    default: Any = None,
    kind: click.ParamType[Any] = click.STRING,
    shows_default: bool = True,
    **how: Any,
) -> Any:
    """Prompt until the answer, or the default, is valid, and return it; `how`: further arguments of `click.prompt`."""
    choices = _(" ({word})").format(word=_(", ").join(kind.choices)) if isinstance(kind, click.Choice) else ""
    stands = f" [{default}]" if shows_default and default is not None else ""
    colon = _(": {why}").format(why="")
    ending = colon.rstrip()
    text = fold(f"{question}{choices}{stands}{ending}", window_size().columns).removesuffix(ending)
    return click.prompt(text, default, type=Folded(kind), show_default=False, prompt_suffix=colon, **how)


class Folded(click.ParamType[Any]):
    """Another kind of answer, with its error messages folded to the window's width."""

    def __init__(self, kind: click.ParamType[Any]) -> None:
        self.name, self._kind = kind.name, kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the converted answer."""
        try:
            return self._kind.convert(value, param, ctx)
        except click.UsageError as error:
            before = _("Error: {message}").format(message="")  # which click puts before it
            self.fail(fold(before + error.message, window_size().columns).removeprefix(before), param, ctx)
