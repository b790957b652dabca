"""The operator submits what it was given, ends as the job did, and cancels when it is told to stop."""

import threading
import time
import uuid
from datetime import timedelta
from types import SimpleNamespace

import pytest

from airflow_provider_agentd.agent.steps import show
from airflow_provider_agentd.operators.agentd import AgentdOperator
from airflow_provider_agentd.sensors.agentd import AgentdJobSensor
from airflow_provider_agentd.version_compat import AirflowException, AirflowFailException, AirflowSkipException

try:
    from airflow.sdk import DAG
    from airflow.sdk.exceptions import TaskDeferred
except ImportError:
    from airflow import DAG
    from airflow.exceptions import TaskDeferred


class Store(dict):
    def set(self, key, value, retention):
        self[key] = value


def context(task_id, **changes):
    instance = {
        "id": uuid.uuid4(),
        "dag_id": "tests",
        "task_id": task_id,
        "run_id": f"run {uuid.uuid4()}",
        "map_index": -1,
        "try_number": 1,
        "max_tries": 0,
    }
    return {"ti": SimpleNamespace(**{**instance, **changes}), "task_state_store": Store()}


def execute(operator, at=None):
    return operator.execute(at or context(operator.task_id))


@pytest.fixture(autouse=True)
def _connected(connection):
    connection()


def test_result_is_small_and_says_what_there_is_to_know():
    operator = AgentdOperator(
        task_id="t",
        command=["/bin/sh", "-c", "echo $GREETING; pwd"],
        environment={"GREETING": 5},
        directory="/usr",
        xcom_last_line=True,
    )
    result = execute(operator)
    assert result.pop("job_id").startswith("tests-t.")
    assert result == {"agent": "alpha", "exit_code": 0, "output_bytes": 7, "last_line": "/usr"}


def test_script_with_an_interpreter():
    operator = AgentdOperator(
        task_id="t", script="print('x' * 3)", interpreter="/usr/bin/python3", directory="/", xcom_last_line=True
    )
    assert execute(operator)["last_line"] == "xxx"


@pytest.mark.parametrize(
    ("options", "raised", "says"),
    [
        ({"script": "exit 3"}, AirflowException, "failed, exit code 3"),
        ({"script": "kill -9 $$"}, AirflowException, "killed, SIGKILL"),
        ({"script": "sleep 60", "timeout": 0.5, "kill_grace": 0}, AirflowException, "timed_out"),
        (
            {"script": "sleep 60", "execution_timeout": timedelta(seconds=1), "kill_grace": 0},
            AirflowException,
            "timed_out",
        ),
        ({"script": "yes", "output_limit": 1000}, AirflowException, "output_limit"),
        ({"command": ["/no/such/program"]}, AirflowException, "could_not_start"),
        ({"script": "exit 99", "skip_on_exit_code": 99}, AirflowSkipException, "skipped"),
        ({"script": "exit 99", "skip_on_exit_code": {98, 99}}, AirflowSkipException, "skipped"),
        ({"script": "exit 4", "retry_states": ()}, AirflowFailException, "not run again by itself"),
        ({"script": "true", "user": "root"}, AirflowFailException, "403, forbidden"),
        ({"script": "true", "umask": "999"}, AirflowFailException, "400, bad-request"),
        ({"script": "true", "agent_pool": "unknown"}, AirflowFailException, "has no pool unknown"),
        ({"command": "echo | sort"}, AirflowException, "use script="),
        ({"command": ["a"], "script": "b"}, AirflowException, "either command or script"),
        ({}, AirflowException, "either command or script"),
    ],
)
def test_ends(options, raised, says):
    with pytest.raises(AirflowException) as caught:
        execute(AgentdOperator(task_id="ends", **{"directory": "/", **options}))
    assert type(caught.value) is raised
    assert says in str(caught.value)
    assert execute(AgentdOperator(task_id="good", command=["/bin/true"], directory="/"))["exit_code"] == 0


def test_labels_name_the_task(client):
    operator = AgentdOperator(task_id="labelled", command=["/bin/true"], directory="/", labels={"team": "data", "n": 7})
    at = context("labelled", run_id="scheduled__2026-11-30T00:00:00+00:00", map_index=4)
    job = client.run(show(execute(operator, at)["job_id"]))
    assert dict(job.labels) | {
        "team": "data",
        "n": "7",
        "airflow.dag": "tests",
        "airflow.task": "labelled",
        "airflow.run": "scheduled__2026-11-30T00:00:00+00:00",
        "airflow.map_index": "4",
        "airflow.run_number": "1",
    } == dict(job.labels)


def test_deferral_and_return(client):
    operator = AgentdOperator(task_id="deferred", script="echo there; sleep 1", directory="/", deferrable=True)
    at = context("deferred")
    with pytest.raises(TaskDeferred) as deferred:
        execute(operator, at)
    assert deferred.value.method_name == "execute_complete"
    assert deferred.value.timeout is None
    _, arguments = deferred.value.trigger.serialize()
    assert arguments["agent"] == "alpha"
    assert arguments["choice"] == str(at["ti"].id)
    job = client.run(show(arguments["job_id"], hold=10))
    event = {"job": job.to_json(), "agent": "alpha", "last_line": "there", "unreachable": False, "error": None}
    result = operator.execute_complete(at, event)
    assert (result["exit_code"], result["agent"]) == (0, "alpha")
    # A worker that is lost now: the next try is a new process, and the job has ended.
    again = AgentdOperator(task_id="deferred", script="echo there; sleep 1", directory="/", deferrable=True)
    assert execute(again, at)["job_id"] == arguments["job_id"]


def test_return_without_an_answer_is_for_a_retry():
    operator = AgentdOperator(task_id="t", command=["/bin/true"])
    with pytest.raises(AirflowException, match="a retry looks for it") as caught:
        operator.execute_complete({}, {"job": None, "last_line": "", "unreachable": True, "error": "no answer"})
    assert type(caught.value) is AirflowException
    with pytest.raises(AirflowFailException, match="forgotten"):
        operator.execute_complete({}, {"job": None, "last_line": "", "unreachable": False, "error": None})


def test_on_kill_while_it_waits(client):
    operator = AgentdOperator(task_id="killed", script="sleep 300 & sleep 300", directory="/")
    failed = []

    def run():
        try:
            execute(operator)
        except AirflowException as error:
            failed.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    while operator._run is None or not operator._run.submitted:
        time.sleep(0.05)
    time.sleep(0.5)
    begun = time.monotonic()
    operator.on_kill()
    assert time.monotonic() - begun < 3
    job = client.run(show(operator._run.job_id))
    assert (job.state, job.left) == ("cancelled", 0)
    thread.join(10)
    assert len(failed) == 1


def test_on_kill_while_it_submits(client, monkeypatch):
    """The signal comes when the request is on its way: what arrives after it is cancelled by the submitter."""
    from airflow_provider_agentd import runs

    operator = AgentdOperator(task_id="killed", script="sleep 300", directory="/")
    submits = runs.submit

    def signalled(job_id, request):
        operator.on_kill()
        operator._killed = False
        found = yield from submits(job_id, request)
        operator._killed = True
        return found

    monkeypatch.setattr(runs, "submit", signalled)
    with pytest.raises(AirflowException, match="told to stop"):
        execute(operator)
    job = client.run(show(operator._run.job_id, hold=5))
    assert (job.state, job.left) == ("cancelled", 0)


def test_on_kill_while_the_agent_is_away(connection):
    connection(hosts="127.0.0.1:1")
    operator = AgentdOperator(task_id="away", script="true", submit_timeout=30)
    timer = threading.Timer(0.5, operator.on_kill)
    timer.start()
    begun = time.monotonic()
    with pytest.raises(AirflowException, match="told to stop"):
        execute(operator)
    assert time.monotonic() - begun < 10


def test_sensor_waits_for_a_job_that_comes(client):
    from airflow_provider_agentd.agent.steps import submit

    sensor = AgentdJobSensor(task_id="s", job_id="sensed", poke_interval=1)
    assert not sensor.poke({})
    client.run(submit("sensed", {"command": ["/bin/sleep", "0.3"], "directory": "/"}))
    assert sensor.poke({})
    client.run(submit("sensed-2", {"command": ["/bin/false"], "directory": "/"}))
    with pytest.raises(AirflowException, match="failed, exit code 1"):
        AgentdJobSensor(task_id="s2", job_id="sensed-2", poke_interval=1).poke({})


def test_only_a_script_in_a_file_of_its_own_is_a_file(tmp_path):
    """Airflow takes any templated string with such an ending for the name of a file."""
    (tmp_path / "load.sh.j2").write_text("#!/bin/sh\necho {{ what }}\n")
    with DAG("templates", schedule=None, template_searchpath=str(tmp_path)):
        command = AgentdOperator(task_id="c", command=["/opt/{{ what }}/run.sh", "a.py"], environment={"X": "b.sh"})
        script = AgentdOperator(task_id="s", script="load.sh.j2")
        included = AgentdOperator(task_id="i", script="{% include 'load.sh.j2' %}")
    for operator in (command, script, included):
        operator.resolve_template_files()
        operator.render_template_fields({"what": "this"})
    assert command.command == ["/opt/this/run.sh", "a.py"]
    assert command.environment == {"X": "b.sh"}
    assert script.script == included.script == "#!/bin/sh\necho this"
