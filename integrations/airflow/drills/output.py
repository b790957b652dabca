"""
Jobs that write a lot, in a triggerer that has others to watch.

usage: drills/output.py [FOLDER WITH THE PROGRAMS]
"""

import datetime
import re

from rig import Agents, Airflow, both, programs, scratch, verdict

DAG = """
from airflow.sdk import DAG
from airflow.triggers.base import BaseTrigger, TriggerEvent
from airflow.sdk import BaseOperator
from airflow_provider_agentd.operators.agentd import AgentdOperator

sys_path = {drills!r}
import sys
sys.path.insert(0, sys_path)
from turns import Turns

common = {{"directory": "/", "deferrable": True, "retries": 20, "retry_delay": 1}}
with DAG("output", schedule=None):
    AgentdOperator(task_id="lines", script="seq -f 'line %.0f of a job that writes a lot of them' 150000", log_limit=None, **common)
    AgentdOperator(task_id="hundred", script="head -c 78643200 /dev/zero | base64 -w 99", log_limit=None, **common)
    AgentdOperator(task_id="cut", script="seq 13500000", **common)
    AgentdOperator(task_id="burst", script="head -c 1048575 /dev/zero | tr '\\\\0' b; echo", **common)
    Turns(task_id="turns", seconds=120)
"""


def seconds(log, first, last):
    """From the entry that has the one to the entry that has the other, as the triggerer stamped them."""
    times = [entry["timestamp"] for _, entry in log if first in entry.get("event", "")][:1]
    times += [entry["timestamp"] for _, entry in log if last in entry.get("event", "")][-1:]
    begun, ended = (datetime.datetime.fromisoformat(time) for time in times)
    return (ended - begun).total_seconds()


def output(log):
    """What the task's log has of the output, as it was: from its trigger, and from the worker that goes on from there."""
    text, inside, within = "", False, None
    for file, entry in log:
        event = entry.get("event", "")
        inside, within = inside and file == within, file
        if "airflow_provider_agentd" not in entry.get("logger", ""):
            continue
        if event.startswith("output of job "):
            inside = True
        elif event.startswith("job "):
            inside = False
        elif inside:
            text += event.removesuffix(" [the line goes on]") if event.endswith(" [the line goes on]") else f"{event}\n"
    return text


def main():
    with scratch("output") as folder:
        agents = Agents(folder, programs(), ["a"])
        from rig import HERE

        airflow = Airflow(
            folder,
            {"agentd_default": agents.connection("a")},
            {"output": DAG.format(drills=str(HERE))},
            PYTHONPATH=str(HERE),
        )
        with both(agents, airflow):
            airflow.trigger("output", "drill")
            state = airflow.await_run("output", "drill", 500)
            logs = {
                task: airflow.task_log("output", "drill", task)
                for task in ("lines", "hundred", "cut", "burst", "turns")
            }
            jobs = {job["labels"]["airflow.task"]: job for job in agents.jobs("a")}
        lines, hundred, burst = (output(logs[task]) for task in ("lines", "hundred", "burst"))
        right = lines == "".join(f"line {n} of a job that writes a lot of them\n" for n in range(1, 150_001))
        took = seconds(logs["lines"], "output of job ", "line 150000 of")
        whole = len(hundred) == jobs["hundred"]["output_bytes"] and set(hundred) == {"A", "\n"}
        cut = output(logs["cut"])
        count = int(re.search(r"\[(\d+) bytes are left out here.*agentctl logs 127", cut)[1])
        shown = jobs["cut"]["output_bytes"] - count
        turns = max(
            float(found[1])
            for _, entry in logs["turns"]
            if (found := re.search(r"longest turn (\S+)", entry.get("event", "")))
        )
        blocked = airflow_blocked(airflow)
        verdict(
            "output",
            [
                ("the Dag run", "success", state, state == "success"),
                ("150,000 lines", "byte-exact", right, right),
                ("... in the log within", "at most 15 s", f"{took:.1f} s", took <= 15),
                (f"{jobs['hundred']['output_bytes']:,} bytes, without a limit", "byte-exact", whole, whole),
                ("... in the log within", "", f"{seconds(logs['hundred'], 'output of job ', 'AAAA'):.1f} s", True),
                (
                    f"{jobs['cut']['output_bytes']:,} bytes, limit 16 MiB: shown",
                    "16,777,216",
                    f"{shown:,}",
                    shown == 16 * 1024 * 1024,
                ),
                ("a burst of 1,048,576 bytes", "byte-exact", len(burst), burst == "b" * 1048575 + "\n"),
                ("another trigger's longest turn", "less than 1 s", f"{turns:.2f} s", turns < 1),
                ("the triggerer's own warnings of that", "", blocked, True),
            ],
        )


def airflow_blocked(airflow):
    return re.findall(r"blocked for ([\d.]+) seconds", airflow.log_of("triggerer")) or "none"


main()
