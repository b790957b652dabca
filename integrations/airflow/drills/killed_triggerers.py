"""
Kills the triggerer with SIGKILL again and again under jobs that write, and starts another one.

usage: drills/killed_triggerers.py [FOLDER WITH THE PROGRAMS]

KILLS=20 and JOBS=20 in the environment say how often, and under how many.
"""

import os
import random
import time

from rig import Agents, Airflow, await_that, both, programs, scratch, verdict

KILLS = int(os.environ.get("KILLS", "20"))
JOBS = int(os.environ.get("JOBS", "20"))
# Seconds between a triggerer's first look at a job and its end, at most.
EVERY = 15

DAG = """
from datetime import timedelta
from airflow.sdk import DAG
from airflow_provider_agentd.operators.agentd import AgentdOperator

with DAG("writes", schedule=None, max_active_tasks=2000):
    AgentdOperator.partial(
        task_id="job", directory="/", deferrable=True, retries=30, retry_delay=timedelta(seconds=1), poll_interval=1,
    ).expand_kwargs([
        {{"script": f"cd {marks}; echo {{index}} >> log; n=0; until test -e stop; do n=$((n + 1)); echo line $n of {{index}}; sleep 0.2; "
                   f"done; echo $n > {{index}}.lines"}}
        for index in range({jobs})
    ])
"""


def main():
    chance = random.Random(time.time_ns())
    with scratch("killed-triggerers") as folder:
        agents = Agents(folder, programs(), ["a"])
        marks = folder / "marks"
        dag = DAG.format(marks=marks, jobs=JOBS)
        airflow = Airflow(folder, {"agentd_default": agents.connection("a")}, {"writes": dag})
        with both(agents, airflow):
            airflow.trigger("writes", "drill")
            await_that("all jobs", 300, lambda: runs(marks) == JOBS, every=1)
            for _ in range(KILLS):
                seen = files(airflow)
                airflow.kill("triggerer")
                airflow.start("triggerer")
                # Each triggerer has log files of its own. It is killed while it takes over, or later.
                await_that("the next triggerer", 120, lambda seen=seen: files(airflow) > seen)
                time.sleep(chance.uniform(0, EVERY))
            (marks / "stop").touch()
            state = airflow.await_run("writes", "drill", 600, every=2)
            jobs = len(agents.jobs("a"))
            logs = [airflow.task_log("writes", "drill", "job", index) for index in range(JOBS)]
        lines = [int((marks / f"{index}.lines").read_text()) for index in range(JOBS)]
        begun = (marks / "log").read_text().splitlines()
        judged = [judge(index, log, lines[index]) for index, log in enumerate(logs)]
        readers = sum(readers for readers, _, _ in judged)
        verdict(
            f"triggerer killed with -9 {KILLS} times under {JOBS} jobs",
            [
                ("the Dag run", "success", state, state == "success"),
                ("jobs", str(JOBS), jobs, jobs == JOBS),
                ("runs", "one of each", len(begun), sorted(map(int, begun)) == list(range(JOBS))),
                ("lines written", "", sum(lines), True),
                ("lines missing in a log", "0", sum(m for _, m, _ in judged), not any(m for _, m, _ in judged)),
                ("lines twice without a mark", "0", sum(t for _, _, t in judged), not any(t for _, _, t in judged)),
                ("times a triggerer took over", "", readers - JOBS, readers > JOBS),
            ],
        )


def runs(marks):
    return len((marks / "log").read_text().splitlines()) if (marks / "log").exists() else 0


def files(airflow):
    """How many log files triggerers have begun."""
    return len(list((airflow.home / "logs").rglob("*.trigger.*.log")))


def judge(index, log, lines):
    """How many read the output, how many of its lines are nowhere, and how many are twice below one mark."""
    readers, twice, seen, below = 0, 0, set(), set()
    for _, entry in log:
        text = entry.get("event", "")
        if "agentd" not in entry.get("logger", ""):
            continue
        if text.startswith("output of job "):
            readers += 1
            below = set()
        for line in text.split("\n"):
            if line.startswith("line "):
                twice += line in below
                below.add(line)
                seen.add(line)
    return readers, len({f"line {n} of {index}" for n in range(1, lines + 1)} - seen), twice


main()
