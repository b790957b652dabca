"""
The first host name of a connection is dead, the second address is the agent's; then another agent takes the address over.

usage: drills/standby.py [FOLDER WITH THE PROGRAMS]
"""

import time

from rig import Agents, Airflow, await_that, both, programs, scratch, verdict

DAG = """
from datetime import timedelta
from airflow.sdk import DAG
from airflow_provider_agentd.operators.agentd import AgentdOperator

with DAG("standby", schedule=None, max_active_runs=10):
    AgentdOperator(task_id="job", directory="/", deferrable=True, retries=5, retry_delay=timedelta(seconds=1), poll_interval=1,
                   submit_timeout=5, unreachable_timeout=5,
                   script="echo {{{{ run_id }}}} >> {marks}/log; sleep 20; echo done")
"""


def main():
    with scratch("standby") as folder:
        agents = Agents(folder, programs(), ["a", "b"])
        hosts = f"no-such-host.invalid,127.0.0.1:{agents.ports['a']},127.0.0.1:{agents.ports['b']}"
        airflow = Airflow(
            folder, {"agentd_default": agents.connection("a", hosts)}, {"standby": DAG.format(marks=folder / "marks")}
        )
        log = folder / "marks" / "log"
        with both(agents, airflow):
            airflow.trigger("standby", "dead-name")
            dead_name = airflow.await_run("standby", "dead-name", 180)
            # The agent goes away under the job; a standby host answers, which knows nothing of it.
            airflow.trigger("standby", "taken-over")
            await_that("the job", 90, lambda: "taken-over" in log.read_text())
            agents.kill("a")
            time.sleep(20)
            at_standby = len(agents.jobs("b"))
            agents.start("a")
            taken_over = airflow.await_run("standby", "taken-over", 240)
            at_standby = max(at_standby, len(agents.jobs("b")))
        runs = log.read_text().splitlines()
        verdict(
            "a connection with several addresses",
            [
                ("first host name dead", "success", dead_name, dead_name == "success"),
                ("another agent at the next address: jobs there", "0", at_standby, at_standby == 0),
                ("the agent is there again", "success", taken_over, taken_over == "success"),
                ("runs of each", "1", runs, sorted(runs) == ["dead-name", "taken-over"]),
            ],
        )


main()
