"""Hook for agentd."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_agentd.agent.client import AgentdClient
from airflow_provider_agentd.agent.delivery import Route
from airflow_provider_agentd.agent.errors import AgentdError, AgentdRefusal
from airflow_provider_agentd.agent.job import Job
from airflow_provider_agentd.agent.link import AgentLink
from airflow_provider_agentd.agent.steps import Steps, cancel, read_output, show, show_agent, submit
from airflow_provider_agentd.agent.target import DEFAULT_PORT, AgentAddress, AgentTarget, Credentials
from airflow_provider_agentd.version_compat import BaseHook

if TYPE_CHECKING:
    from airflow_provider_agentd.version_compat import Connection

T = TypeVar("T")
#: What the reasons of OpenSSL and the kernel mean here: part of the reason, and what to do.
REMEDIES = (
    (
        "Hostname mismatch",
        "the agent's certificate does not name this address: give a name that it has as Server name, or issue one with /SAN=",
    ),
    (
        "IP address mismatch",
        "the agent's certificate does not name this address: give a name that it has as Server name",
    ),
    ("CERTIFICATE_VERIFY_FAILED", "the agent's certificate is not of this Root CA, or has expired"),
    ("CERTIFICATE_REQUIRED", "the agent wants a certificate"),
    (
        "ALERT",
        "the agent refuses our certificate: its log says why; there, 'agent-register -V CERTIFICATE' explains it, and "
        "'agent-register -I ROOT' imports our root",
    ),
    ("Connection refused", "nothing listens there: is agentd running, and is it this port?"),
    ("Name or service not known", "no name server knows this host"),
    ("no answer to a connection", "a firewall may be in the way, or the host is down"),
    ("Server disconnected", "the agent closed the connection: its log says why"),
    ("is agent ", "another agent answers at this address"),
)


class AgentdHook(BaseHook):
    """
    Speaks with an agentd over mutual TLS.

    :param agentd_conn_id: the :ref:`connection <howto/connection:agentd>` that names the agent and our certificate
    :param patience: seconds to go on trying while the agent does not answer
    """

    conn_name_attr = "agentd_conn_id"
    default_conn_name = "agentd_default"
    conn_type = "agentd"
    hook_name = "agentd"

    def __init__(self, agentd_conn_id: str = default_conn_name, *, patience: float = 60.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.agentd_conn_id = agentd_conn_id
        self.patience = patience
        self._client: AgentdClient | None = None

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Get the form of a connection for Airflow before 3.2; later ones read it from the provider's info."""
        return {
            "hidden_fields": ["schema", "login"],
            "relabeling": {"host": "Agent", "password": "Passphrase of the key"},
            "placeholders": {"host": "agent01, or agent01,agent01.backup:5773", "port": str(DEFAULT_PORT)},
        }

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Get the fields of a connection for Airflow before 3.2; later ones read them from the provider's info."""
        from flask_appbuilder.fieldwidgets import BS3PasswordFieldWidget, BS3TextFieldWidget
        from wtforms import PasswordField, StringField

        return {
            "certificate": StringField("Certificate", widget=BS3TextFieldWidget()),
            "private_key": PasswordField("Private key", widget=BS3PasswordFieldWidget()),
            "root": StringField("Root CA", widget=BS3TextFieldWidget()),
            "server_name": StringField("Server name", widget=BS3TextFieldWidget()),
        }

    @staticmethod
    def target_of(connection: Connection) -> AgentTarget:
        """
        Read a connection.

        :raises ValueError: if something is missing, naming it
        """
        port = connection.port or DEFAULT_PORT
        hosts = [text.strip() for text in (connection.host or "").split(",") if text.strip()]
        if not hosts:
            raise ValueError(f"connection {connection.conn_id}: no host")
        extra = connection.extra_dejson
        for name in ("certificate", "root"):
            if not extra.get(name):
                raise ValueError(f"connection {connection.conn_id}: no {name} (the path of a PEM file, or its text)")
        credentials = Credentials(
            certificate=extra["certificate"],
            private_key=extra.get("private_key") or None,
            root=extra["root"],
            passphrase=connection.password or None,
        )
        addresses = tuple(AgentAddress.parse(text, port) for text in hosts)
        return AgentTarget(addresses, credentials, extra.get("server_name") or None)

    def target(self) -> AgentTarget:
        """Get the agent that the connection names."""
        return self.target_of(self.get_connection(self.agentd_conn_id))

    async def atarget(self) -> AgentTarget:
        """Get the agent that the connection names, in an event loop."""
        if hasattr(self, "aget_connection"):
            return self.target_of(await self.aget_connection(self.agentd_conn_id))
        from asgiref.sync import sync_to_async

        return self.target_of(await sync_to_async(self.get_connection)(self.agentd_conn_id))

    def get_conn(self) -> AgentdClient:
        """Get the hook's own client; :meth:`close` closes it."""
        if self._client is None:
            self._client = AgentdClient(self.target(), patience=self.patience)
        return self._client

    def close(self) -> None:
        """Close the connection to the agent."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def test_connection(self) -> tuple[bool, str]:
        """Say which agent answers, or why none does and what to do."""
        try:
            with AgentdClient(self.target(), patience=0) as client:
                agent = client.run(show_agent())
                address = client.route.address
        except (AgentdError, ValueError) as error:
            return False, with_remedy(error)
        status = f"{agent['running']} jobs running, {agent['queued']} queued"
        return True, "; ".join(
            [f"{address} is agent {agent['name']}, agentd {agent['version']}, {status}", *agent["warnings"]]
        )

    def agent(self) -> dict[str, Any]:
        """Get the agent's name, version and how busy it is."""
        return self.get_conn().run(show_agent())

    def submit(self, job_id: str, request: Mapping[str, Any]) -> Job:
        """
        Submit a job; with the same id and request it is never run twice.

        :param job_id: 1 to 128 letters, digits, dots, underscores or hyphens
        :param request: as ``PUT /v1/jobs/ID`` has it
        :raises AgentdRefusal: also if the id is taken
        """
        return _taken(job_id, self.get_conn().run(submit(job_id, request)))

    def job(self, job_id: str, *, wait: float = 0.0) -> Job | None:
        """
        Get the state of a job; None if the agent does not know it.

        :param wait: answer when it has ended, or after so many seconds
        """
        return self.get_conn().run(show(job_id, hold=wait))

    def output(self, job_id: str, offset: int = 0, size: int = 1024 * 1024) -> bytes:
        """Get what there is of the job's output from there, at most ``size`` bytes."""
        return self.get_conn().run(read_output(job_id, offset, size))

    def cancel(self, job_id: str, *, only: Callable[[Job], bool] = lambda job: True) -> Job | None:
        """End a job, with TERM, and with KILL after its grace; None if the agent does not know it."""
        return self.get_conn().run(cancel(job_id, only))

    async def aagent(self) -> dict[str, Any]:
        """As :meth:`agent`, in an event loop; all hooks and triggers of the loop share one connection an agent."""
        return await self._arun(show_agent())

    async def asubmit(self, job_id: str, request: Mapping[str, Any]) -> Job:
        """As :meth:`submit`, in an event loop."""
        return _taken(job_id, await self._arun(submit(job_id, request)))

    async def ajob(self, job_id: str) -> Job | None:
        """As :meth:`job`, in an event loop; it does not wait, because others use the connection as well."""
        return await self._arun(show(job_id))

    async def aoutput(self, job_id: str, offset: int = 0, size: int = 1024 * 1024) -> bytes:
        """As :meth:`output`, in an event loop."""
        return await self._arun(read_output(job_id, offset, size))

    async def acancel(self, job_id: str, *, only: Callable[[Job], bool] = lambda job: True) -> Job | None:
        """As :meth:`cancel`, in an event loop."""
        return await self._arun(cancel(job_id, only))

    async def _arun(self, steps: Steps[T]) -> T:
        target = await self.atarget()
        link = AgentLink.to(target)
        try:
            return await link.run(steps, Route(target), patience=self.patience)
        finally:
            link.release()


def _taken(job_id: str, job: Job | None) -> Job:
    if job is None:
        raise AgentdRefusal(409, "conflict", f"the id {job_id} is taken by another job")
    return job


def with_remedy(error: Exception) -> str:
    """Add what to do to an error, if that is known."""
    text = str(error)
    if isinstance(error, AgentdRefusal) and error.status == 403:
        return f"{text}. A rule [[client]] of agentd.toml is against it: 'agentd -t --as CLIENT' explains which"
    for part, remedy in REMEDIES:
        if part.lower() in text.lower():
            return f"{text}. {remedy[0].upper()}{remedy[1:]}"
    return text
