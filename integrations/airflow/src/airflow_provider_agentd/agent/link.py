"""Speaks with an agent for all triggers of a triggerer, over one connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar, TypeVar

import httpx

from .delivery import Route, Wire, conversation, extensions, take, timeouts, url
from .steps import Answer, Pause, Steps
from .target import AgentTarget

T = TypeVar("T")
#: An unused connection is kept for so many seconds, for the next task on the same agent.
IDLE_SECONDS = 30.0


class AgentLink:
    """
    The one connection of an event loop to an agent; whoever wants to ask waits for its turn.

    It speaks HTTP/1.1 (all that httpx does by itself), so answers are never held back: a request takes milliseconds, and a
    cancellation is not behind another task's wait.
    """

    _links: ClassVar[dict[tuple[object, ...], AgentLink]] = {}

    def __init__(self, target: AgentTarget) -> None:
        self.target = target
        self.users = 0
        self._turn = asyncio.Lock()
        self._closing: asyncio.TimerHandle | None = None
        self._http = self._connect()

    def _connect(self) -> httpx.AsyncClient:
        self._context = self.target.credentials.ssl_context()
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=240)
        return httpx.AsyncClient(verify=self._context, limits=limits, trust_env=False)

    @staticmethod
    def _key(loop: asyncio.AbstractEventLoop, target: AgentTarget) -> tuple[object, ...]:
        # Jobs of one agent may have been submitted at any of its addresses.
        return loop, frozenset(target.addresses), target.credentials, target.server_name

    @classmethod
    def to(cls, target: AgentTarget) -> AgentLink:
        """Get the link of the running loop to this agent; :meth:`release` gives it back."""
        key = cls._key(asyncio.get_running_loop(), target)
        link = cls._links.get(key)
        if link is None:
            link = cls._links[key] = cls(target)
        link.users += 1
        if link._closing:
            link._closing.cancel()
            link._closing = None
        return link

    def release(self) -> None:
        """Say that it is not needed any more; after the last user it is closed, a while later."""
        self.users -= 1
        if self.users == 0:
            loop = asyncio.get_running_loop()
            self._closing = loop.call_later(IDLE_SECONDS, self._close, loop)

    def _close(self, loop: asyncio.AbstractEventLoop) -> None:
        self._links.pop(self._key(loop, self.target), None)
        self._goodbye = loop.create_task(self._http.aclose())

    async def run(
        self,
        steps: Steps[T],
        route: Route,
        *,
        patience: float,
        stopped: Callable[[], bool] = lambda: False,
    ) -> T:
        """Have a conversation of :mod:`.steps`; other tasks have their turns between its requests."""
        talk = conversation(steps, route, patience, stopped)
        try:
            step = next(talk)
            while True:
                if isinstance(step, Pause):
                    await asyncio.sleep(step.seconds)
                    step = talk.send(None)
                    continue
                try:
                    async with self._turn:
                        answer = await self._exchange_or_reconnect(step)
                except httpx.TransportError as error:
                    await self._renew()
                    step = talk.throw(error)
                    continue
                step = talk.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            talk.close()

    async def _renew(self) -> None:
        """After a failure, use the certificate that lies in the files now."""
        async with self._turn:
            if self.target.credentials.ssl_context() is not self._context:
                await self._http.aclose()
                self._http = self._connect()

    async def _exchange_or_reconnect(self, wire: Wire) -> Answer:
        try:
            return await self._exchange(wire)
        except asyncio.CancelledError:
            # httpcore may count the connection of a cancelled request as in use for ever, and there is only this one.
            cut, self._http = self._http, self._connect()
            self._goodbye = asyncio.get_running_loop().create_task(cut.aclose())
            raise

    async def _exchange(self, wire: Wire) -> Answer:
        call = wire.call
        body = bytearray()
        async with self._http.stream(
            call.method,
            url(wire.address, call),
            params=dict(call.params),
            headers=dict(call.headers),
            content=call.body,
            timeout=timeouts(call),
            extensions=extensions(self.target),
        ) as response:
            async for chunk in response.aiter_raw():
                take(body, chunk, call)
        return Answer(response.status_code, response.headers, bytes(body))
