"""Trigger for the jobs of agentd."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_agentd.agent.delivery import Route
from airflow_provider_agentd.agent.errors import AgentdError, AgentdUnreachable
from airflow_provider_agentd.agent.link import AgentLink
from airflow_provider_agentd.agent.output_log import OutputLog
from airflow_provider_agentd.agent.steps import cancel, wait_for_end, watch
from airflow_provider_agentd.hooks.agentd import AgentdHook, with_remedy
from airflow_provider_agentd.task_log import LogChannel, left_out_line, started_line

#: Airflow gives on_kill 30 seconds ([triggerer] on_kill_timeout).
ON_KILL_SECONDS = 25.0
#: What is still to be logged at a job's end, the triggerer logs up to this many bytes. More is left to the worker that the task
#: comes back to: its log takes a hundred times as much a second, and nobody else's trigger waits for it.
REST_BYTES = 128 * 1024
#: How long a trigger that has logged everything waits until that is in the log.
LOGGED_SECONDS = 10.0


class AgentdJobTrigger(BaseTrigger):
    """
    Waits for the end of a job, and logs what it writes meanwhile.

    All triggers of a triggerer share one connection an agent. A triggerer that takes over from another one begins the output anew, and
    says so: nothing is missing then, and what is there twice is between two such lines. The event says up to where the output is
    logged.

    :param agentd_conn_id: the connection
    :param job_id: the job
    :param choice: the label by which the job is told from another of the same id; None if any job of the id will do
    :param agent: the name of the agent that has the job; None if any will do
    :param address: where it was submitted
    :param show_output: whether to log what it writes
    :param log_limit: bytes of output to log at most, None for all
    :param poll_interval: the longest time between two looks at the job, in seconds
    :param patience: seconds for which the agent may be unreachable
    :param may_come: whether a job that the agent does not know is waited for
    """

    def __init__(
        self,
        *,
        agentd_conn_id: str,
        job_id: str,
        choice: str | None = None,
        agent: str | None = None,
        address: str | None = None,
        show_output: bool = True,
        log_limit: int | None = None,
        poll_interval: float = 5.0,
        patience: float = 3600.0,
        may_come: bool = False,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.agentd_conn_id = agentd_conn_id
        self.job_id = job_id
        self.choice = choice
        self.agent = agent
        self.address = address
        self.show_output = show_output
        self.log_limit = log_limit
        self.poll_interval = poll_interval
        self.patience = patience
        self.may_come = may_come
        self._link: AgentLink | None = None
        self._route: Route | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Get what the trigger is made of again, in this triggerer or another."""
        names = (
            "agentd_conn_id",
            "job_id",
            "choice",
            "agent",
            "address",
            "show_output",
            "log_limit",
            "poll_interval",
            "patience",
            "may_come",
        )
        return f"{type(self).__module__}.{type(self).__qualname__}", {name: getattr(self, name) for name in names}

    async def _open(self) -> tuple[AgentLink, Route]:
        if self._link is None or self._route is None:
            target = await AgentdHook(self.agentd_conn_id).atarget()
            if self.address:
                target = target.with_address(self.address)
            self._link = AgentLink.to(target)
            self._route = Route(target, self.agent)
        return self._link, self._route

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Fire once: with the job that has ended, or with why that is not known."""
        try:
            yield TriggerEvent(await self._watched())
        except (AgentdError, ValueError) as error:
            unreachable = isinstance(error, AgentdUnreachable)
            yield TriggerEvent({"job": None, "last_line": "", "unreachable": unreachable, "error": with_remedy(error)})

    async def _watched(self) -> dict[str, Any]:
        link, route = await self._open()
        log = OutputLog(self.log_limit) if self.show_output else None
        channel = LogChannel()
        place = self.address or str(route.target.addresses[0])
        if log:
            self.log.info("%s", started_line(self.job_id, self.agent or place))
        while True:
            job = await link.run(
                watch(
                    self.job_id,
                    log,
                    lambda text: self.log.info("%s", text),
                    poll_interval=self.poll_interval,
                    left_out=lambda first, end: left_out_line(first, end, place, self.job_id),
                    has_room=channel.has_room,
                    rest=REST_BYTES,
                ),
                route,
                patience=self.patience,
            )
            if job is None and self.may_come:
                await asyncio.sleep(self.poll_interval)
                continue
            if log:
                # After the event nobody reads the output again.
                ends = time.monotonic() + LOGGED_SECONDS
                while not channel.is_empty() and time.monotonic() < ends:
                    await asyncio.sleep(0.02)
            return {
                "job": job.to_json() if job else None,
                "agent": self.agent,
                "address": place,
                "offset": log.shown if log else None,
                "last_line": log.last_line if log else "",
                "unreachable": False,
                "error": None,
            }

    async def on_kill(self) -> None:
        """Cancel the job: the task was marked as failed or successful, or cleared, while it was deferred."""
        if self.choice is None:
            return
        link, route = await self._open()
        job = await link.run(
            cancel(self.job_id, lambda job: job.labels.get("airflow.choice") == self.choice),
            route,
            patience=ON_KILL_SECONDS,
        )
        if job is not None and not job.ended:
            job = await link.run(wait_for_end(self.job_id, ON_KILL_SECONDS), route, patience=ON_KILL_SECONDS)
        if job is not None:
            self.log.info("%s; %s processes left", job, "unknown" if job.left is None else job.left)

    async def cleanup(self) -> None:
        """Give the connection back."""
        if self._link is not None:
            self._link.release()
            self._link = None
