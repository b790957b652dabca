"""
Which job of the agent's is the one that a task instance stands for.

A *run* is one execution of a task instance's work, and has a number. A try of Airflow's is something else: a new try belongs to the
run of the one before if that was lost, and begins a new run only if the old one failed or a person cleared the task. docs/at-most-once.md
has the table that :func:`judge` is.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Any, Protocol

from airflow_provider_agentd.agent.client import AgentdClient
from airflow_provider_agentd.agent.errors import AgentdRefusal, AgentdUnreachable
from airflow_provider_agentd.agent.job import Job
from airflow_provider_agentd.agent.steps import cancel, find_labelled, show, show_agent, submit, wait_for_end

#: The key in the task state store. Renamed, it would lose the runs that are under way.
STORE_KEY = "agentd_run"
#: A state that only we know: the agent was given the job and does not know it any more.
FORGOTTEN = "forgotten"
#: After these states, a retry of Airflow's is a new run.
RETRY_STATES = frozenset({"failed", "killed", "timed_out", "cancelled", "output_limit", "could_not_start"})
_NUMBERS = 1000


@dataclass(frozen=True)
class TaskName:
    """
    The task instance, by the names that Airflow has for it.

    :param map_index: -1 if it is not mapped
    :param incarnation: tells a Dag run from an earlier one of the same id that was deleted, where that is not told by the
        task state store
    """

    dag_id: str
    task_id: str
    run_id: str
    map_index: int = -1
    incarnation: str = ""

    @property
    def digest(self) -> str:
        """All names in 20 hexadecimal digits: job ids have neither all characters of Airflow's nor their length."""
        names = json.dumps([self.dag_id, self.task_id, self.run_id, self.map_index, self.incarnation])
        return hashlib.sha256(names.encode()).hexdigest()[:20]

    def job_id(self, number: int) -> str:
        """The id of the job of this run: readable at its beginning, unique by its end."""
        readable = re.sub(r"[^A-Za-z0-9_-]+", "-", f"{self.dag_id}.{self.task_id}").strip("-")[:80]
        return f"{readable or 'airflow'}.{self.digest}.{number}"


@dataclass(frozen=True)
class Run:
    """
    A run, as it is stored before its job is submitted.

    :param job_id: the id of its job
    :param number: counts the runs of the task instance, from 1
    :param choice: made for this run alone, and a label of its job: by it a run's job is told from any other job of this id
    :param max_tries: Airflow's maximum of tries when it was chosen. Clearing a task raises it, and nothing else does.
    :param agent: the name of the agent
    :param address: where that was
    :param submitted: whether the agent said that it has it
    """

    job_id: str
    number: int
    choice: str
    max_tries: int
    agent: str
    address: str
    submitted: bool = False

    def to_json(self) -> dict[str, Any]:
        """Get it as the task state store keeps it."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Any) -> Run | None:
        """Read it; None if there is none."""
        if not isinstance(data, Mapping):
            return None
        return cls(**{name: data[name] for name in cls.__dataclass_fields__})

    def is_of(self, job: Job) -> bool:
        """Whether this job is this run's."""
        return job.labels.get("airflow.choice") == self.choice

    def labels(self, task: TaskName) -> dict[str, str]:
        """Get what the job is labelled with, so that it is found at the agent by Airflow's names."""
        return {
            "airflow.dag": task.dag_id,
            "airflow.task": task.task_id,
            "airflow.run": task.run_id,
            "airflow.map_index": str(task.map_index),
            "airflow.run_number": str(self.number),
            "airflow.instance": task.digest,
            "airflow.choice": self.choice,
            "airflow.max_tries": str(self.max_tries),
        }


class RunStore(Protocol):
    """Keeps the present run of a task instance from one try to the next."""

    def get(self) -> Run | None:
        """Read it."""

    def set(self, run: Run) -> None:
        """Write it; raises if that fails, also because this try is not the current one any more."""


class TaskStateRunStore:
    """
    Airflow 3.3's task state store.

    :param store: ``context["task_state_store"]``
    :param retention: how long to keep it
    """

    def __init__(self, store: Any, retention: Any) -> None:
        self._store = store
        self._retention = retention

    def get(self) -> Run | None:
        """Read it."""
        return Run.from_json(self._store.get(STORE_KEY))

    def set(self, run: Run) -> None:
        """Write it. A try whose task instance was cleared or retried meanwhile has another id, and is refused."""
        self._store.set(STORE_KEY, run.to_json(), retention=self._retention)


class AgentRunStore:
    """
    Where Airflow keeps nothing (before 3.3): the newest job of the task instance at the agent, by its labels.

    What was chosen and not submitted is forgotten, and chosen again as the same.
    """

    def __init__(self, client: Callable[[], AgentdClient], task: TaskName) -> None:
        self._client = client
        self._task = task

    def get(self) -> Run | None:
        """Ask the agent."""
        with self._client() as client:
            job = client.run(find_labelled("airflow.instance", self._task.digest))
            if job is None:
                return None
            return Run(
                job_id=job.id,
                number=int(job.labels["airflow.run_number"]),
                choice=job.labels["airflow.choice"],
                max_tries=int(job.labels["airflow.max_tries"]),
                agent=str(client.run(show_agent())["name"]),
                address=str(client.route.address),
                submitted=True,
            )

    def set(self, run: Run) -> None:
        """Nothing: the job itself is the record."""


class Verdict(Enum):
    """What a new try does about the run that it finds."""

    FOLLOW = "the same job is followed to its end"
    DONE = "the job has succeeded, and so has the task"
    SUBMIT = "the job was chosen and never submitted: it is submitted, under the same id"
    CHOOSE_AGAIN = "the job was chosen and never submitted, and the task was cleared: the id is used for the new run"
    NEW_RUN = "a new run begins"
    CANCEL = "the job is cancelled, and a new run begins when it is gone"
    FAIL = "the job is not run again"


def judge(run: Run, job: Job | None, *, cleared: bool, retry_states: Collection[str] = RETRY_STATES) -> Verdict:
    """
    Decide what a new try does.

    :param run: the run of the tries before
    :param job: its job at the agent, if there is one
    :param cleared: whether a person cleared the task since the run was chosen
    :param retry_states: the states after which a retry is a new run
    """
    if job is None:
        if not run.submitted:
            return Verdict.CHOOSE_AGAIN if cleared else Verdict.SUBMIT
        return Verdict.NEW_RUN if cleared or FORGOTTEN in retry_states else Verdict.FAIL
    if not job.ended:
        return Verdict.CANCEL if cleared else Verdict.FOLLOW
    if cleared:
        return Verdict.NEW_RUN
    if job.state == "succeeded":
        return Verdict.DONE
    return Verdict.NEW_RUN if job.state in retry_states else Verdict.FAIL


class JobIsLeft(Exception):
    """A job that was to be cancelled is still there; a new run beside it would be a second one."""


class RunKeeper:
    """
    Finds the run of a task instance, or begins a new one.

    :param task: the task instance
    :param store: where its run is kept
    :param client: makes a client for the agent that the connection names, or for the agent of a run
    :param max_tries: Airflow's maximum of tries now
    :param choice: what a new run is marked with; another one in each try
    :param retry_states: the states after which a retry is a new run
    :param cancel_seconds: how long a job that is cancelled may take to end
    :param say: is told what is found and done
    :param begun: is told of a run before its job is submitted, so that it can be cancelled from then on
    """

    def __init__(
        self,
        *,
        task: TaskName,
        store: RunStore,
        client: Callable[[Run | None], AgentdClient],
        max_tries: int,
        choice: str,
        retry_states: Collection[str],
        cancel_seconds: float,
        say: Callable[[str], None],
        begun: Callable[[Run], None],
    ) -> None:
        self._task = task
        self._store = store
        self._client = client
        self._max_tries = max_tries
        self._choice = choice
        self._retry_states = retry_states
        self._cancel_seconds = cancel_seconds
        self._say = say
        self._begun = begun

    def find_or_begin(self, request: Mapping[str, Any]) -> tuple[Run, Job]:
        """
        Get the run of this try with its job, which may have ended.

        :param request: what to submit if there is something to submit
        :raises AgentdUnreachable: if that cannot be decided without the agent of an earlier run
        :raises JobIsLeft: if a job that a person cleared does not go
        """
        run = self._store.get()
        if run is None:
            return self._begin(1, request)
        cleared = run.max_tries != self._max_tries
        with self._client_of(run, cleared) as client:
            job = client.run(show(run.job_id))
            if job is not None and not run.is_of(job):
                job = None
            verdict = judge(run, job, cleared=cleared, retry_states=self._retry_states)
            state = job.state if job else FORGOTTEN if run.submitted else "not submitted"
            why = "the task was cleared; " if cleared else ""
            self._say(f"{why}run {run.number} was job {run.job_id} on {run.agent} ({state}): {verdict.value}")
            if verdict is Verdict.SUBMIT:
                return self._submit(client, run, request) or self._begin(run.number + 1, request)
            if verdict is Verdict.CANCEL:
                self._cancel(client, run)
        if verdict is Verdict.CHOOSE_AGAIN:
            return self._begin(run.number, request, replaced=run)
        if verdict in (Verdict.NEW_RUN, Verdict.CANCEL):
            return self._begin(run.number + 1, request)
        if job is None:
            return run, Job(run.job_id, FORGOTTEN, reason="the agent does not know the job any more")
        if not run.submitted:
            run = replace(run, submitted=True)
            self._store.set(run)
        self._begun(run)
        return run, job

    def _client_of(self, run: Run, cleared: bool) -> AgentdClient:
        client = self._client(run)
        try:
            client.run(show_agent())
        except AgentdUnreachable as error:
            client.close()
            hint = (
                f"; if its host is gone for good, delete the key {STORE_KEY} from the task's state" if cleared else ""
            )
            raise AgentdUnreachable(
                f"run {run.number} was given to agent {run.agent}, which does not answer, so it is not known whether "
                f"its job {run.job_id} runs ({error}){hint}"
            ) from error
        return client

    def _begin(self, number: int, request: Mapping[str, Any], replaced: Run | None = None) -> tuple[Run, Job]:
        with self._client(None) as client:
            agent = str(client.run(show_agent())["name"])
            # The rest is for this agent, or none.
            client.route.agent = agent
            client.route.seen.add(client.route.address)
            for tried in range(number, number + _NUMBERS):
                run = Run(
                    job_id=self._task.job_id(tried),
                    number=tried,
                    choice=self._choice,
                    max_tries=self._max_tries,
                    agent=agent,
                    address=str(client.route.address),
                )
                self._store.set(run)
                submitted = self._submit(client, run, request)
                if submitted:
                    return submitted
                self._say(f"{run.job_id} is there already, of an earlier run: the next number is taken")
                if replaced:
                    # A worker of before the clear was on its way to submit it, and came first.
                    self._cancel(client, replaced)
        raise JobIsLeft(f"the ids of {_NUMBERS} runs after {number} are all taken at agent {agent}")

    def _submit(self, client: AgentdClient, run: Run, request: Mapping[str, Any]) -> tuple[Run, Job] | None:
        """Submit a run; None if its id is taken by a job that is not this run's."""
        self._begun(run)
        labels = {**(request.get("labels") or {}), **run.labels(self._task)}
        job = client.run(submit(run.job_id, {**request, "labels": labels}))
        if job is None:
            # The same run, if its request was made of other values in the try before.
            job = self._visible(client, run.job_id)
        if job is None or not run.is_of(job):
            return None
        run = replace(run, submitted=True)
        self._store.set(run)
        self._begun(run)
        self._say(f"run {run.number} is job {run.job_id} on agent {run.agent} ({client.route.address})")
        return run, job

    @staticmethod
    def _visible(client: AgentdClient, job_id: str) -> Job | None:
        try:
            return client.run(show(job_id))
        except AgentdRefusal as refusal:
            if refusal.status == 403:
                return None
            raise

    def _cancel(self, client: AgentdClient, run: Run) -> None:
        client.run(cancel(run.job_id, run.is_of))
        job = client.run(wait_for_end(run.job_id, self._cancel_seconds))
        if job is not None and not run.is_of(job):
            return
        if job is not None and (not job.ended or job.left):
            what = f"{job.left} of its processes are left" if job.ended else f"is {job.state}"
            raise JobIsLeft(f"job {run.job_id} was cancelled {self._cancel_seconds:.0f} s ago, and {what}")
        self._say(f"job {run.job_id} has ended{f', {job.left} processes left' if job else ''}")
