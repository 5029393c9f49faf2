"""Where somebody stands who reads the logs of a sweep: what a broken connection goes on from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

POSITION_PATTERN = r"^[0-9]{1,9};[0-9]{1,9};([0-9]{1,9}:[0-9]{1,12}(,[0-9]{1,9}:[0-9]{1,12})*)?$"


@dataclass(frozen=True)
class Position:
    """How much of each log has been read, by the ordinal of its runner.

    Most runners of a long sweep are over and wholly read: those before a certain one are told by its ordinal alone.
    """

    whole_before: int = 1
    speaker: int = 0
    """Ordinal of the runner whose words came last; 0 before there were any."""
    read: Mapping[int, int] = field(default_factory=dict)
    """Characters that have been read of the others, those that were introduced."""

    def __str__(self) -> str:
        read = ",".join(f"{ordinal}:{characters}" for ordinal, characters in sorted(self.read.items()))
        return f"{self.whole_before};{self.speaker};{read}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The position that a text of POSITION_PATTERN tells."""
        whole_before, speaker, read = text.split(";")
        pairs = [pair.split(":") for pair in read.split(",") if pair]
        return cls(int(whole_before), int(speaker), {int(ordinal): int(characters) for ordinal, characters in pairs})
