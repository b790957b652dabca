"""Real agents and a real Airflow in a scratch folder, for the drills."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import httpx

# A drill that is told to stop stops what it started.
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parents[2]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def done(*command, **options):
    """Run a command to its end; its output."""
    result = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if result.returncode:
        sys.exit(
            f"{' '.join(map(str, command))}: exit code {result.returncode}: {result.stdout[-2000:]}{result.stderr[-4000:]}"
        )
    return result.stdout


def await_that(what, seconds, condition, every=0.2):
    """Until the condition holds; its value. On a machine that is busy with other things, PATIENCE= multiplies the time."""
    seconds *= float(os.environ.get("PATIENCE", "1"))
    ends = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > ends:
            raise TimeoutError(f"waited {seconds} s in vain for {what}")
        time.sleep(every)
    return value


class Agents:
    """Agents on this host, each with a folder of its own, all with one certificate; and a scheduler's certificate."""

    def __init__(self, scratch, programs, names):
        self.scratch = pathlib.Path(scratch)
        self.bin = self.scratch / "bin"
        self.bin.mkdir()
        for program in pathlib.Path(programs).resolve().iterdir():
            # All of them find each other beside them.
            if (
                program.name.startswith(("agent", "scheduler-register"))
                and os.access(program, os.X_OK)
                and program.is_file()
            ):
                (self.bin / program.name).symlink_to(program)
        self.ports, self.processes = {}, {}
        self._certificates()
        for name in names:
            self._configure(name)

    def _certificates(self):
        (self.scratch / "openssl.cnf").write_text(
            "[req]\ndistinguished_name=s\n[s]\n[root]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n"
            "subjectKeyIdentifier=hash\n[server]\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n"
            "[client]\nextendedKeyUsage=clientAuth\n"
        )
        signed = ["-CA", "root.crt", "-CAkey", "root.key"]
        for name, more in (("root", []), ("server", signed), ("client", signed)):
            done(
                "openssl", "req", "-x509", "-config", "openssl.cnf", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-noenc", "-keyout", f"{name}.key", "-out", f"{name}.crt", "-days", "20",
                "-subj", f"/CN={name}", "-extensions", name, *more, cwd=self.scratch,
            )  # fmt: skip
        bundle = "".join((self.scratch / part).read_text() for part in ("server.crt", "server.key", "root.crt"))
        (self.scratch / "bundle.pem").touch(0o600)
        (self.scratch / "bundle.pem").write_text(bundle)
        printed = done("openssl", "x509", "-in", "server.crt", "-noout", "-fingerprint", "-sha256", cwd=self.scratch)
        self.fingerprint = printed.split("=")[1].strip()

    def _environment(self, name):
        return {**os.environ, "AGENTD_CONFIG": str(self.scratch / name / "agentd.toml")}

    def _configure(self, name):
        folder = self.scratch / name
        folder.mkdir()
        text = '[paths]\nstore = "store"\nlistener = "listener.toml"\nstate = "state"\nruntime = "run"\n[process]\n'
        text += f'agent_name = "{name}"\n'
        if os.geteuid() == 0 and not any(entry.pw_name == "agentd" for entry in pwd.getpwall()):
            text += 'listener_user = "games"\n'
        (folder / "agentd.toml").write_text(text + "[jobs]\ninput_limit = 700000\n")
        self.ports[name] = free_port()
        for arguments in (
            ("-I", str(self.scratch / "bundle.pem")),
            ("-L", "-t", self.fingerprint, "-b", "127.0.0.1", "-p", str(self.ports[name])),
        ):
            done(str(self.bin / "agent-register"), *arguments, env=self._environment(name))

    def start(self, *names):
        for name in names or self.ports:
            with open(self.scratch / name / "agentd.log", "ab") as log:
                self.processes[name] = subprocess.Popen(
                    [self.bin / "agentd", "-F"], env=self._environment(name), stderr=log, start_new_session=True
                )
        for name in names or self.ports:
            await_that(f"{name} to listen", 20, lambda name=name: listens(self.ports[name]), every=0.05)

    def kill(self, name):
        """All processes of the agent, and none of its jobs."""
        process = self.processes.pop(name)
        children = (
            done("ps", "-o", "pid=,comm=", "--ppid", str(process.pid)).splitlines() if process.poll() is None else []
        )
        process.kill()
        process.wait()
        for line in children:
            pid, command = line.split(None, 1)
            if "shepherd" not in command:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)

    def stop(self):
        # Jobs outlive their agents.
        for name, process in self.processes.items():
            if process.poll() is None:
                with contextlib.suppress(httpx.HTTPError):
                    self.ask(name, "/v1/cancel", "POST", params={"client": "CN=client"})
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.wait()
        self.processes = {}

    def connection(self, name, hosts=None, **more):
        """The connection of Airflow's for this agent, as JSON."""
        extra = {
            "certificate": str(self.scratch / "client.crt"),
            "private_key": str(self.scratch / "client.key"),
            "root": str(self.scratch / "root.crt"),
            **more,
        }
        host = hosts or "127.0.0.1"
        return json.dumps({"conn_type": "agentd", "host": host, "port": self.ports[name], "extra": extra})

    def ask(self, name, path, method="GET", **options):
        if not hasattr(self, "_http"):
            import ssl

            context = ssl.create_default_context(cafile=str(self.scratch / "root.crt"))
            context.load_cert_chain(str(self.scratch / "client.crt"), str(self.scratch / "client.key"))
            self._http = httpx.Client(verify=context, trust_env=False, timeout=30)
        return self._http.request(method, f"https://127.0.0.1:{self.ports[name]}{path}", **options)

    def jobs(self, name):
        """All jobs of the agent, newest first."""
        jobs, cursor = [], None
        while True:
            page = self.ask(name, "/v1/jobs", params={"limit": 1000, **({"cursor": cursor} if cursor else {})}).json()
            jobs += page["jobs"]
            cursor = page["cursor"]
            if cursor is None:
                return jobs


class Airflow:
    """A database, an API server, a scheduler with workers, a Dag processor and a triggerer; each can be killed."""

    COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")

    def __init__(self, scratch, connections, dags, **settings):
        self.home = pathlib.Path(scratch) / "airflow"
        self.dags = self.home / "dags"
        self.dags.mkdir(parents=True)
        self.port = free_port()
        for name, text in dags.items():
            (self.dags / f"{name}.py").write_text(text)
        self.environment = {
            **os.environ,
            "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "AIRFLOW_HOME": str(self.home),
            # Airflow does not survive a database that is locked for longer, as SQLite may be on a busy machine.
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.home}/airflow.db?timeout=120",
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "6",
            "AIRFLOW__CORE__MAX_ACTIVE_TASKS_PER_DAG": "2000",
            "AIRFLOW__CORE__DEFAULT_POOL_TASK_SLOT_COUNT": "2000",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{self.port}/execution/",
            "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{self.port}",
            "AIRFLOW__API_AUTH__JWT_SECRET": "x" * 32,
            "AIRFLOW__API__SECRET_KEY": "y" * 32,
            # On a busy machine the API server's first answer takes long.
            "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "120",
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "120",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "3",
            "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",
            "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "6",
            "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "AIRFLOW__STATS__STATSD_ON": "False",
            **{f"AIRFLOW_CONN_{name.upper()}": text for name, text in connections.items()},
            **settings,
        }
        self.processes = {}

    def command(self, *arguments):
        return [sys.executable, "-m", "airflow", *arguments]

    def start(self, *components):
        """Start components; without names, make the database and start all."""
        if not components:
            done(*self.command("db", "migrate"), env=self.environment)
        for component in components or self.COMPONENTS:
            with open(self.home / f"{component}.log", "ab") as log:
                self.processes[component] = subprocess.Popen(
                    self.command(component), env=self.environment, stdout=log, stderr=log, start_new_session=True
                )
        if not components:
            await_that("the API server", 600, self._answers, every=1)

    def _answers(self):
        if self.processes["api-server"].poll() is not None:
            raise RuntimeError(f"the API server has ended: {self.log_of('api-server')[-3000:]}")
        if not listens(self.port):
            return False
        try:
            got = httpx.get(f"http://127.0.0.1:{self.port}/auth/token", trust_env=False, timeout=60)
        except httpx.TransportError:
            return False
        if got.status_code != 201:
            return False
        self._http = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}/api/v2",
            headers={"Authorization": f"Bearer {got.json()['access_token']}"},
            trust_env=False,
            timeout=60,
        )
        return True

    def log_of(self, component):
        return (self.home / f"{component}.log").read_text(errors="replace")

    def pids(self, component):
        """All processes of a component; they have process groups of their own, but are in one session."""
        session = str(self.processes[component].pid)
        found = subprocess.run(["pgrep", "-s", session, "-r", "D,R,S,T"], capture_output=True, text=True, check=False)
        return [int(word) for word in found.stdout.split()]

    def kill(self, component):
        """With all of its processes, as a host that goes down."""
        process = self.processes[component]
        process.kill()
        while pids := [pid for pid in self.pids(component) if pid != process.pid]:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)
        process.wait()
        del self.processes[component]

    def stop(self):
        for process in self.processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        ends = time.monotonic() + 20
        for component, process in list(self.processes.items()):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, ends - time.monotonic()))
            self.kill(component)
        self.processes = {}

    def ask(self, method, path, **options):
        for attempt in range(20):
            try:
                answer = self._http.request(method, path, **options)
            except httpx.TransportError:
                if attempt == 19:
                    raise
                time.sleep(0.5)
                continue
            # SQLite is locked now and then.
            if answer.status_code >= 500 and attempt < 19:
                time.sleep(0.5)
                continue
            break
        if answer.status_code >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.content else None

    def trigger(self, dag, run_id, conf=None):
        def known():
            try:
                return not self.ask("GET", f"/dags/{dag}")["is_stale"]
            except RuntimeError:
                return False

        await_that(f"Dag {dag}", 120, known, every=0.5)
        self.ask("PATCH", f"/dags/{dag}", json={"is_paused": False})
        self.ask("POST", f"/dags/{dag}/dagRuns", json={"dag_run_id": run_id, "logical_date": None, "conf": conf or {}})

    def tasks(self, dag, run_id):
        """All task instances of a run, by (task, map index)."""
        found, offset = {}, 0
        while True:
            page = self.ask(
                "GET", f"/dags/{dag}/dagRuns/{run_id}/taskInstances", params={"limit": 100, "offset": offset}
            )
            for task in page["task_instances"]:
                found[task["task_id"], task["map_index"]] = task
            offset += 100
            if offset >= page["total_entries"]:
                return found

    def run_state(self, dag, run_id):
        return self.ask("GET", f"/dags/{dag}/dagRuns/{run_id}")["state"]

    def await_run(self, dag, run_id, seconds, every=1.0):
        """The state in which the run ends."""

        def ended():
            state = self.run_state(dag, run_id)
            return state if state in ("success", "failed") else None

        return await_that(f"the end of {dag} {run_id}", seconds, ended, every)

    def await_state(self, dag, run_id, task, states, seconds, map_index=-1, every=0.1):
        def state():
            found = self.tasks(dag, run_id).get((task, map_index))
            return found if found and found["state"] in states else None

        return await_that(f"{task} of {run_id} to be {states}", seconds, state, every)

    def mark(self, dag, run_id, task, state, map_index=-1):
        where = f"/{map_index}" if map_index >= 0 else ""
        self.ask("PATCH", f"/dags/{dag}/dagRuns/{run_id}/taskInstances/{task}{where}", json={"new_state": state})

    def clear(self, dag, run_id, task):
        self.ask(
            "POST",
            f"/dags/{dag}/clearTaskInstances",
            json={"dry_run": False, "dag_run_id": run_id, "task_ids": [task], "only_failed": False},
        )

    def task_log(self, dag, run_id, task, map_index=-1):
        """The entries of the task's log files, in the files' order, as (file, entry)."""
        folder = self.home / "logs" / f"dag_id={dag}" / f"run_id={run_id}" / f"task_id={task}"
        if map_index >= 0:
            folder = folder / f"map_index={map_index}"
        entries = []
        for file in sorted(folder.glob("*"), key=lambda path: path.stat().st_mtime):
            for line in file.read_text(errors="replace").splitlines():
                try:
                    entries.append((file.name, json.loads(line)))
                except ValueError:
                    entries.append((file.name, {"event": line, "cut": True}))
        return entries

    def shown_log(self, dag, run_id, task, try_number, map_index=-1):
        """The log as the user interface gets it."""
        answer = self.ask(
            "GET",
            f"/dags/{dag}/dagRuns/{run_id}/taskInstances/{task}/logs/{try_number}",
            params={"map_index": map_index, "full_content": True},
            headers={"Accept": "application/json"},
        )
        return answer["content"]


@contextlib.contextmanager
def scratch(name):
    """A folder that others may look into; kept if something fails."""
    folder = tempfile.mkdtemp(prefix=f"agentd-airflow-{name}.", dir=os.environ.get("DRILL_DIR"))
    os.chmod(folder, 0o755)
    marks = pathlib.Path(folder, "marks")
    marks.mkdir()
    marks.chmod(0o777)
    try:
        yield pathlib.Path(folder)
    except BaseException:
        print(f"drill: the scratch folder is {folder}", file=sys.stderr)
        raise
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def both(agents, airflow):
    """Agents and Airflow, started and stopped."""
    try:
        agents.start()
        airflow.start()
        yield
    finally:
        airflow.stop()
        agents.stop()


def programs():
    """The folder with the programs: the first argument, or AGENTD_BIN, or a release build."""
    folder = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("AGENTD_BIN", str(REPOSITORY / ".build" / "release"))
    return os.path.abspath(folder)


def verdict(name, rows):
    """Print a drill's figures; exits with 1 if one is not as wanted. Rows are (what, wanted, found, whether that is right)."""
    width = max(len(row[0]) for row in rows)
    print(f"\n{name} ({time.strftime('%Y-%m-%d %H:%M')}, load {os.getloadavg()[0]:.1f})")
    for what, wanted, found, right in rows:
        print(f"  {what:<{width}}  {found!s:<24} wanted {wanted:<20} {'ok' if right else 'NOT AS WANTED'}")
    if not all(row[3] for row in rows):
        raise SystemExit(1)
