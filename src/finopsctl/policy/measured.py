"""What a rule has measured, before it is judged: one value a group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from finopsctl.metrics.dimensions import UNTAGGED, dimension

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

_MEMBERS = frozenset({"budget", "user_type", "cause"})  # what has rows of its own and is no dimension

UNPRICED = "none of its records has a price"
"""Why nobody knows what is spent of a budget."""


@dataclass(frozen=True, slots=True)
class Group:
    """The value of one group.

    Args:
        dims: The group: dimension (or ``budget``, ``user_type``, ``cause``) to value, None for unknown.
        value: What was measured; None: nothing could be.
        why: Why there is no value, or what else there is to say of it; the end of a sentence.
        is_beyond: Whether it is beyond any limit although there is no number for it: spend where nothing is allowed.
        is_doubtful: Whether a value that passes proves nothing, for want of data.
    """

    dims: Mapping[str, str | None]
    value: Decimal | float | None
    why: str = ""
    is_beyond: bool = False
    is_doubtful: bool = False

    @property
    def subject(self) -> str:
        """What the group is called; empty: everything together."""
        return " / ".join(null_label(name) if value is None else value for name, value in self.dims.items())


@dataclass(frozen=True, slots=True)
class Measured:
    """What a rule found: the value of each group, and how many groups were too small to be judged."""

    groups: Sequence[Group]
    left_out: int = 0

    @classmethod
    def nothing(cls, why: str) -> Measured:
        """Return that there is no value at all, and why."""
        return cls((Group({}, None, why),))


def null_label(name: str) -> str:
    """Return what people read where the value of a dimension is unknown."""
    return UNTAGGED if name in _MEMBERS else dimension(name).null_label
