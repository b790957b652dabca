"""Speaks with one agent and waits for its answers, as a worker does."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import TypeVar

import httpx

from .delivery import Route, Wire, conversation, extensions, take, timeouts, url
from .steps import Answer, Pause, Steps
from .target import AgentTarget

T = TypeVar("T")


class AgentdClient:
    """
    One connection to an agent, kept between requests; not for several threads.

    :param target: the agent
    :param agent: the name of the agent that it must be
    :param patience: seconds to go on trying while the agent is away
    :param stopped: asked before each request; once it is true, :class:`.AgentdStopped` is raised
    """

    def __init__(
        self,
        target: AgentTarget,
        *,
        agent: str | None = None,
        patience: float = 60.0,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self.route = Route(target, agent)
        self.patience = patience
        self._stopped = stopped
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=240)
        self._http = httpx.Client(verify=target.credentials.ssl_context(), limits=limits, trust_env=False)

    def run(self, steps: Steps[T], *, patience: float | None = None) -> T:
        """Have a conversation of :mod:`.steps`."""
        talk = conversation(steps, self.route, self.patience if patience is None else patience, self._stopped)
        try:
            step = next(talk)
            while True:
                if isinstance(step, Pause):
                    if step.seconds:
                        time.sleep(step.seconds)
                    step = talk.send(None)
                    continue
                try:
                    answer = self._exchange(step)
                except httpx.TransportError as error:
                    step = talk.throw(error)
                    continue
                step = talk.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            talk.close()

    def _exchange(self, wire: Wire) -> Answer:
        call = wire.call
        body = bytearray()
        with self._http.stream(
            call.method,
            url(wire.address, call),
            params=dict(call.params),
            headers=dict(call.headers),
            content=call.body,
            timeout=timeouts(call),
            extensions=extensions(self.route.target),
        ) as response:
            for chunk in response.iter_raw():
                take(body, chunk, call)
        return Answer(response.status_code, response.headers, bytes(body))

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def __enter__(self) -> AgentdClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
