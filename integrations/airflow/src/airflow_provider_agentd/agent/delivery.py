"""Gets a request to an agent, and the answer back, over whichever of its addresses works."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TypeVar

import httpx

from .errors import AgentdError, AgentdStopped, AgentdUnreachable
from .steps import Answer, Call, Pause, Steps
from .target import AgentAddress, AgentTarget

_AGENT = Call("GET", "/v1/agent")
#: The agent has too much to do, for us or for all; it changed nothing.
_LATER = (429, 503)


@dataclass(frozen=True)
class Wire:
    """A request to one address. The answer is sent in; an :class:`httpx.TransportError` is thrown in."""

    address: AgentAddress
    call: Call


@dataclass
class Route:
    """
    Which address of an agent is used, and whether it was seen to be that agent.

    Requests go to another address when one fails. All of them can be repeated: an agent runs a job's id once. But only
    *that* agent knows the id; at another one the same id would be a second run. So where ``agent`` is known, an address
    counts only if the agent there says that it is this one.

    :param target: the addresses
    :param agent: the name by which the agent knows itself, once known
    """

    target: AgentTarget
    agent: str | None = None
    current: int = 0
    seen: set[AgentAddress] = field(default_factory=set)

    @property
    def address(self) -> AgentAddress:
        """The address that answered last."""
        return self.target.addresses[self.current]

    def in_order(self) -> list[int]:
        """All addresses, the one that answered last first."""
        count = len(self.target.addresses)
        return [(self.current + step) % count for step in range(count)]


Delivery = Generator["Wire | Pause", "Answer | None", Answer]
T = TypeVar("T")


def deliver(call: Call, route: Route, patience: float, stopped: Callable[[], bool]) -> Delivery:
    """
    Send a request until there is an answer.

    :param patience: seconds to go on trying
    :param stopped: whether nobody wants the answer any more
    :raises AgentdUnreachable: if there was none
    """
    ends = time.monotonic() + patience
    delay = 0.1
    while True:
        if stopped():
            raise AgentdStopped("the task was told to stop")
        reasons: list[str] = []
        answer = yield from _once(call, route, reasons)
        wait = delay
        if answer is not None:
            if answer.status not in _LATER:
                return answer
            reasons.append(f"{route.address}: {answer.refusal().detail}")
            wait = _retry_after(answer, delay)
        if time.monotonic() + wait > ends:
            raise AgentdUnreachable("; ".join(reasons))
        yield Pause(wait)
        delay = min(delay * 2, 5.0)


def _once(call: Call, route: Route, reasons: list[str]) -> Generator[Wire | Pause, Answer | None, Answer | None]:
    """Try each address once; None if there was no answer, for these reasons."""
    for index in route.in_order():
        address = route.target.addresses[index]
        try:
            if route.agent is not None and address not in route.seen:
                described = yield Wire(address, _AGENT)
                if described is not None and described.status in _LATER:
                    reasons.append(f"{address}: {described.refusal().detail}")
                    continue
                name = _name(described)
                if name != route.agent:
                    reasons.append(f"{address}: is agent {name}, not {route.agent}")
                    continue
                route.seen.add(address)
            answer = yield Wire(address, call)
        except httpx.TransportError as error:
            # Whoever answers there next may be another one.
            route.seen.discard(address)
            reasons.append(f"{address}: {_reason(error)}")
            continue
        route.current = index
        return answer
    return None


def _name(answer: Answer | None) -> str:
    if answer is None or answer.status != 200:
        raise answer.refusal() if answer else RuntimeError("a call was not answered")
    try:
        return str(json.loads(answer.body)["name"])
    except (ValueError, KeyError, TypeError) as error:
        raise AgentdError("the agent's answer does not describe an agent") from error


def _reason(error: httpx.TransportError) -> str:
    return str(error) or {
        "ConnectTimeout": "no answer to a connection",
        "ReadTimeout": "no answer to a request",
    }.get(type(error).__name__, type(error).__name__)


def _retry_after(answer: Answer, otherwise: float) -> float:
    try:
        return min(60.0, max(0.1, float(answer.headers["retry-after"])))
    except (KeyError, ValueError):
        return otherwise


def conversation(
    steps: Steps[T], route: Route, patience: float, stopped: Callable[[], bool] = lambda: False
) -> Generator[Wire | Pause, Answer | None, T]:
    """Turn the calls of a conversation into requests to addresses."""
    try:
        step = next(steps)
        while True:
            answer: Answer | None = None
            if isinstance(step, Pause):
                yield step
            else:
                try:
                    answer = yield from deliver(step, route, patience, stopped)
                except AgentdError as error:
                    step = steps.throw(error)
                    continue
            step = steps.send(answer)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        steps.close()


#: Dead peers are found by the kernel, also while an answer is held back.
CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0


def timeouts(call: Call) -> httpx.Timeout:
    """How long one request may take; a connection that is in use is waited for."""
    return httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS, read=READ_SECONDS + call.hold, pool=None)


def url(address: AgentAddress, call: Call) -> str:
    """Where a call goes."""
    return f"https://{address}{call.path}"


def extensions(target: AgentTarget) -> dict[str, str]:
    """By which name the agent's certificate is judged, where it is not the address."""
    return {"sni_hostname": target.server_name} if target.server_name else {}


class TooLong(httpx.TransportError):
    """The answer is longer than any answer to this call."""


def take(received: bytearray, chunk: bytes, call: Call) -> None:
    """Add a piece of an answer, within the limit."""
    received += chunk
    if len(received) > call.limit:
        raise TooLong(f"the answer is longer than {call.limit} bytes")
