"""Sensor for agentd."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from airflow_provider_agentd.agent.errors import AgentdError
from airflow_provider_agentd.agent.job import Job
from airflow_provider_agentd.hooks.agentd import AgentdHook, with_remedy
from airflow_provider_agentd.triggers.agentd import AgentdJobTrigger
from airflow_provider_agentd.version_compat import AirflowException, BaseSensorOperator, Context, conf


class AgentdJobSensor(BaseSensorOperator):
    """
    Waits until a job of an agentd, whoever submitted it, has succeeded.

    A job that the agent does not know yet is waited for.

    :param job_id: the job (templated)
    :param agentd_conn_id: the :ref:`connection <howto/connection:agentd>` that names the agent (templated)
    :param deferrable: wait in the triggerer, without a worker
    """

    template_fields: Sequence[str] = ("job_id", "agentd_conn_id")
    ui_color = "#dcebe4"

    def __init__(
        self,
        *,
        job_id: str,
        agentd_conn_id: str = AgentdHook.default_conn_name,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.agentd_conn_id = agentd_conn_id
        self.deferrable = deferrable

    def execute(self, context: Context) -> Any:
        """Wait here, or have the triggerer wait."""
        if not self.deferrable:
            return super().execute(context)
        self.defer(
            trigger=AgentdJobTrigger(
                agentd_conn_id=self.agentd_conn_id,
                job_id=self.job_id,
                show_output=False,
                may_come=True,
                poll_interval=self.poke_interval,
            ),
            method_name=self.execute_complete.__name__,
            timeout=timedelta(seconds=self.timeout),
        )
        return None

    def poke(self, context: Context) -> bool:
        """Look at the job; the agent answers at its end, or after a while."""
        hook = AgentdHook(self.agentd_conn_id)
        try:
            job = hook.job(self.job_id, wait=min(10.0, self.poke_interval))
        except (AgentdError, ValueError) as error:
            raise AirflowException(with_remedy(error)) from error
        finally:
            hook.close()
        return job is not None and job.ended and self._succeeded(job)

    def execute_complete(self, context: Context, event: Mapping[str, Any]) -> None:
        """Come back from the triggerer with the job that has ended."""
        if event["error"]:
            raise AirflowException(event["error"])
        self._succeeded(Job.from_json(event["job"]))

    def _succeeded(self, job: Job) -> bool:
        self.log.info("%s", job)
        if job.state != "succeeded":
            raise AirflowException(str(job))
        return True
