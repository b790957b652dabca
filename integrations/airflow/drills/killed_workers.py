"""
Kills workers with SIGKILL at random lines of their work, while they submit, defer and resume.

usage: drills/killed_workers.py [FOLDER WITH THE PROGRAMS]

KILLS=100 and SEED=... in the environment say how many and which; HEARTBEAT=20 after how many seconds without a heartbeat Airflow
takes a worker for lost. Each mapped task is killed once: when it has executed so many
lines of the provider, of the client below it, or of Airflow's own part of the worker; alone (Airflow is told at once) or
with its supervisor (Airflow has to miss its heartbeats).
"""

import collections
import json
import os
import random
import time

from rig import Agents, Airflow, both, programs, scratch, verdict

KILLS = int(os.environ.get("KILLS", "100"))
# How many an undisturbed task executes, counted by this drill with more than there are.
LINES = {("execute", True): 5640, ("execute", False): 1000, ("resume", False): 240}
SEED = int(os.environ.get("SEED", str(time.time_ns() % 1_000_000)))

DAG = """
import json, os, pathlib, signal, sys
from datetime import timedelta
from airflow.sdk import DAG
from airflow_provider_agentd.operators.agentd import AgentdOperator

FOLDER = pathlib.Path({folder!r})
PLAN = json.loads((FOLDER / "plan.json").read_text())
# What is between the task's first line and its last, apart from the interpreter and its library.
TRACED = ("airflow_provider_agentd", "sdk/execution_time", "sdk/bases/operator", "httpx", "httpcore")


class Killed(AgentdOperator):
    def execute(self, context):
        self.arm(context, "execute")
        return super().execute(context)

    def execute_complete(self, context, event):
        self.arm(context, "resume")
        return super().execute_complete(context, event)

    def arm(self, context, phase):
        index = context["ti"].map_index
        plan = PLAN[index]
        mark = FOLDER / "armed" / f"{{index}}"
        if plan["phase"] != phase or mark.exists():
            return
        mark.touch()
        left = plan["lines"]
        traced = TRACED if plan["client"] else TRACED[:3]

        def line(frame, event, argument):
            nonlocal left
            if event == "line":
                left -= 1
                if left <= 0:
                    where = f"{{frame.f_code.co_filename.split('site-packages/')[-1].split('src/')[-1]}}:{{frame.f_lineno}}"
                    (FOLDER / "armed" / f"{{index}}.killed").write_text(f"{{phase}} {{where}} {{frame.f_code.co_name}}")
                    if plan["supervisor"]:
                        os.kill(os.getppid(), signal.SIGKILL)
                    os.kill(os.getpid(), signal.SIGKILL)
            return line

        def call(frame, event, argument):
            return line if any(part in frame.f_code.co_filename for part in traced) else None

        frame = sys._getframe()
        while frame:
            if any(part in frame.f_code.co_filename for part in traced):
                frame.f_trace = line
            frame = frame.f_back
        sys.settrace(call)


with DAG("killed", schedule=None, max_active_tasks=2000):
    Killed.partial(
        task_id="job", directory="/", deferrable=True, retries=30, retry_delay=timedelta(seconds=1), poll_interval=1,
    ).expand_kwargs([
        {{"script": f"cd {{FOLDER}}/marks; echo {{index}} begun >> log; sleep {{plan['seconds']}}; echo {{index}} done >> log"}}
        for index, plan in enumerate(PLAN)
    ])
"""


def main():
    chance = random.Random(SEED)
    plan = []
    for _ in range(KILLS):
        phase = chance.choice(["execute", "execute", "resume"])
        # Most of an undisturbed task's lines are in the HTTP client; half of the kills are within the rest.
        client = phase == "execute" and chance.random() < 0.5
        lines = chance.randrange(1, LINES[phase, client])
        seconds = chance.choice([0, 4])
        supervisor = chance.random() < 0.5
        plan.append({"phase": phase, "client": client, "lines": lines, "supervisor": supervisor, "seconds": seconds})
    with scratch("killed-workers") as folder:
        (folder / "armed").mkdir()
        (folder / "plan.json").write_text(json.dumps(plan))
        agents = Agents(folder, programs(), ["a"])
        airflow = Airflow(
            folder,
            {"agentd_default": agents.connection("a")},
            {"killed": DAG.format(folder=str(folder))},
            # An executor that lost a worker may count its task for ever: it has slots to lose.
            AIRFLOW__CORE__PARALLELISM="30",
            AIRFLOW__CORE__DEFAULT_POOL_TASK_SLOT_COUNT="6",
            AIRFLOW__CORE__MAX_MAP_LENGTH="5000",
            AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT=os.environ.get("HEARTBEAT", "20"),
        )
        begun = time.monotonic()
        with both(agents, airflow):
            airflow.trigger("killed", "drill")
            state = airflow.await_run("killed", "drill", 120 + 60 * KILLS, every=3)
            tasks = airflow.tasks("killed", "drill")
            jobs = agents.jobs("a")
        kills = [(folder / "armed" / f"{index}.killed") for index in range(KILLS)]
        kills = [kill.read_text() for kill in kills if kill.exists()]
        marks = collections.Counter((folder / "marks" / "log").read_text().splitlines())
        succeeded = sum(task["state"] == "success" for task in tasks.values())
        lost = sum(marks[f"{index} done"] == 0 for index in range(KILLS))
        twice = sum(marks[f"{index} begun"] > 1 for index in range(KILLS))
        where = collections.Counter(" ".join(kill.split()[:2]).rsplit(":")[0] for kill in kills)
        for place, count in where.most_common():
            print(f"  {count:4} killed in {place}")
        print(f"  {sum(plan_['supervisor'] for plan_ in plan)} of {KILLS} with their supervisor; SEED={SEED}; "
              f"{time.monotonic() - begun:.0f} s")  # fmt: skip
        verdict(
            "workers killed with -9",
            [
                ("kills that hit", f"about {KILLS}", len(kills), len(kills) > KILLS * 0.7),
                ("the Dag run", "success", state, state == "success"),
                ("tasks that succeeded", str(KILLS), succeeded, succeeded == KILLS),
                ("jobs at the agent", str(KILLS), len(jobs), len(jobs) == KILLS),
                ("lost", "0", lost, lost == 0),
                ("run twice", "0", twice, twice == 0),
            ],
        )


main()
