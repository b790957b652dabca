"""
Marks and clears tasks while they are deferred.

usage: drills/marked.py [FOLDER WITH THE PROGRAMS]

ROUNDS=5 in the environment says how often: marked as failed, cleared, marked as successful, each a task of its own. Also cleared while
the triggerer hangs, so that its cancel comes only after the new try has begun. Time is counted from Airflow's answer.
"""

import os
import signal
import time

from rig import Agents, Airflow, await_that, both, programs, scratch, verdict

ROUNDS = int(os.environ.get("ROUNDS", "5"))

DAG = """
from airflow.sdk import DAG
from airflow_provider_agentd.operators.agentd import AgentdOperator

with DAG("marked", schedule=None, max_active_tasks=2000, max_active_runs=100):
    AgentdOperator(task_id="job", directory="/", deferrable=True,
                   script="echo {{{{ run_id }}}} >> {marks}/log; sleep 600 & exec sleep 600")
"""


class Drill:
    def __init__(self, folder, agents, airflow):
        self.marks, self.agents, self.airflow = folder / "marks" / "log", agents, airflow

    def runs(self, run_id):
        return self.marks.read_text().splitlines().count(run_id) if self.marks.exists() else 0

    def triggers(self, run_id):
        return sum("output of job" in e.get("event", "") for _, e in self.airflow.task_log("marked", run_id, "job"))

    def watched(self, run_id, number=1):
        """Until the job runs and the trigger watches it."""
        await_that("the job", 120, lambda: self.runs(run_id) >= number)
        await_that("the trigger", 120, lambda: self.triggers(run_id) >= number)

    def job(self, run_id, number=1):
        return next(
            job for job in self.agents.jobs("a")
            if job["labels"]["airflow.run"] == run_id and job["labels"]["airflow.run_number"] == str(number)
        )  # fmt: skip

    def ended(self, job_id):
        job = self.agents.ask("a", f"/v1/jobs/{job_id}").json()
        return job if job["finished_at"] else None

    def gone(self, run_id, act):
        """Act, and how long the job then lives, and what is left of it."""
        self.watched(run_id)
        job = self.job(run_id)
        act()
        begun = time.monotonic()
        ended = await_that("the job's end", 90, lambda: self.ended(job["id"]), 0.02)
        return time.monotonic() - begun, ended["left"], ended["state"]

    def marked(self, state):
        found = []
        for number in range(ROUNDS):
            run_id = f"{state}-{number}"
            self.airflow.trigger("marked", run_id)
            found.append(self.gone(run_id, lambda run_id=run_id: self.airflow.mark("marked", run_id, "job", state)))
        return found

    def cleared(self):
        found, again = [], []
        for number in range(ROUNDS):
            run_id = f"cleared-{number}"
            self.airflow.trigger("marked", run_id)
            found.append(self.gone(run_id, lambda run_id=run_id: self.airflow.clear("marked", run_id, "job")))
            await_that("the new run", 90, lambda run_id=run_id: self.runs(run_id) > 1)
            # If there were a third one, or the second were cancelled, that would be seen by now.
            time.sleep(5)
            second = self.job(run_id, 2)
            again.append((self.runs(run_id), second["state"]))
            self.airflow.mark("marked", run_id, "job", "failed")
        return found, again

    def cleared_without_triggerer(self):
        """The trigger hears of the clear only after the new try has begun."""
        self.airflow.trigger("marked", "late")
        self.watched("late")
        stopped = self.airflow.pids("triggerer")
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        self.airflow.clear("marked", "late", "job")
        await_that("the new run", 90, lambda: self.runs("late") > 1)
        old = self.agents.ask("a", f"/v1/jobs/{self.job('late')['id']}").json()
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
        time.sleep(15)
        return old["state"], old["left"], self.runs("late"), self.job("late", 2)["state"]


def main():
    with scratch("marked") as folder:
        agents = Agents(folder, programs(), ["a"])
        airflow = Airflow(
            folder, {"agentd_default": agents.connection("a")}, {"marked": DAG.format(marks=folder / "marks")}
        )
        rows = []
        with both(agents, airflow):
            drill = Drill(folder, agents, airflow)
            for state in ("failed", "success"):
                found = drill.marked(state)
                rows.append(row(f"marked as {state}: job gone", found))
            found, again = drill.cleared()
            rows.append(row("cleared: job gone", found))
            rows.append(
                (
                    "cleared: runs in all, and the second",
                    "2, running",
                    sorted(set(again)),
                    set(again) == {(2, "running")},
                )
            )
            late = drill.cleared_without_triggerer()
            rows.append(
                (
                    "cleared while the triggerer hangs",
                    "cancelled, 0, 2, running",
                    late,
                    late == ("cancelled", 0, 2, "running"),
                )
            )
            for job in agents.jobs("a"):
                agents.ask("a", f"/v1/jobs/{job['id']}/cancel", "POST")
        verdict("marked and cleared while deferred", rows)


def row(what, found):
    worst = max(seconds for seconds, _, _ in found)
    right = worst <= 3 and all(left == 0 and state == "cancelled" for _, left, state in found)
    return (
        what,
        "at most 3 s, 0 left",
        f"{worst:.1f} s of {len(found)}, {max(left for _, left, _ in found)} left",
        right,
    )


main()
