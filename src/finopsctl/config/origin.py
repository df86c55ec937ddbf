"""Where a setting's value came from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Layer(IntEnum):
    """The places a value can come from; a higher one wins."""

    DEFAULT = 0
    USER = 1
    PROJECT = 2
    ENVIRONMENT = 3
    FLAG = 4


_WORDS = {
    Layer.DEFAULT: "default",
    Layer.USER: "user file",
    Layer.PROJECT: "project file",
    Layer.ENVIRONMENT: "environment",
    Layer.FLAG: "flag",
}


@dataclass(frozen=True, slots=True)
class Origin:
    """One place.

    Args:
        layer: How far it reaches.
        place: The file, variable or flag; empty for defaults.
    """

    layer: Layer = Layer.DEFAULT
    place: str = ""

    def __str__(self) -> str:
        return f"{_WORDS[self.layer]} {self.place}".rstrip()
