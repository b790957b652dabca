"""A request goes on until there is an answer; an agent that has too much to do has not answered."""

import json

import httpx
import pytest

from airflow_provider_agentd.agent.delivery import Route, conversation
from airflow_provider_agentd.agent.errors import AgentdUnreachable
from airflow_provider_agentd.agent.steps import Answer, Pause, show
from airflow_provider_agentd.agent.target import AgentAddress, AgentTarget, Credentials

BUSY = json.dumps({"type": "problems/busy", "detail": "too much in progress"}).encode()
ANSWERS = {"/v1/agent": {"name": "alpha"}, "/v1/jobs/j": {"id": "j", "state": "running"}}


def talk(refusals, patience=10.0, headers=None):
    """Have a conversation with an agent that first answers these (path, status)."""
    target = AgentTarget((AgentAddress("agent"),), Credentials("", ""))
    steps = conversation(show("j"), Route(target, agent="alpha"), patience)
    asked, pauses = [], []
    try:
        step = next(steps)
        while True:
            if isinstance(step, Pause):
                pauses.append(step.seconds)
                step = steps.send(None)
                continue
            path = step.call.path
            asked.append(path)
            refused = next((refusal for refusal in refusals if refusal[0] == path), None)
            if refused:
                refusals.remove(refused)
                step = steps.send(Answer(refused[1], httpx.Headers(headers or {}), BUSY))
            else:
                step = steps.send(Answer(200, httpx.Headers(), json.dumps(ANSWERS[path]).encode()))
    except StopIteration as end:
        return end.value, asked, pauses


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("path", ANSWERS)
def test_an_agent_that_is_busy_is_asked_again(path, status):
    job, asked, _ = talk([(path, status)] * 2)
    assert job.state == "running"
    assert asked.count(path) == 3


def test_it_is_asked_again_when_it_says():
    _, _, pauses = talk([("/v1/jobs/j", 503)], headers={"Retry-After": "7"})
    assert pauses == [7]


@pytest.mark.parametrize("path", ANSWERS)
def test_patience_with_it_has_an_end(path):
    with pytest.raises(AgentdUnreachable, match="too much in progress"):
        talk([(path, 503)], patience=0)
