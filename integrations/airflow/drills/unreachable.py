"""
An agent is killed under its jobs, away for five minutes, and there again.

usage: drills/unreachable.py [FOLDER WITH THE PROGRAMS]

SECONDS=300 in the environment says for how long. Of the jobs one ends meanwhile, one fails meanwhile,
one goes on after it; and one is submitted while nobody is there.
"""

import os
import time

from rig import Agents, Airflow, await_that, both, programs, scratch, verdict

AWAY = int(os.environ.get("SECONDS", "300"))

DAG = """
from datetime import timedelta
from airflow.sdk import DAG
from airflow_provider_agentd.operators.agentd import AgentdOperator

def job(task_id, seconds, code=0, **more):
    text = f"echo {{task_id}} >> {marks}/log; echo begun; sleep {{seconds}}; echo done; exit {{code}}"
    return AgentdOperator(task_id=task_id, script=text, directory="/", deferrable=True, **more)

with DAG("away", schedule=None):
    job("ends_meanwhile", {away} // 2)
    job("fails_meanwhile", {away} // 2, code=3)
    job("goes_on", {away} + 30)
    job("in_a_worker", {away} // 2, retries=0).deferrable = False
with DAG("late", schedule=None):
    job("submitted_meanwhile", 1, retries=100, retry_delay=timedelta(seconds=5), submit_timeout=20)
"""


def main():
    with scratch("unreachable") as folder:
        agents = Agents(folder, programs(), ["a"])
        dag = DAG.format(marks=folder / "marks", away=AWAY)
        airflow = Airflow(folder, {"agentd_default": agents.connection("a")}, {"away": dag})
        log = folder / "marks" / "log"
        with both(agents, airflow):
            airflow.trigger("away", "drill")
            await_that("four jobs", 120, lambda: log.exists() and len(log.read_text().splitlines()) == 4)
            time.sleep(3)
            agents.kill("a")
            airflow.trigger("late", "drill")
            time.sleep(AWAY)
            meanwhile = {task["state"] for task in airflow.tasks("away", "drill").values()}
            agents.start("a")
            airflow.await_run("away", "drill", 300)
            late = airflow.await_run("late", "drill", 300)
            found = {task: found["state"] for (task, _), found in airflow.tasks("away", "drill").items()}
            logs = [airflow.task_log("away", "drill", task) for task in found]
        whole = all(shown_once(log) for log in logs)
        runs = sorted(log.read_text().splitlines())
        wanted = {
            "ends_meanwhile": "success",
            "fails_meanwhile": "failed",
            "goes_on": "success",
            "in_a_worker": "success",
        }
        verdict(
            f"agent killed, away for {AWAY} s, there again",
            [
                ("tasks meanwhile", "none ended", meanwhile, meanwhile <= {"deferred", "running"}),
                ("they end truthfully", "as their jobs", "as wanted" if found == wanted else found, found == wanted),
                ("submitted meanwhile", "success", late, late == "success"),
                ("runs", "1 of each", len(runs), runs == sorted([*wanted, "submitted_meanwhile"])),
                ("each line in the log, once below each mark", "all", whole, whole),
            ],
        )


def shown_once(log):
    """Whether the last reader of the output logged all of it, and each one no line twice."""
    readers = []
    for _, entry in log:
        event = entry.get("event", "")
        if event.startswith("output of job "):
            readers.append([])
        elif readers:
            readers[-1] += [line for line in event.split("\n") if line in ("begun", "done")]
    return readers[-1] == ["begun", "done"] and all(len(set(lines)) == len(lines) for lines in readers)


main()
