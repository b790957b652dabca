"""Operator for agentd."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping, Sequence
from datetime import timedelta
from typing import Any

from airflow_provider_agentd.agent.client import AgentdClient
from airflow_provider_agentd.agent.errors import AgentdError, AgentdRefusal, AgentdStopped
from airflow_provider_agentd.agent.job import Job
from airflow_provider_agentd.agent.output_log import OutputLog
from airflow_provider_agentd.agent.steps import cancel, copy_output, wait_for_end, watch
from airflow_provider_agentd.agent.target import AgentTarget
from airflow_provider_agentd.hooks.agentd import AgentdHook, with_remedy
from airflow_provider_agentd.runs import (
    RETRY_STATES,
    AgentRunStore,
    JobIsLeft,
    Run,
    RunKeeper,
    RunStore,
    TaskName,
    TaskStateRunStore,
)
from airflow_provider_agentd.task_log import left_out_line, started_line
from airflow_provider_agentd.triggers.agentd import AgentdJobTrigger
from airflow_provider_agentd.version_compat import (
    NEVER_EXPIRE,
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
    BaseOperator,
    Context,
    conf,
)

#: The supervisor kills a task that goes on for more than 5 seconds after it was told to stop.
ON_KILL_SECONDS = 3.0
DEFAULT_KILL_GRACE = 10.0


class AgentdOperator(BaseOperator):
    """
    Runs a command or a script on the host of an agentd, at most once a run.

    The job's id is stored before the job is submitted. A new try that Airflow starts because a worker, the scheduler or a
    triggerer died finds the same job again. A retry after a job that failed, and a task that was cleared, are new runs.

    :param command: the program and its arguments, executed as they are, with no shell in between (templated)
    :param script: a script in place of a command, or the name of a file ``*.j2`` beside the Dag that holds one (templated)
    :param interpreter: the absolute path of the program that reads the script; else its first line says which, else it is /bin/sh
    :param agentd_conn_id: the :ref:`connection <howto/connection:agentd>` that names the agent (templated)
    :param user: the user to run as; else as the agent is configured (templated)
    :param group: the primary group; else the user's own (templated)
    :param directory: the working directory, absolute; else the user's home (templated)
    :param environment: variables that are added to the clean environment of every job (templated)
    :param stdin: what the job reads (templated)
    :param login: whether the user's login shell executes it, after reading the user's profile
    :param umask: as ``"027"``
    :param timeout: seconds after which the agent ends the job; else ``execution_timeout``, if there is one
    :param kill_grace: seconds between TERM and KILL
    :param output_limit: bytes of output after which the agent kills the job
    :param limits: what the job's processes together may use: ``cpu`` (processors), ``memory`` (bytes), ``tasks``
    :param agent_pool: the agent's pool for the job; not to be confused with Airflow's
    :param labels: free text by which the job is found at the agent (templated)
    :param deferrable: wait in the triggerer, without a worker
    :param retry_states: the states of a job after which a retry of Airflow's is a new run; after others the task fails without
        a retry. ``interrupted`` (the host went down under the job) and ``forgotten`` (the agent does not know the job any more) are
        not among them, because how far the job came is not known.
    :param skip_on_exit_code: exit codes after which the task is skipped
    :param log_limit: bytes of output to show in the task's log; what is more is left out in the middle, with a line
        that says so. None for all.
    :param xcom_last_line: whether the last line of the output is in the XCom
    :param poll_interval: the longest time between two looks at a job, in seconds
    :param submit_timeout: seconds to go on trying to submit while the agent is away
    :param unreachable_timeout: seconds for which the agent may be away while the job runs; then the task fails, and its retry looks
        for the same job
    """

    template_fields: Sequence[str] = (
        "command",
        "script",
        "agentd_conn_id",
        "user",
        "group",
        "directory",
        "environment",
        "stdin",
        "labels",
    )
    # Airflow takes any templated string that ends so for the name of a file, and programs of commands end in .sh or .py.
    template_ext: Sequence[str] = (".j2",)
    template_fields_renderers = {"command": "json", "script": "bash", "environment": "json", "labels": "json"}  # noqa: RUF012
    ui_color = "#dcebe4"

    def __init__(
        self,
        *,
        command: Sequence[str] | None = None,
        script: str | None = None,
        interpreter: str | None = None,
        agentd_conn_id: str = AgentdHook.default_conn_name,
        user: str | None = None,
        group: str | None = None,
        directory: str | None = None,
        environment: Mapping[str, str] | None = None,
        stdin: str | None = None,
        login: bool | None = None,
        umask: str | None = None,
        timeout: float | timedelta | None = None,
        kill_grace: float | None = None,
        output_limit: int | None = None,
        limits: Mapping[str, float] | None = None,
        agent_pool: str | None = None,
        labels: Mapping[str, str] | None = None,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        retry_states: Collection[str] = RETRY_STATES,
        skip_on_exit_code: int | Container[int] | None = None,
        log_limit: int | None = 16 * 1024 * 1024,
        xcom_last_line: bool = False,
        poll_interval: float = 5.0,
        submit_timeout: float = 60.0,
        unreachable_timeout: float = 3600.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.command = command
        self.script = script
        self.interpreter = interpreter
        self.agentd_conn_id = agentd_conn_id
        self.user = user
        self.group = group
        self.directory = directory
        self.environment = environment
        self.stdin = stdin
        self.login = login
        self.umask = umask
        self.timeout = timeout
        self.kill_grace = kill_grace
        self.output_limit = output_limit
        self.limits = limits
        self.agent_pool = agent_pool
        self.labels = labels
        self.deferrable = deferrable
        self.retry_states = retry_states
        self.skip_on_exit_code = skip_on_exit_code
        self.log_limit = log_limit
        self.xcom_last_line = xcom_last_line
        self.poll_interval = poll_interval
        self.submit_timeout = submit_timeout
        self.unreachable_timeout = unreachable_timeout
        self._target: AgentTarget | None = None
        self._run: Run | None = None
        self._killed = False

    def execute(self, context: Context) -> Any:
        """Find the job of this run or submit it; then wait for its end, or have the triggerer wait."""
        try:
            request = self._request()
            self._target = AgentdHook(self.agentd_conn_id).target()
            run, job = self._keeper(context).find_or_begin(request)
            self._stop_if_killed(run)
            if self.deferrable and not job.ended and job.state != "forgotten":
                self.defer(trigger=self._trigger(run), method_name=self.execute_complete.__name__)
            last_line = ""
            if job.state != "forgotten":
                job, last_line = self._follow(run, job)
        except AgentdRefusal as error:
            if error.status in (400, 403, 413, 415, 422):
                raise AirflowFailException(with_remedy(error)) from error
            raise AirflowException(with_remedy(error)) from error
        except (AgentdError, JobIsLeft, ValueError) as error:
            raise AirflowException(with_remedy(error)) from error
        return self._result(job, run.agent, last_line)

    def execute_complete(self, context: Context, event: Mapping[str, Any]) -> Any:
        """Come back from the triggerer with the job that has ended."""
        if event["error"]:
            hint = "; the job may still run, and a retry looks for it" if event["unreachable"] else ""
            raise AirflowException(f"{event['error']}{hint}")
        if event["job"] is None:
            job = Job("", "forgotten", reason="the agent does not know the job any more")
        else:
            job = Job.from_json(event["job"])
        last_line = event["last_line"]
        offset = event.get("offset")
        if offset is not None and offset < (job.output_bytes or 0):
            last_line = self._log_rest(job, event["agent"], event["address"], offset) or last_line
        return self._result(job, event.get("agent") or "", last_line)

    def on_kill(self) -> None:
        """
        Cancel the job: the task was marked, cleared or timed out, or its worker is shut down.

        It is called in the middle of anything, so it has a connection of its own, and asks Airflow nothing.
        """
        self._killed = True
        run, target = self._run, self._target
        if run is None or target is None:
            return
        try:
            with AgentdClient(target.with_address(run.address), agent=run.agent, patience=ON_KILL_SECONDS) as client:
                job = client.run(cancel(run.job_id, run.is_of))
                if job is None:
                    self.log.info("job %s is not at agent %s; if it comes, it is cancelled", run.job_id, run.agent)
                    return
                job = client.run(wait_for_end(run.job_id, ON_KILL_SECONDS)) or job
                self.log.info("%s; %s processes left", job, "unknown" if job.left is None else job.left)
        except (AgentdError, ValueError) as error:
            self.log.warning("job %s on agent %s may still run: %s", run.job_id, run.agent, error)

    def _stop_if_killed(self, run: Run) -> None:
        """What was submitted while we were told to stop is cancelled here."""
        if self._killed:
            self._run = run
            self.on_kill()
            raise AgentdStopped("the task was told to stop")

    def _client(self, run: Run | None, *, patience: float | None = None) -> AgentdClient:
        if self._target is None:
            raise RuntimeError("no agent was looked up")
        target = self._target.with_address(run.address) if run else self._target
        return AgentdClient(
            target,
            agent=run.agent if run else None,
            patience=self.submit_timeout if patience is None else patience,
            stopped=lambda: self._killed,
        )

    def _keeper(self, context: Context) -> RunKeeper:
        ti = context["ti"]
        map_index = -1 if ti.map_index is None else ti.map_index
        store: RunStore
        if context.get("task_state_store") is not None:
            task = TaskName(ti.dag_id, ti.task_id, ti.run_id, map_index)
            store = TaskStateRunStore(context["task_state_store"], NEVER_EXPIRE)
            choice = str(ti.id)
        else:
            dag_run = context["dag_run"]
            task = TaskName(ti.dag_id, ti.task_id, ti.run_id, map_index, str(getattr(dag_run, "id", "")))
            store = AgentRunStore(lambda: self._client(None), task)
            choice = f"{ti.try_number}-{ti.max_tries}"
        return RunKeeper(
            task=task,
            store=store,
            client=self._client,
            max_tries=ti.max_tries,
            choice=choice,
            retry_states=frozenset(self.retry_states),
            cancel_seconds=(DEFAULT_KILL_GRACE if self.kill_grace is None else self.kill_grace) + 15,
            say=lambda text: self.log.info("%s", text),
            begun=self._remember,
        )

    def _remember(self, run: Run) -> None:
        self._run = run

    def _request(self) -> dict[str, Any]:
        """Get what is submitted, without the labels that tell the run."""
        if isinstance(self.command, str):
            raise ValueError(
                "command is a list of the program and its arguments, with no shell in between; "
                "for a line of shell, use script="
            )
        if (self.command is None) == (self.script is None):
            raise ValueError("give either command or script")
        timeout = self.timeout if self.timeout is not None else self.execution_timeout
        request = {
            "command": None if self.command is None else [str(word) for word in self.command],
            "script": self.script,
            "interpreter": self.interpreter,
            "user": self.user,
            "group": self.group,
            "directory": self.directory,
            "environment": {name: str(value) for name, value in (self.environment or {}).items()} or None,
            "stdin": self.stdin,
            "login": self.login,
            "umask": self.umask,
            "timeout": timeout.total_seconds() if isinstance(timeout, timedelta) else timeout,
            "kill_grace": self.kill_grace,
            "output_limit": self.output_limit,
            "limits": dict(self.limits) if self.limits else None,
            "pool": self.agent_pool,
            "labels": {name: str(value) for name, value in (self.labels or {}).items()} or None,
        }
        return {name: value for name, value in request.items() if value is not None}

    def _trigger(self, run: Run) -> AgentdJobTrigger:
        return AgentdJobTrigger(
            agentd_conn_id=self.agentd_conn_id,
            job_id=run.job_id,
            choice=run.choice,
            agent=run.agent,
            address=run.address,
            log_limit=self.log_limit,
            poll_interval=self.poll_interval,
            patience=self.unreachable_timeout,
        )

    def _follow(self, run: Run, job: Job) -> tuple[Job, str]:
        """Wait for the end here, and log the output; returns its last line as well."""
        log = OutputLog(self.log_limit)
        self.log.info("%s", started_line(run.job_id, run.agent))
        with self._client(run, patience=self.unreachable_timeout) as client:
            ended = client.run(
                watch(
                    run.job_id,
                    log,
                    lambda text: self.log.info("%s", text),
                    poll_interval=self.poll_interval,
                    left_out=lambda first, end: left_out_line(first, end, run.address, run.job_id),
                    hold=True,
                )
            )
        return ended or Job(run.job_id, "forgotten"), log.last_line

    def _log_rest(self, job: Job, agent: str | None, address: str, offset: int) -> str:
        """Log what the triggerer left to us of the output; returns its last line. How the job ended does not hang on it."""
        log = OutputLog(self.log_limit, offset)
        self.log.info("%s", started_line(job.id, agent or address, offset))
        try:
            target = AgentdHook(self.agentd_conn_id).target().with_address(address)
            with AgentdClient(
                target, agent=agent, patience=self.submit_timeout, stopped=lambda: self._killed
            ) as client:
                client.run(
                    copy_output(
                        job,
                        log,
                        lambda text: self.log.info("%s", text),
                        lambda first, end: left_out_line(first, end, address, job.id),
                    )
                )
        except (AgentdError, ValueError) as error:
            self.log.warning("%s", left_out_line(log.shown, job.output_bytes or 0, address, job.id))
            self.log.warning("%s", with_remedy(error))
        return log.last_line

    def _result(self, job: Job, agent: str, last_line: str) -> Any:
        """Get the task's XCom, or raise what the job's end means."""
        self.log.info("%s, %s bytes of output", job, "unknown" if job.output_bytes is None else job.output_bytes)
        if job.output_bytes_dropped:
            self.log.warning("%d bytes of output were dropped", job.output_bytes_dropped)
        if job.disk_was_full:
            self.log.warning("the agent's disk was full, or failed, while the job ran: its output is incomplete")
        if job.exit_code is not None and job.exit_code in self._skip_codes():
            raise AirflowSkipException(f"{job}: skipped")
        if job.state == "succeeded":
            result: dict[str, Any] = {
                "job_id": job.id,
                "agent": agent,
                "exit_code": job.exit_code,
                "output_bytes": job.output_bytes,
            }
            if self.xcom_last_line:
                result["last_line"] = last_line
            return result
        if job.state in self.retry_states:
            raise AirflowException(str(job))
        raise AirflowFailException(f"{job}; it is not run again by itself (retry_states)")

    def _skip_codes(self) -> Container[int]:
        if self.skip_on_exit_code is None:
            return ()
        return (self.skip_on_exit_code,) if isinstance(self.skip_on_exit_code, int) else self.skip_on_exit_code
