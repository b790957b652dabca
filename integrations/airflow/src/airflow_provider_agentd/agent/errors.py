"""What can go wrong between a scheduler and an agent, by who has to act."""

from __future__ import annotations


class AgentdError(Exception):
    """Any failure to get an answer from an agent, or any answer that is a refusal."""


class AgentdUnreachable(AgentdError):
    """No address answered for as long as we were willing to try; whether a request got there is not known."""


class AgentdStopped(AgentdError):
    """Whoever asked does not want the answer any more."""


class AgentdRefusal(AgentdError):
    """
    The agent refused a request; the request changed nothing.

    :param status: the HTTP status
    :param kind: the last part of the problem's type, as docs/problems.md lists them
    :param detail: what was wrong, in one sentence
    """

    def __init__(self, status: int, kind: str, detail: str) -> None:
        super().__init__(f"the agent refused it: {detail} ({status}, {kind})")
        self.status = status
        self.kind = kind
        self.detail = detail
