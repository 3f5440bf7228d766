"""How a command ends: its exit codes, and the one exception that carries one of them with a message."""

from __future__ import annotations

from enum import IntEnum

from drivers.reason import Reason
from edge.language.sentence import as_sentence


class Exit(IntEnum):
    """The codes that `minshan` ends with; scripts may rely on them."""

    OK = 0
    TROUBLE = 1  # it found something that needs attention
    USAGE = 2  # the command line is wrong
    CONFIG = 3  # station.toml is wrong or cannot be read
    DEVICE = 4  # a sensor or its bus
    BROKER = 5  # the broker cannot be reached or refuses
    STORE = 6  # the folder of the station's data
    CAMERA = 7
    INTERNAL = 70  # unforeseen: a fault of Minshan itself
    INTERRUPTED = 130  # Ctrl-C


class CommandError(Exception):
    """A command cannot do what was requested: a sentence, a remedy if there is one, and the exit code."""

    def __init__(self, code: Exit, sentence: str | Reason, remedy: str = "") -> None:
        self.code = code
        self.sentence = as_sentence(sentence) if isinstance(sentence, Reason) else sentence
        self.remedy = remedy
        super().__init__(self.sentence)
