"""Triggers follow jobs over one connection an agent, log all that they write, and cancel what a person ends."""

import asyncio
import contextlib
import random
import socket
import time
from types import SimpleNamespace
from unittest import mock

import pytest

from airflow_provider_agentd.agent.link import AgentLink
from airflow_provider_agentd.agent.steps import show, submit
from airflow_provider_agentd.operators.agentd import AgentdOperator
from airflow_provider_agentd.task_log import LogChannel
from airflow_provider_agentd.triggers.agentd import REST_BYTES, AgentdJobTrigger


class Watched:
    """A trigger as a triggerer runs it, and what it logs."""

    def __init__(self, job_id, **options):
        made = AgentdJobTrigger(agentd_conn_id="agentd_default", job_id=job_id, poll_interval=0.5, **options)
        path, arguments = made.serialize()
        assert path == "airflow_provider_agentd.triggers.agentd.AgentdJobTrigger"
        self.trigger = AgentdJobTrigger(**arguments)
        self.entries = []

        class Log:
            info = staticmethod(lambda form, *values: self.entries.append(form % values))

        self.trigger._log = Log

    async def event(self):
        try:
            async for event in self.trigger.run():
                return event.payload
        finally:
            await self.trigger.cleanup()

    @property
    def output(self):
        start = next(n for n, entry in enumerate(self.entries) if entry.startswith("output of job "))
        return "\n".join(self.entries[start + 1 :])


def put(client, job_id, script, **more):
    labels = {"airflow.choice": "ours"}
    return client.run(submit(job_id, {"script": script, "directory": "/", "labels": labels, **more}))


def connections(agents, name="alpha"):
    metrics = agents.ask(name, "/metrics").text
    return next(
        int(line.split()[1])
        for line in metrics.splitlines()
        if line.startswith('agentd_connections{client="authenticated"}')
    )


@pytest.fixture(autouse=True)
def no_links_left():
    yield
    AgentLink._links.clear()


def test_output_and_end(client, connection):
    connection()
    put(client, "trigger-1", "seq 5; echo oops >&2; sleep 1; printf last; exit 7")
    watched = Watched("trigger-1", agent="alpha")
    event = asyncio.run(watched.event())
    assert event["job"]["state"] == "failed"
    assert event["job"]["exit_code"] == 7
    assert event["last_line"] == "last"
    assert event["agent"] == "alpha"
    assert watched.output == "1\n2\n3\n4\n5\noops\nlast"
    assert watched.entries[0] == "output of job trigger-1 on alpha, from byte 0:"


def test_one_connection_for_all_triggers_of_an_agent(client, connection, agents):
    connection()
    jobs = [f"many-{number}" for number in range(40)]
    for job in jobs:
        put(client, job, f"sleep 2; echo {job}")

    async def all_of_them():
        watched = [Watched(job) for job in jobs]
        running = asyncio.gather(*(one.event() for one in watched))
        most, before = 0, connections(agents)
        while not running.done():
            most = max(most, await asyncio.to_thread(connections, agents))
            await asyncio.sleep(0.1)
        assert len(AgentLink._links) == 1
        return watched, await running, most - before

    watched, events, most = asyncio.run(all_of_them())
    assert {event["job"]["state"] for event in events} == {"succeeded"}
    assert [one.output for one in watched] == jobs
    assert most <= 1


def test_kill_cancels_the_job_with_proof(client, connection):
    connection()
    put(client, "killed", "sleep 300 & sleep 300")

    async def kill():
        watched = Watched("killed", choice="ours", agent="alpha")
        task = asyncio.create_task(watched.event())
        await asyncio.sleep(1)
        task.cancel()
        begun = time.monotonic()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await watched.trigger.on_kill()
        return watched, time.monotonic() - begun

    watched, seconds = asyncio.run(kill())
    job = client.run(show("killed"))
    assert (job.state, job.left) == ("cancelled", 0)
    assert seconds < 3
    assert "0 processes left" in watched.entries[-1]


def test_kill_spares_a_job_of_another_choice(client, connection):
    connection()
    put(client, "spared", "sleep 1")
    watched = Watched("spared", choice="of another try")

    async def kill():
        await watched.trigger.on_kill()
        return await watched.event()

    assert asyncio.run(kill())["job"]["state"] == "succeeded"


def test_cancelled_watch_leaves_the_job_alone(client, connection):
    """The triggerer is shut down; another one takes over."""
    connection()
    put(client, "handed-over", "echo before; sleep 2; echo after")

    async def cut():
        task = asyncio.create_task(Watched("handed-over").event())
        await asyncio.sleep(1)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(cut())
    watched = Watched("handed-over")
    assert asyncio.run(watched.event())["job"]["state"] == "succeeded"
    assert watched.output == "before\nafter"


def test_agent_that_is_away_for_a_while(agents, target, monkeypatch):
    from airflow_provider_agentd.agent.client import AgentdClient

    monkeypatch.setenv("AIRFLOW_CONN_AGENTD_DEFAULT", agents.connection("beta"))
    with AgentdClient(target("beta"), patience=5) as beta:
        put(beta, "through-it", "for n in 1 2 3 4 5 6; do echo $n; sleep 0.5; done")

    async def watch():
        watched = Watched("through-it", agent="beta")
        task = asyncio.create_task(watched.event())
        await asyncio.sleep(1)
        await asyncio.to_thread(agents.kill, "beta")
        await asyncio.sleep(1)
        await asyncio.to_thread(agents.start, "beta")
        return watched, await task

    watched, event = asyncio.run(watch())
    assert event["job"]["state"] == "succeeded"
    assert watched.output == "1\n2\n3\n4\n5\n6"


def test_agent_that_stays_away_is_reported(agents, connection, monkeypatch):
    connection(hosts="127.0.0.1:1,127.0.0.1:2")
    event = asyncio.run(Watched("nowhere", patience=0.5).event())
    assert event["unreachable"]
    assert event["job"] is None
    assert "127.0.0.1:1" in event["error"]
    assert "127.0.0.1:2" in event["error"]


def test_first_address_is_dead(client, connection, agents):
    """The standby address goes on; it is the same agent."""
    put(client, "two-ways", "echo found")
    connection(hosts=f"no-such-host.invalid,127.0.0.1:1,127.0.0.1:{agents.ports['alpha']}")
    watched = Watched("two-ways", agent="alpha")
    assert asyncio.run(watched.event())["job"]["state"] == "succeeded"
    assert watched.output == "found"


def test_another_agent_at_the_second_address_is_passed_over(client, connection, agents):
    put(client, "one-agent", "echo found")
    connection(hosts=f"127.0.0.1:{agents.ports['beta']},127.0.0.1:{agents.ports['alpha']}")
    assert asyncio.run(Watched("one-agent", agent="alpha").event())["job"]["state"] == "succeeded"


def test_job_that_the_agent_does_not_know(connection):
    connection()
    event = asyncio.run(Watched("unknown-job").event())
    assert event["job"] is None
    assert event["error"] is None


def test_job_that_may_come(client, connection):
    connection()

    async def wait():
        task = asyncio.create_task(Watched("comes-later", may_come=True, show_output=False).event())
        await asyncio.sleep(1)
        await asyncio.to_thread(put, client, "comes-later", "true")
        return await task

    assert asyncio.run(wait())["job"]["state"] == "succeeded"


class Log:
    """Where a worker's operator logs."""

    def __init__(self):
        self.entries = []

    def info(self, form, *values):
        self.entries.append(form % values)

    warning = info


def returned(event, log_limit=None):
    """What the worker logs to which the task comes back."""
    operator = AgentdOperator(task_id="returns", script="", log_limit=log_limit)
    with mock.patch.object(AgentdOperator, "log", Log()) as log:
        operator.execute_complete({}, event)
    return log.entries


def whole(watched, entries):
    """The output from both, without the worker's lines before and after it."""
    return "\n".join([*filter(None, [watched.output]), *entries[1:-1]])


def test_much_output_is_exact_and_nobody_waits_for_it(client, connection):
    """What a triggerer's log takes too long for is left to the worker."""
    connection()
    put(client, "much", "seq -f 'line %.0f of the output of a job that writes a lot' 150000")
    put(client, "beside", "sleep 5")

    async def both():
        watched = Watched("much")
        turns, begun = [], time.monotonic()
        task = asyncio.gather(watched.event(), Watched("beside").event())
        while not task.done():
            before = time.monotonic()
            await asyncio.sleep(0.01)
            turns.append(time.monotonic() - before)
        return watched, (await task)[0], max(turns), begun

    watched, event, longest, begun = asyncio.run(both())
    entries = returned(event)
    assert entries[0] == f"output of job much on {event['address']}, from byte {event['offset']}:"
    assert event["job"]["output_bytes"] - event["offset"] > REST_BYTES
    assert whole(watched, entries).splitlines() == [
        f"line {n} of the output of a job that writes a lot" for n in range(1, 150001)
    ]
    assert longest < 1
    assert time.monotonic() - begun < 15


def test_little_output_is_the_triggers_alone(client, connection):
    connection()
    put(client, "little", f"seq -f 'line %09.0f' {REST_BYTES // 15 - 1}; printf end")
    watched = Watched("little")
    event = asyncio.run(watched.event())
    assert event["offset"] == event["job"]["output_bytes"] == len(watched.output)
    assert len(returned(event)) == 1


def test_rest_that_cannot_be_read_is_counted_and_changes_nothing(client, connection, agents):
    connection()
    put(client, "rest", f"head -c {REST_BYTES * 4} /dev/zero")
    event = asyncio.run(Watched("rest").event())
    assert event["job"]["state"] == "succeeded"
    done = agents.ask("alpha", "/v1/jobs/rest", "DELETE")
    assert done.status_code == 204
    entries = returned(event)
    left = event["job"]["output_bytes"] - event["offset"]
    assert any(entry.startswith(f"[{left} bytes are left out here, from byte {event['offset']} ") for entry in entries)


def test_entries_wait_for_room_in_the_log(client, connection, monkeypatch):
    room = []
    monkeypatch.setattr(LogChannel, "has_room", lambda channel: bool(room))
    connection()
    put(client, "waits", "echo there; sleep 1")

    async def watch():
        watched = Watched("waits")
        task = asyncio.create_task(watched.event())
        await asyncio.sleep(2)
        before = list(watched.entries)
        room.append(True)
        return before, watched, await task

    before, watched, event = asyncio.run(watch())
    assert len(before) == 1
    assert watched.output == "there"
    assert event["job"]["state"] == "succeeded"


def test_event_waits_until_all_is_in_the_log(client, connection, monkeypatch):
    read = []
    monkeypatch.setattr(LogChannel, "is_empty", lambda channel: bool(read))
    connection()
    put(client, "logged", "echo there")

    async def watch():
        task = asyncio.create_task(Watched("logged").event())
        await asyncio.sleep(2)
        early = task.done()
        read.append(True)
        return early, await task

    early, event = asyncio.run(watch())
    assert not early
    assert event["job"]["state"] == "succeeded"


def test_log_channel_is_as_full_as_the_kernel_says(monkeypatch, tmp_path):
    import structlog

    def channel(file):
        monkeypatch.setattr(structlog, "get_config", lambda: {"logger_factory": SimpleNamespace(io=file)})
        return LogChannel()

    ours, theirs = socket.socketpair()
    with ours, theirs, open(tmp_path / "log", "wb") as file:
        log = channel(ours)
        assert (log.has_room(), log.is_empty()) == (True, True)
        ours.send(b"x" * 4096)
        assert (log.has_room(), log.is_empty()) == (True, False)
        ours.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                ours.send(b"x" * 4096)
        assert (log.has_room(), log.is_empty()) == (False, False)
        theirs.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while theirs.recv(65536):
                pass
        assert (log.has_room(), log.is_empty()) == (True, True)
        for other in (file, None):
            assert (channel(other).has_room(), channel(other).is_empty()) == (True, True)


def test_triggers_that_are_cancelled_at_any_moment_leave_the_connection_to_others(client, connection, agents):
    connection()
    put(client, "stays", "for n in $(seq 30); do echo $n; sleep 0.1; done")
    chance = random.Random(18)

    async def cut():
        stays = Watched("stays")
        kept = asyncio.create_task(stays.event())
        for _ in range(100):
            tasks = [asyncio.create_task(Watched("stays").event()) for _ in range(3)]
            await asyncio.sleep(chance.uniform(0, 0.03))
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return stays, await asyncio.wait_for(kept, 20)

    stays, event = asyncio.run(cut())
    assert event["job"]["state"] == "succeeded"
    assert stays.output == "\n".join(map(str, range(1, 31)))


def test_addresses_of_an_agent_share_a_connection(agents, target):
    async def links():
        there = target("alpha", "beta")
        return AgentLink.to(there), AgentLink.to(there.with_address(f"127.0.0.1:{agents.ports['beta']}"))

    first, second = asyncio.run(links())
    assert first is second


def test_output_beyond_the_limit_is_left_out_with_its_count(client, connection, agents):
    connection()
    put(client, "limited", "seq 1000000")
    watched = Watched("limited", log_limit=1_000_000, address=f"127.0.0.1:{agents.ports['alpha']}")
    event = asyncio.run(watched.event())
    total = event["job"]["output_bytes"]
    output = whole(watched, returned(event, 1_000_000))
    assert f"[{total - 1_000_000} bytes are left out here" in output
    assert f"agentctl logs 127.0.0.1:{agents.ports['alpha']} limited]" in output
    assert output.endswith("\n1000000")
    head, _, tail = output.partition("\n[")
    # The newline at the end is no line of its own, nor is one where the gap begins.
    assert 1_000_000 - len(head) - len(tail.partition("]\n")[2]) in (1, 2)
