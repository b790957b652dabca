"""A run's job is started once, whatever happens to the tries of Airflow's; only a failure or a person begins a new run."""

import itertools
import time

import pytest

from airflow_provider_agentd.agent.client import AgentdClient
from airflow_provider_agentd.agent.errors import AgentdUnreachable
from airflow_provider_agentd.agent.job import Job
from airflow_provider_agentd.agent.steps import cancel, show, submit, wait_for_end
from airflow_provider_agentd.runs import (
    RETRY_STATES,
    AgentRunStore,
    JobIsLeft,
    Run,
    RunKeeper,
    TaskName,
    TaskStateRunStore,
    Verdict,
    judge,
)

names = itertools.count()


class Stored:
    """Airflow's task state store; a worker whose try is over is refused."""

    def __init__(self):
        self.value = None
        self.current = True

    def get(self, key):
        return self.value if self.current else None

    def set(self, key, value, retention):
        if not self.current:
            raise RuntimeError("404: no such task instance")
        self.value = value


class Instance:
    """A task instance of Airflow's; :meth:`begin` is what a try does."""

    def __init__(self, target, marks, *, seconds=0, exit_code=0):
        self.task = TaskName(f"dag:{next(names)}", "a task", f"manual__{time.time()}+00:00")
        self.target = target
        self.stored = Stored()
        self.max_tries = 1
        self.tries = 0
        self.said = []
        self.begun = []
        self.marks = marks / self.task.digest
        self.request = {
            "command": ["/bin/sh", "-c", f"echo run >> {self.marks}; sleep {seconds}; exit {exit_code}"],
            "directory": "/",
        }

    def keeper(self, *, stored=None, retry_states=RETRY_STATES, patience=2.0, **options):
        self.tries += 1

        def client(run):
            at = self.target.with_address(run.address) if run else self.target
            return AgentdClient(at, agent=run.agent if run else None, patience=patience)

        return RunKeeper(
            task=self.task,
            store=TaskStateRunStore(stored or self.stored, None),
            client=client,
            max_tries=self.max_tries,
            choice=f"try-{self.tries}",
            retry_states=retry_states,
            cancel_seconds=5,
            say=self.said.append,
            begun=self.begun.append,
            **options,
        )

    def begin(self, **options):
        return self.keeper(**options).find_or_begin(self.request)

    def clear(self):
        self.max_tries += 1

    @property
    def runs(self):
        return self.marks.read_text().count("run") if self.marks.exists() else 0


@pytest.fixture
def instance(agents, target):
    return lambda **options: Instance(target("alpha"), agents.scratch / "marks", **options)


def ended(client, run):
    return client.run(wait_for_end(run.job_id, 10))


RUN = Run("id", 1, "choice", 0, "agent", "host:1")
SUBMITTED = Run("id", 1, "choice", 0, "agent", "host:1", submitted=True)


@pytest.mark.parametrize(
    ("run", "state", "cleared", "verdict"),
    [
        (RUN, None, False, Verdict.SUBMIT),
        (RUN, None, True, Verdict.CHOOSE_AGAIN),
        (SUBMITTED, None, False, Verdict.FAIL),
        (SUBMITTED, None, True, Verdict.NEW_RUN),
        *[(SUBMITTED, state, False, Verdict.FOLLOW) for state in ("accepted", "queued", "running", "new in 2.0")],
        *[(SUBMITTED, state, True, Verdict.CANCEL) for state in ("accepted", "queued", "running", "new in 2.0")],
        (SUBMITTED, "succeeded", False, Verdict.DONE),
        (SUBMITTED, "succeeded", True, Verdict.NEW_RUN),
        *[(SUBMITTED, state, False, Verdict.NEW_RUN) for state in ("failed", "killed", "timed_out", "cancelled")],
        *[(SUBMITTED, state, False, Verdict.NEW_RUN) for state in ("output_limit", "could_not_start")],
        (SUBMITTED, "interrupted", False, Verdict.FAIL),
        (SUBMITTED, "interrupted", True, Verdict.NEW_RUN),
    ],
)
def test_what_a_new_try_does(run, state, cleared, verdict):
    assert judge(run, Job("id", state) if state else None, cleared=cleared) is verdict


def test_interrupted_and_forgotten_runs_are_repeated_only_if_that_is_said():
    assert judge(SUBMITTED, Job("id", "interrupted"), cleared=False, retry_states={"interrupted"}) is Verdict.NEW_RUN
    assert judge(SUBMITTED, None, cleared=False, retry_states={"forgotten"}) is Verdict.NEW_RUN
    assert judge(SUBMITTED, Job("id", "failed"), cleared=False, retry_states=set()) is Verdict.FAIL


def test_ids_are_unique_and_of_the_characters_that_job_ids_have():
    tasks = [
        TaskName("a.b", "c", "r"),
        TaskName("a", "b.c", "r"),
        TaskName("a", "b", "c.r"),
        TaskName("a", "b", "c.r", 0),
        TaskName("日本", "задача", "manual__2026-11-30T00:00:00+00:00"),
        TaskName(".", "..", ""),
        TaskName("d" * 250, "t" * 250, "r" * 250),
    ]
    ids = [task.job_id(number) for task in tasks for number in (1, 1000)]
    assert len(set(ids)) == len(ids)
    for found in ids:
        assert Job.from_json({"id": found, "state": "running"})
        assert len(found) <= 128
        assert not found.startswith(".")
        assert all(letter.isascii() and (letter.isalnum() or letter in "._-") for letter in found)


def test_worker_killed_between_choice_and_submission(instance, client):
    task = instance()
    keeper = task.keeper()
    keeper._submit = lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        keeper.find_or_begin(task.request)
    assert task.stored.value["submitted"] is False
    run, _ = task.begin()
    assert (run.number, ended(client, run).state, task.runs) == (1, "succeeded", 1)


def test_worker_killed_between_submission_and_its_record(instance, client):
    task = instance(seconds=1)
    run, _ = task.begin()
    task.stored.value["submitted"] = False
    again, job = task.begin()
    assert again == run
    assert job.state in ("accepted", "queued", "running")
    assert ended(client, run).state == "succeeded"
    assert task.runs == 1


def test_new_try_finds_a_job_that_runs_and_one_that_has_succeeded(instance, client):
    task = instance(seconds=1)
    run, _ = task.begin()
    assert task.begin()[0] == run
    ended(client, run)
    again, job = task.begin()
    assert (again, job.state, task.runs) == (run, "succeeded", 1)


def test_templates_that_differ_in_the_next_try_change_nothing(instance, client):
    task = instance(seconds=1)
    run, _ = task.begin()
    task.stored.value["submitted"] = False
    task.request = {**task.request, "environment": {"TRY": "2"}}
    assert task.begin()[0] == run
    ended(client, run)
    assert task.runs == 1


def test_a_submission_that_overtakes_the_look_is_the_same_run(instance, client):
    """The old worker's request arrives after the new try has found nothing, with other values in it."""
    task = instance(seconds=1)
    keeper = task.keeper()
    keeper._submit = lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        keeper.find_or_begin(task.request)
    old = Run.from_json(task.stored.value)
    newer = task.keeper()
    submits = newer._submit

    def late(client_, run, request):
        client.run(submit(old.job_id, {**task.request, "umask": "022", "labels": old.labels(task.task)}))
        return submits(client_, run, request)

    newer._submit = late
    run, _ = newer.find_or_begin(task.request)
    assert run.job_id == old.job_id
    ended(client, run)
    assert task.runs == 1


def test_failed_job_is_run_again_and_the_old_worker_cannot_start_a_third(instance, client):
    task = instance(exit_code=3)
    first, _ = task.begin()
    assert ended(client, first).state == "failed"
    second, _ = task.begin()
    assert second.number == 2
    ended(client, second)
    assert client.run(submit(first.job_id, {**task.request, "labels": first.labels(task.task)})).state == "failed"
    assert task.runs == 2


def test_cleared_job_is_gone_before_the_new_run_begins(instance, client):
    task = instance(seconds=60)
    first, _ = task.begin()
    task.clear()
    second, job = task.begin()
    old = client.run(show(first.job_id))
    assert (second.number, old.state, old.left) == (2, "cancelled", 0)
    assert not job.ended
    assert task.begin()[0] == second
    client.run(cancel(second.job_id, second.is_of))
    ended(client, second)
    assert task.runs <= 2


def test_late_cancel_of_the_old_try_spares_the_new_run(instance, client):
    """The trigger of the cleared try is told a moment after the new try has begun."""
    task = instance(seconds=1)
    first, _ = task.begin()
    task.clear()
    second, _ = task.begin()
    client.run(cancel(first.job_id, first.is_of))
    assert ended(client, second).state == "succeeded"


def test_clear_before_submission_takes_the_id_from_the_old_worker(instance, client):
    task = instance(seconds=1)
    keeper = task.keeper()
    keeper._submit = lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        keeper.find_or_begin(task.request)
    old = Run.from_json(task.stored.value)
    task.clear()
    run, _ = task.begin()
    assert run.job_id == old.job_id
    # The old worker wakes up: its request is refused, its cancel is not for this job, its store is closed.
    assert client.run(submit(old.job_id, {**task.request, "labels": old.labels(task.task)})) is None
    assert client.run(cancel(old.job_id, old.is_of)) is None
    stale = Stored()
    stale.current = False
    with pytest.raises(RuntimeError, match="404"):
        task.begin(stored=stale)
    assert ended(client, run).state == "succeeded"
    assert task.runs == 1


def test_old_worker_that_comes_first_after_a_clear_is_cancelled(instance, client):
    task = instance(seconds=60)
    keeper = task.keeper()
    keeper._submit = lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        keeper.find_or_begin(task.request)
    old = Run.from_json(task.stored.value)
    task.clear()
    newer = task.keeper()
    submits = newer._submit

    def late(client_, run, request):
        if run.number == 1:
            client.run(submit(old.job_id, {**task.request, "labels": old.labels(task.task)}))
        return submits(client_, run, request)

    newer._submit = late
    run, _ = newer.find_or_begin(task.request)
    assert run.number == 2
    assert client.run(show(old.job_id)).state == "cancelled"
    client.run(cancel(run.job_id, run.is_of))


def test_ids_of_a_deleted_dag_run_are_passed_over(instance, client):
    task = instance()
    first, _ = task.begin()
    ended(client, first)
    task.stored.value = None
    second, _ = task.begin()
    assert second.number == 2
    ended(client, second)
    assert task.runs == 2


def test_job_that_the_agent_has_forgotten_is_not_run_again(instance, client, agents):
    task = instance()
    run, _ = task.begin()
    ended(client, run)
    assert agents.ask("alpha", f"/v1/jobs/{run.job_id}", "DELETE").status_code == 204
    again, job = task.begin()
    assert (again, job.state, task.runs) == (run, "forgotten", 1)


def test_another_agent_at_the_address_is_not_given_the_run(instance, agents, target):
    """The connection was changed, or a standby took the address over."""
    task = instance()
    run, _ = task.begin()
    task.target = target("beta")
    task.stored.value["address"] = f"127.0.0.1:{agents.ports['beta']}"
    task.stored.value["submitted"] = False
    with pytest.raises(AgentdUnreachable, match="is agent beta, not alpha"):
        task.begin(patience=0.5)
    assert agents.ask("beta", f"/v1/jobs/{run.job_id}").status_code == 404


def test_run_is_found_at_its_agent_although_the_connection_names_another(instance, client, target):
    task = instance(seconds=1)
    run, _ = task.begin()
    task.target = target("beta")
    assert task.begin()[0] == run
    assert ended(client, run).state == "succeeded"


def test_cleared_job_that_does_not_go_holds_up_the_new_run(instance, client):
    task = instance()
    task.request = {
        "command": ["/bin/sh", "-c", f"trap '' TERM; echo run >> {task.marks}; while :; do sleep 1; done"],
        "directory": "/",
        "kill_grace": 60,
    }
    task.begin()
    while task.runs == 0:
        time.sleep(0.05)
    task.clear()
    keeper = task.keeper()
    keeper._cancel_seconds = 1
    with pytest.raises(JobIsLeft, match="is running"):
        keeper.find_or_begin(task.request)
    assert task.runs == 1
    assert task.stored.value["number"] == 1


def test_without_a_store_the_agent_is_the_record(instance, client, target):
    """Airflow before 3.3."""
    task = instance(seconds=1)

    def begin():
        keeper = task.keeper()
        keeper._store = AgentRunStore(lambda: AgentdClient(target("alpha"), patience=2), task.task)
        return keeper.find_or_begin(task.request)

    first, _ = begin()
    assert begin()[0] == first
    assert ended(client, first).state == "succeeded"
    assert begin()[1].state == "succeeded"
    task.clear()
    second, _ = begin()
    assert second.number == 2
    ended(client, second)
    assert task.runs == 2
