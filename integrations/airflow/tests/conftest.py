"""Real agents for the tests: ``alpha`` and ``beta``, with the programs of AGENTD_BIN (default: .build/release)."""

import os
import pathlib
import sys

import pytest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "drills"))
os.environ.setdefault("AIRFLOW_HOME", str(HERE.parents[2] / ".build" / "airflow-home"))

from airflow_provider_agentd.agent.client import AgentdClient  # noqa: E402
from airflow_provider_agentd.agent.target import AgentAddress, AgentTarget, Credentials  # noqa: E402
from rig import REPOSITORY, Agents, scratch  # noqa: E402


@pytest.fixture(scope="session")
def agents():
    with scratch("tests") as folder:
        found = Agents(folder, os.environ.get("AGENTD_BIN", REPOSITORY / ".build" / "release"), ["alpha", "beta"])
        found.start()
        yield found
        found.stop()


@pytest.fixture(scope="session")
def credentials(agents):
    folder = agents.scratch
    return Credentials(str(folder / "client.crt"), str(folder / "root.crt"), str(folder / "client.key"))


@pytest.fixture(scope="session")
def target(agents, credentials):
    """A function: the target of an agent."""
    return lambda *names: AgentTarget(
        tuple(AgentAddress("127.0.0.1", agents.ports[name]) for name in names), credentials
    )


@pytest.fixture
def client(target):
    with AgentdClient(target("alpha"), patience=5) as found:
        yield found


@pytest.fixture
def connection(agents, monkeypatch):
    """A function: makes a connection of Airflow's, and returns its id."""

    def make(name="alpha", hosts=None, conn_id="agentd_default"):
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", agents.connection(name, hosts))
        return conn_id

    return make
