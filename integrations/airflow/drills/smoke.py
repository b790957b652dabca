"""
The short drill: a command, a script and a mapped task on two agents; a failure and its retry; a mark, a clear.

usage: drills/smoke.py [FOLDER WITH THE PROGRAMS]
"""

import time

from rig import Agents, Airflow, await_that, both, programs, scratch, verdict

DAG = """
from datetime import timedelta
from airflow.sdk import DAG
from airflow_provider_agentd.operators.agentd import AgentdOperator
from airflow_provider_agentd.sensors.agentd import AgentdJobSensor

MARKS = {marks!r}
# Under load a scheduler takes a task that comes back from its trigger at once for one that was killed, and starts a new try.
AGAIN = {{"retries": 3, "retry_delay": timedelta(seconds=1)}}
with DAG("smoke", schedule=None, default_args={{"directory": "/", "deferrable": True, "poll_interval": 1, **AGAIN}}):
    greet = AgentdOperator(task_id="greet", command=["/bin/echo", "hello from {{{{ run_id }}}}"], xcom_last_line=True)
    AgentdOperator(task_id="here", script="#!/bin/sh\\necho in a worker; exit 0", deferrable=False)
    AgentdOperator(task_id="fails_once", script=f"echo run >> {{MARKS}}/fails_once; test $(wc -l < {{MARKS}}/fails_once) -gt 1 || exit 3")
    AgentdOperator.partial(task_id="everywhere", command=["/bin/hostname"]).expand(agentd_conn_id=["agentd_default", "agent_b"])
    AgentdJobSensor(task_id="sensor", job_id="{{{{ ti.xcom_pull('greet')['job_id'] }}}}", deferrable=True, poke_interval=1) << greet
with DAG("long", schedule=None, default_args={{"directory": "/", "deferrable": True}}):
    AgentdOperator(task_id="sleeps", script=f"echo run >> {{MARKS}}/sleeps; exec sleep 300", retries=0)
"""


def main():
    with scratch("smoke") as folder:
        agents = Agents(folder, programs(), ["a", "b"])
        airflow = Airflow(
            folder,
            {"agentd_default": agents.connection("a"), "agent_b": agents.connection("b")},
            {"smoke": DAG.format(marks=str(folder / "marks"))},
        )
        begun = time.monotonic()
        with both(agents, airflow):
            airflow.trigger("smoke", "first")
            airflow.trigger("long", "marked")
            state = airflow.await_run("smoke", "first", 150)
            tasks = airflow.tasks("smoke", "first")
            log = airflow.shown_log("smoke", "first", "greet", 1)
            seen = any(entry.get("event") == "hello from first" for entry in log)
            jobs = sum("smoke" in job["id"] for name in ("a", "b") for job in agents.jobs(name))
            runs = len((folder / "marks" / "fails_once").read_text().splitlines())
            rows = [
                ("all tasks", "success", {t["state"] for t in tasks.values()}, state == "success"),
                ("output in the log", "there", seen, seen),
                ("runs of what fails once", "2", runs, runs == 2),
                ("jobs, of 6 runs", "6", jobs, jobs == 6),
            ]
            marks = folder / "marks" / "sleeps"
            gone, again = marked(agents, airflow, marks)
            rows += [
                ("marked failed: job gone", "at most 3 s, 0 left", gone, gone[0] <= 3 and gone[1] == 0),
                ("cleared: runs", "1 new", again, again == 1),
                ("all of it", "", f"{time.monotonic() - begun:.0f} s", True),
            ]
        verdict("smoke", rows)


def marked(agents, airflow, marks):
    """Mark a deferred task as failed, then clear it."""
    airflow.await_state("long", "marked", "sleeps", ["deferred"], 60)
    await_that("the job to run", 30, lambda: marks.exists())
    job = next(job for job in agents.jobs("a") if "sleeps" in job["id"])
    # It is in the triggerer's hands only when that has begun to watch.
    await_that("the trigger", 30, lambda: triggers(airflow) == 1)
    begun = time.monotonic()
    airflow.mark("long", "marked", "sleeps", "failed")
    ended = await_that(
        "the job's end", 60, lambda: (j := agents.ask("a", f"/v1/jobs/{job['id']}").json())["finished_at"] and j, 0.05
    )
    gone = (round(time.monotonic() - begun, 1), ended["left"])
    runs = len(marks.read_text().splitlines())
    airflow.clear("long", "marked", "sleeps")
    await_that("the new run", 60, lambda: len(marks.read_text().splitlines()) > runs)
    await_that("the next trigger", 60, lambda: triggers(airflow) == 2)
    airflow.mark("long", "marked", "sleeps", "success")
    await_that("the end", 60, lambda: all(job["finished_at"] for job in agents.jobs("a")))
    return gone, len(marks.read_text().splitlines()) - runs


def triggers(airflow):
    """How many triggers have begun to watch."""
    return sum("output of job" in entry.get("event", "") for _, entry in airflow.task_log("long", "marked", "sleeps"))


main()
