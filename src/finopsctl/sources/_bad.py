"""Records that could not be counted, and what was odd about those that were."""

from __future__ import annotations

from dataclasses import dataclass, field

_EXAMPLES = 20


@dataclass(slots=True)
class Faults:
    """Collects, while one file is read, what went wrong where.

    ``bad`` counts records set aside, ``odd`` records counted in spite of something; of each the first few are kept as
    (place, reason). Places are ``file:line`` or ``file#row``.
    """

    file: str
    bad: int = 0
    odd: int = 0
    bad_examples: list[tuple[str, str]] = field(default_factory=list)
    odd_examples: list[tuple[str, str]] = field(default_factory=list)

    def reject(self, place: str, reason: str) -> None:
        """Count one record as set aside."""
        self.bad += 1
        if len(self.bad_examples) < _EXAMPLES:
            self.bad_examples.append((place, reason))

    def remark(self, place: str, reason: str) -> None:
        """Count one record as odd."""
        self.odd += 1
        if len(self.odd_examples) < _EXAMPLES:
            self.odd_examples.append((place, reason))
