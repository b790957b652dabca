"""
The same questions to AgentdOperator, SSHOperator and SSHRemoteJobOperator, against agentd and sshd on this host.

usage: drills/beside_ssh.py [FOLDER WITH THE PROGRAMS]

It prints a table for the provider's documentation. What the others do is not judged here, only shown; what AgentdOperator
does has to be right.
"""

import contextlib
import getpass
import json
import os
import pathlib
import re
import signal
import subprocess
import time
from importlib.metadata import version

from rig import Agents, Airflow, await_that, done, free_port, programs, scratch, verdict

OPERATORS = ("agentd", "ssh", "ssh_remote_job")
QUESTIONS = {
    # name: (script, options). {mark} is the file where each run leaves a line.
    "burst": "echo run >> {mark}; head -c 1048575 /dev/zero | tr '\\0' b; echo",
    "fails": "echo run >> {mark}; exit 3",
    "lost_worker": "echo run >> {mark}; sleep 40; echo end >> {mark}",
    "marked": "echo run >> {mark}; echo $$ > {mark}.pid; sleep 600 & exec sleep 600",
    "wrapper": "echo run >> {mark}; echo $PPID > {mark}.parent; echo $$ > {mark}.pid; sleep 45",
    "timeout": "echo run >> {mark}; echo $$ > {mark}.pid; sleep 600",
}

DAG = """
from datetime import timedelta
from airflow.sdk import DAG
from airflow_provider_agentd.operators.agentd import AgentdOperator
from airflow.providers.ssh.operators.ssh import SSHOperator
from airflow.providers.ssh.operators.ssh_remote_job import SSHRemoteJobOperator

QUESTIONS = {questions!r}
AGAIN = {{"retries": 2, "retry_delay": timedelta(seconds=2)}}

def task(kind, name, script):
    script = script.format(mark=f"{marks}/{{kind}}-{{name}}")
    # A scheduler that is slow takes a task that comes back from its trigger at once for one that was killed.
    more = dict(AGAIN) if name in ("burst", "fails", "lost_worker") else {{"retries": 0}}
    if kind == "agentd":
        if name == "timeout":
            more["timeout"] = 5
        return AgentdOperator(task_id=f"{{kind}}-{{name}}", script=script, directory="/", deferrable=name != "lost_worker",
                              log_limit=None, **more)
    if kind == "ssh":
        limit = 5 if name == "timeout" else 900
        return SSHOperator(task_id=f"{{kind}}-{{name}}", ssh_conn_id="ssh_default", command=script, cmd_timeout=limit, **more)
    if name == "timeout":
        more["timeout"] = 5
    return SSHRemoteJobOperator(task_id=f"{{kind}}-{{name}}", ssh_conn_id="ssh_default", command=script, remote_os="posix", **more)

for name, script in QUESTIONS.items():
    with DAG(name, schedule=None) as dag:
        for kind in {operators!r}:
            task(kind, name, script)
    globals()[name] = dag
"""


class Sshd:
    """One of its own, on a port of its own, for a key of its own."""

    def __init__(self, folder):
        self.folder = folder / "sshd"
        self.folder.mkdir(mode=0o700)
        self.port = free_port()
        for name in ("host", "user"):
            done("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / name))
        (self.folder / "authorized").write_text((self.folder / "user.pub").read_text())
        (self.folder / "config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.folder}/host\nAuthorizedKeysFile {self.folder}/authorized\n"
            f"PidFile {self.folder}/pid\nStrictModes no\nUsePAM no\nPermitRootLogin yes\nMaxStartups 100\n"
        )
        pathlib.Path("/run/sshd").mkdir(exist_ok=True)

    def start(self):
        self.process = subprocess.Popen(
            ["/usr/sbin/sshd", "-D", "-e", "-f", self.folder / "config"],
            stderr=open(self.folder / "log", "wb"),  # noqa: SIM115
        )

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def connection(self):
        extra = {"key_file": str(self.folder / "user"), "no_host_key_check": "true"}
        return json.dumps(
            {"conn_type": "ssh", "host": "127.0.0.1", "port": self.port, "login": getpass.getuser(), "extra": extra}
        )


class Drill:
    def __init__(self, folder, airflow, agents):
        self.marks, self.airflow, self.agents = folder / "marks", airflow, agents
        self.table = {kind: {} for kind in OPERATORS}
        self.killed = 0

    def mark(self, kind, name):
        return self.marks / f"{kind}-{name}"

    def runs(self, kind, name):
        mark = self.mark(kind, name)
        return mark.read_text().count("run") if mark.exists() else 0

    def begin(self, name):
        self.airflow.trigger(name, "drill")
        for kind in OPERATORS:
            await_that(f"{kind} of {name}", 180, lambda kind=kind: self.runs(kind, name))

    def state(self, kind, name):
        return self.airflow.tasks(name, "drill")[f"{kind}-{name}", -1]["state"]

    def states(self, name, seconds):
        """The states in which the tasks end, or in which they still are after so many seconds."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            states = {kind: self.state(kind, name) for kind in OPERATORS}
            if all(state in ("success", "failed") for state in states.values()):
                break
            time.sleep(1)
        return states

    def alive(self, kind, name):
        pid = self.mark(kind, name).with_suffix(".pid")
        number = int(pid.read_text())
        return (
            ""
            if subprocess.run(["kill", "-0", str(number)], capture_output=True, check=False).returncode
            else f"pid {number}"
        )

    def logged(self, kind, name):
        """Bytes of b in the task's log."""
        entries = self.airflow.task_log(name, "drill", f"{kind}-{name}")
        return sum(
            entry.get("event", "").count("b") for _, entry in entries if re.search("b{100}", entry.get("event", ""))
        )

    def burst(self):
        self.begin("burst")
        states = self.states("burst", 180)
        for kind in OPERATORS:
            shown = self.logged(kind, "burst")
            text = "all of it" if shown == 1048575 else f"{shown:,} bytes"
            self.table[kind]["a burst of 1,048,576 bytes: in the log"] = f"{text}; task: {states[kind]}"

    def fails(self):
        self.begin("fails")
        self.states("fails", 180)
        for kind in OPERATORS:
            self.table[kind]["a job that fails, 2 retries: runs"] = str(self.runs(kind, "fails"))

    def lost_worker(self):
        """The worker and its supervisor are killed while the job runs (deferred: the trigger's host is)."""
        self.begin("lost_worker")
        time.sleep(5)
        self.airflow.kill("triggerer")
        # Airflow names the process of a task, and its supervisor, by the task instance's id.
        instances = [task["id"] for task in self.airflow.tasks("lost_worker", "drill").values()]
        for pid in self.airflow.pids("scheduler"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                arguments = pathlib.Path(f"/proc/{pid}/cmdline").read_text()
                if any(instance in arguments for instance in instances):
                    os.kill(pid, signal.SIGKILL)
                    self.killed += 1
        self.airflow.start("triggerer")
        states = self.states("lost_worker", 420)
        for kind in OPERATORS:
            self.table[kind]["worker and triggerer killed under a job: runs"] = (
                f"{self.runs(kind, 'lost_worker')}; task: {states[kind]}"
            )

    def marked(self):
        self.begin("marked")
        time.sleep(8)
        for kind in OPERATORS:
            self.airflow.mark("marked", "drill", f"{kind}-marked", "failed")
        begun = time.monotonic()
        gone = {}
        while time.monotonic() - begun < 30 and len(gone) < len(OPERATORS):
            for kind in OPERATORS:
                if kind not in gone and not self.alive(kind, "marked"):
                    gone[kind] = time.monotonic() - begun
            time.sleep(0.1)
        for kind in OPERATORS:
            self.table[kind]["marked as failed: the job is gone"] = (
                f"after {gone[kind]:.1f} s" if kind in gone else "not after 30 s"
            )

    def wrapper(self):
        """What started the job on its host is killed: a shepherd, a session's process, the wrapper that writes the exit code."""
        self.begin("wrapper")
        time.sleep(3)
        for kind in OPERATORS:
            parent = int(self.mark(kind, "wrapper").with_suffix(".parent").read_text())
            with contextlib.suppress(ProcessLookupError):
                os.kill(parent, signal.SIGKILL)
        states = self.states("wrapper", 150)
        for kind in OPERATORS:
            what = "still waits" if states[kind] in ("deferred", "running") else states[kind]
            self.table[kind]["the job's parent on its host killed: after 150 s"] = f"task: {what}"

    def timeout(self):
        self.begin("timeout")
        states = self.states("timeout", 120)
        time.sleep(5)
        for kind in OPERATORS:
            alive = "still runs" if self.alive(kind, "timeout") else "is gone"
            self.table[kind]["a timeout of 5 s: after it"] = f"task: {states[kind]}, job {alive}"


def main():
    with scratch("beside-ssh") as folder:
        agents, sshd = Agents(folder, programs(), ["a"]), Sshd(folder)
        connections = {"agentd_default": agents.connection("a"), "ssh_default": sshd.connection()}
        dag = DAG.format(questions=QUESTIONS, marks=folder / "marks", operators=OPERATORS)
        airflow = Airflow(
            folder, connections, {"beside": dag}, AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT="30"
        )
        drill = Drill(folder, airflow, agents)
        try:
            sshd.start()
            agents.start()
            airflow.start()
            for question in (drill.burst, drill.fails, drill.lost_worker, drill.marked, drill.wrapper, drill.timeout):
                question()
        finally:
            airflow.stop()
            agents.stop()
            sshd.stop()
            for file in (folder / "marks").glob("*ssh*.pid"):
                subprocess.run(["kill", "-9", file.read_text().strip()], capture_output=True, check=False)
        print(f"\nairflow {version('apache-airflow')}, ssh provider {version('apache-airflow-providers-ssh')}\n")
        print("| | AgentdOperator | SSHOperator | SSHRemoteJobOperator |\n|---|---|---|---|")
        for question in drill.table["agentd"]:
            print(f"| {question} | " + " | ".join(drill.table[kind][question] for kind in OPERATORS) + " |")
        found = drill.table["agentd"]
        wanted = {
            "a burst of 1,048,576 bytes: in the log": "all of it; task: success",
            "a job that fails, 2 retries: runs": "3",
            "worker and triggerer killed under a job: runs": "1; task: success",
            "the job's parent on its host killed: after 150 s": "task: failed",
            "a timeout of 5 s: after it": "task: failed, job is gone",
        }
        gone = found["marked as failed: the job is gone"]
        verdict(
            "beside ssh",
            [
                *((what, text, found[what], found[what] == text) for what, text in wanted.items()),
                ("processes of workers killed", "some", drill.killed, drill.killed > 0),
                (
                    "marked as failed: the job is gone",
                    "after at most 3 s",
                    gone,
                    gone.startswith("after ") and float(gone.split()[1]) <= 3,
                ),
            ],
        )


main()
