"""
Example Dag for agentd; it is also the provider's system test.

It needs two connections of the type agentd: ``agentd_default`` and ``agentd_second``.
"""

from __future__ import annotations

from datetime import datetime, timedelta

try:
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG

from airflow_provider_agentd.operators.agentd import AgentdOperator
from airflow_provider_agentd.sensors.agentd import AgentdJobSensor

AGENTS = ["agentd_default", "agentd_second"]

with DAG(
    dag_id="example_agentd",
    schedule=None,
    start_date=datetime(2026, 1, 1),
    catchup=False,
    tags=["example", "agentd"],
    default_args={
        "directory": "/tmp",
        "deferrable": True,
        # A retry after a lost worker finds the same job; only a job that failed is run again.
        "retries": 3,
        "retry_delay": timedelta(seconds=1),
    },
) as dag:
    # [START howto_operator_agentd]
    greet = AgentdOperator(
        task_id="greet",
        command=["/bin/echo", "hello from {{ dag.dag_id }} on {{ ds | default('no date', true) }}"],
        xcom_last_line=True,
    )
    # [END howto_operator_agentd]

    # [START howto_operator_agentd_script]
    report = AgentdOperator(
        task_id="report",
        script="""#!/bin/sh
set -eu
echo "$(id -un) on $(uname -n), kernel $(uname -r)"
for step in $(seq "$STEPS"); do
  echo "step $step of $STEPS"
  sleep 0.5
done
""",
        environment={"STEPS": "6"},
        timeout=timedelta(minutes=5),
        kill_grace=5,
        labels={"team": "example"},
    )
    # [END howto_operator_agentd_script]

    # [START howto_operator_agentd_mapped]
    everywhere = AgentdOperator.partial(task_id="everywhere", command=["/bin/df", "-h", "/"]).expand(
        agentd_conn_id=AGENTS
    )
    # [END howto_operator_agentd_mapped]

    # [START howto_sensor_agentd]
    seen = AgentdJobSensor(
        task_id="seen",
        job_id="{{ ti.xcom_pull('report')['job_id'] }}",
        deferrable=True,
        poke_interval=1,
        timeout=300,
    )
    # [END howto_sensor_agentd]

    fails_once = AgentdOperator(
        task_id="fails_once",
        script='test -e "/tmp/$MARK" || { touch "/tmp/$MARK"; echo "the first run fails" >&2; exit 3; }; rm "/tmp/$MARK"; echo done',
        environment={"MARK": "example_agentd-{{ ti.run_id | replace(':', '-') }}"},
    )

    greet >> report >> [everywhere, seen]
    greet >> fails_once
