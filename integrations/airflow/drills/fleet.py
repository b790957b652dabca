"""
Many deferred tasks over many agents, in one triggerer.

usage: drills/fleet.py [FOLDER WITH THE PROGRAMS]

TASKS=1000 and AGENTS=100 in the environment say how many. All jobs wait until all tasks are deferred.
"""

import os
import time

from rig import Agents, Airflow, await_that, both, programs, scratch, verdict

TASKS = int(os.environ.get("TASKS", "1000"))
AGENTS = int(os.environ.get("AGENTS", "100"))

DAG = """
from datetime import timedelta
from airflow.sdk import DAG
from airflow_provider_agentd.operators.agentd import AgentdOperator

with DAG("fleet", schedule=None, max_active_tasks=5000):
    AgentdOperator.partial(
        task_id="job", directory="/", deferrable=True, retries=3, retry_delay=timedelta(seconds=1),
        # It waits until somebody writes there.
        script=": < {marks}/go; echo $$",
    ).expand(agentd_conn_id=[f"agent_{{index % {agents}}}" for index in range({tasks})])
"""


def memory(pids):
    """Proportional set size in MiB."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            total += next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    return total / 1024


def connections(agents):
    """The most connections that an agent has now, from whoever is not this drill."""
    most = 0
    for name in agents.ports:
        lines = agents.ask(name, "/metrics").text.splitlines()
        most = max(
            most,
            next(
                int(line.split()[1]) for line in lines if line.startswith('agentd_connections{client="authenticated"}')
            ),
        )
        agents._http.close()
        del agents._http
    return most - 1


def main():
    with scratch("fleet") as folder:
        names = [f"agent_{index}" for index in range(AGENTS)]
        agents = Agents(folder, programs(), names)
        airflow = Airflow(
            folder,
            {name: agents.connection(name) for name in names},
            {"fleet": DAG.format(marks=folder / "marks", tasks=TASKS, agents=AGENTS)},
            AIRFLOW__CORE__MAX_MAP_LENGTH="10000",
            AIRFLOW__TRIGGERER__CAPACITY="5000",
            AIRFLOW__SCHEDULER__MAX_TIS_PER_QUERY="64",
        )
        gate = folder / "marks" / "go"
        os.mkfifo(gate)
        gate.chmod(0o666)
        with both(agents, airflow):
            before = memory(airflow.pids("triggerer"))
            begun = time.monotonic()
            airflow.trigger("fleet", "drill")
            await_that("all to be deferred", 60 + 6 * TASKS, lambda: count(airflow, "deferred") == TASKS, every=5)
            deferral = time.monotonic() - begun
            time.sleep(15)
            most, full = 0, memory(airflow.pids("triggerer"))
            ticks = cpu(airflow.pids("triggerer"))
            for _ in range(3):
                most = max(most, connections(agents))
                time.sleep(5)
            busy = (cpu(airflow.pids("triggerer")) - ticks) / 15
            # Readers of a named pipe go on while it has a writer.
            go = os.open(gate, os.O_RDWR)
            begun = time.monotonic()
            state = airflow.await_run("fleet", "drill", 60 + 6 * TASKS, every=5)
            took = time.monotonic() - begun
            os.close(go)
            jobs = sum(len(agents.jobs(name)) for name in names)
        verdict(
            f"{TASKS} deferred tasks over {AGENTS} agents on one triggerer",
            [
                ("the Dag run", "success", state, state == "success"),
                ("jobs", str(TASKS), jobs, jobs == TASKS),
                ("connections of an agent, at most", "1", most, most <= 1),
                ("memory of the triggerer: before, with all", "", f"{before:.0f}, {full:.0f} MiB", True),
                ("processor time of the triggerer while all wait", "", f"{busy:.2f} s/s", True),
                ("until all were deferred", "", f"{deferral:.0f} s", True),
                ("from go to the end of the run", "", f"{took:.0f} s", True),
            ],
        )


def cpu(pids):
    ticks = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def count(airflow, state):
    page = airflow.ask("GET", "/dags/fleet/dagRuns/drill/taskInstances", params={"limit": 1, "state": state})
    return page["total_entries"]


main()
