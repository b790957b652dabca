"""
Kills the triggerer with SIGKILL again and again under jobs that write, and starts another one.

usage: drills/killed_triggerers.py [FOLDER WITH THE PROGRAMS]

KILLS=20 and JOBS=20 in the environment say how often, and under how many.
"""

import os
import random
import time

from rig import Agents, Airflow, both, programs, scratch, verdict

KILLS = int(os.environ.get("KILLS", "20"))
JOBS = int(os.environ.get("JOBS", "20"))
EVERY = 12
LINES = EVERY * KILLS * 5

DAG = """
from datetime import timedelta
from airflow.sdk import DAG
from airflow_provider_agentd.operators.agentd import AgentdOperator

with DAG("writes", schedule=None, max_active_tasks=2000):
    AgentdOperator.partial(
        task_id="job", directory="/", deferrable=True, retries=3, retry_delay=timedelta(seconds=1), poll_interval=1,
    ).expand_kwargs([
        {{"script": f"echo {{index}} >> {marks}/log; for n in $(seq {lines}); do echo line $n of {{index}}; sleep 0.2; done"}}
        for index in range({jobs})
    ])
"""


def main():
    chance = random.Random(time.time_ns())
    with scratch("killed-triggerers") as folder:
        agents = Agents(folder, programs(), ["a"])
        dag = DAG.format(marks=folder / "marks", lines=LINES, jobs=JOBS)
        airflow = Airflow(folder, {"agentd_default": agents.connection("a")}, {"writes": dag})
        with both(agents, airflow):
            airflow.trigger("writes", "drill")
            while sum(task["state"] == "deferred" for task in airflow.tasks("writes", "drill").values()) < JOBS:
                time.sleep(1)
            for _ in range(KILLS):
                time.sleep(chance.uniform(2, 2 * EVERY - 2))
                airflow.kill("triggerer")
                airflow.start("triggerer")
            state = airflow.await_run("writes", "drill", 600 + LINES, every=2)
            jobs = len(agents.jobs("a"))
            logs = [airflow.task_log("writes", "drill", "job", index) for index in range(JOBS)]
        runs = (folder / "marks" / "log").read_text().splitlines()
        judged = [judge(index, log) for index, log in enumerate(logs)]
        readers = sum(readers for readers, _, _ in judged)
        verdict(
            f"triggerer killed with -9 {KILLS} times under {JOBS} jobs",
            [
                ("the Dag run", "success", state, state == "success"),
                ("jobs", str(JOBS), jobs, jobs == JOBS),
                ("runs", "one of each", len(runs), sorted(map(int, runs)) == list(range(JOBS))),
                ("lines missing in a log", "0", sum(m for _, m, _ in judged), not any(m for _, m, _ in judged)),
                ("lines twice without a mark", "0", sum(t for _, _, t in judged), not any(t for _, _, t in judged)),
                ("times a triggerer took over", "", readers - JOBS, readers > JOBS),
            ],
        )


def judge(index, log):
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
    return readers, len({f"line {n} of {index}" for n in range(1, LINES + 1)} - seen), twice


main()
