"""A job as the agent describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: States that a job does not leave; all others (also those of a later agentd that we do not know) may change.
ENDED = frozenset(
    {
        "succeeded",
        "failed",
        "killed",
        "timed_out",
        "cancelled",
        "output_limit",
        "could_not_start",
        "interrupted",
    }
)


@dataclass(frozen=True)
class Job:
    """The part of the agent's answer that a scheduler acts on; what is not known is None."""

    id: str
    state: str
    exit_code: int | None = None
    signal: str | None = None
    reason: str | None = None
    output_bytes: int | None = None
    output_bytes_dropped: int | None = None
    disk_was_full: bool | None = None
    killed: int | None = None
    left: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Job:
        """
        Read what :meth:`to_json` or an agent wrote.

        :raises ValueError: if it is not a job
        """
        if not isinstance(data.get("id"), str) or not isinstance(data.get("state"), str):
            raise ValueError("the answer is not a job")
        return cls(**{name: data[name] for name in cls.__dataclass_fields__ if name in data})

    def to_json(self) -> dict[str, Any]:
        """Everything but the labels, in types that JSON has."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "labels"}

    @property
    def ended(self) -> bool:
        """Whether the state is final."""
        return self.state in ENDED

    def __str__(self) -> str:
        words = [self.state]
        if self.exit_code is not None:
            words.append(f"exit code {self.exit_code}")
        if self.signal:
            words.append(self.signal)
        if self.reason:
            words.append(self.reason)
        return f"job {self.id}: {', '.join(words)}"
