"""A connection names the agent and proves who we are; a refusal says what to do."""

import asyncio
import json
import pathlib
import subprocess

import pytest

from airflow_provider_agentd.agent.target import AgentAddress, Credentials
from airflow_provider_agentd.hooks.agentd import AgentdHook
from airflow_provider_agentd.version_compat import Connection


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("agent01", AgentAddress("agent01", 5773)),
        ("agent01:99", AgentAddress("agent01", 99)),
        ("192.0.2.1:1", AgentAddress("192.0.2.1", 1)),
        ("[2001:db8::1]", AgentAddress("2001:db8::1", 5773)),
        ("[2001:db8::1]:65535", AgentAddress("2001:db8::1", 65535)),
        ("2001:db8::1", AgentAddress("2001:db8::1", 5773)),
    ],
)
def test_addresses(text, address):
    assert AgentAddress.parse(text) == address
    assert AgentAddress.parse(str(address)) == address


@pytest.mark.parametrize("text", ["", ":1", "a:", "a:0", "a:65536", "a:x", "[::1", "[::1]x", "[]:1", "a:²"])
def test_what_is_no_address(text):
    with pytest.raises(ValueError, match="is not HOST"):
        AgentAddress.parse(text)


def connected(agents, **changes):
    text = json.loads(agents.connection("alpha"))
    extra = {**text.pop("extra"), **changes.pop("extra", {})}
    return Connection(conn_id="tried", **{**text, **changes}, extra=json.dumps(extra))


def attempt(monkeypatch, connection):
    monkeypatch.setattr(AgentdHook, "get_connection", classmethod(lambda cls, conn_id: connection))
    return AgentdHook("tried").test_connection()


def test_connection_that_works_names_agent_and_version(monkeypatch, agents):
    works, says = attempt(monkeypatch, connected(agents))
    assert works, says
    assert "is agent alpha, agentd 0." in says
    assert "expires in" in says


def test_certificates_as_text(monkeypatch, agents):
    text = {
        name: (agents.scratch / file).read_text()
        for name, file in (("certificate", "client.crt"), ("private_key", "client.key"), ("root", "root.crt"))
    }
    works, says = attempt(monkeypatch, connected(agents, extra=text))
    assert works, says
    for mangled in (lambda pem: pem.replace("\n", " "), lambda pem: pem.replace("\n", "\\n")):
        works, says = attempt(monkeypatch, connected(agents, extra={name: mangled(pem) for name, pem in text.items()}))
        assert works, says
    both = {"certificate": text["certificate"] + text["private_key"], "private_key": "", "root": text["root"]}
    works, says = attempt(monkeypatch, connected(agents, extra=both))
    assert works, says


def test_key_with_a_passphrase(monkeypatch, agents, tmp_path):
    key = tmp_path / "encrypted.key"
    subprocess.run(
        ["openssl", "pkey", "-in", agents.scratch / "client.key", "-aes256", "-passout", "pass:secret", "-out", key],
        check=True,
    )
    works, says = attempt(monkeypatch, connected(agents, password="secret", extra={"private_key": str(key)}))
    assert works, says
    for wrong in (None, "wrong"):
        works, says = attempt(monkeypatch, connected(agents, password=wrong, extra={"private_key": str(key)}))
        assert not works
        assert "is it the right passphrase for the key?" in says


def test_secrets_are_not_in_what_is_printed():
    assert "hidden" not in repr(Credentials("cert", "root", "hidden key", "hidden passphrase"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stranger")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout",
         folder / "key", "-out", folder / "crt", "-days", "2", "-subj", "/CN=stranger"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"host": ""}, "no host"),
        ({"extra": {"root": ""}}, "no root"),
        ({"extra": {"certificate": "/no/such.pem"}}, "certificate /no/such.pem"),
        ({"extra": {"root": "/no/such.pem"}}, "root CA /no/such.pem cannot be read"),
        ({"extra": {"private_key": "STRANGER/key"}}, "private key does not belong to the certificate"),
        ({"extra": {"root": "STRANGER/crt"}}, "The agent's certificate is not of this Root CA"),
        (
            {"extra": {"certificate": "STRANGER/crt", "private_key": "STRANGER/key"}},
            "The agent refuses our certificate",
        ),
        ({"port": 1}, "Nothing listens there"),
        ({"host": "no-such-host.invalid"}, "name server"),
    ],
)
def test_refusals_say_what_to_do(monkeypatch, agents, stranger, changes, says):
    changes = json.loads(json.dumps(changes).replace("STRANGER", str(stranger)))
    works, said = attempt(monkeypatch, connected(agents, **changes))
    assert not works
    assert says in said
    assert attempt(monkeypatch, connected(agents))[0]


def test_server_name_stands_for_the_address(monkeypatch, agents):
    works, says = attempt(monkeypatch, connected(agents, host="127.0.0.1", extra={"server_name": "localhost"}))
    assert works, says
    works, says = attempt(monkeypatch, connected(agents, extra={"server_name": "other.example"}))
    assert not works
    assert "does not name this address" in says


def test_renewed_certificate_is_used_without_a_restart(agents, tmp_path):
    folder = agents.scratch
    copies = {name: tmp_path / name for name in ("client.crt", "client.key", "root.crt")}
    for name, copy in copies.items():
        copy.write_text((folder / name).read_text())
    credentials = Credentials(str(copies["client.crt"]), str(copies["root.crt"]), str(copies["client.key"]))
    first = credentials.ssl_context()
    assert credentials.ssl_context() is first
    import os

    os.utime(copies["client.crt"], (1, 1))
    assert credentials.ssl_context() is not first


def test_provider_info_is_as_airflow_wants_it():
    import airflow
    import jsonschema

    from airflow_provider_agentd.get_provider_info import get_provider_info

    core = pathlib.Path(airflow.__file__).parent
    info = get_provider_info()
    jsonschema.validate(info, json.loads((core / "provider_info.schema.json").read_text()))
    full = json.loads((core / "provider.yaml.schema.json").read_text())
    wanted = full["properties"]["connection-types"]
    jsonschema.validate(info["connection-types"], {**wanted, "definitions": full.get("definitions", {})})


def test_hook_in_an_event_loop(monkeypatch, agents):
    from airflow_provider_agentd.agent.errors import AgentdRefusal
    from airflow_provider_agentd.agent.link import AgentLink

    monkeypatch.setenv("AIRFLOW_CONN_AGENTD_DEFAULT", agents.connection("alpha"))

    async def use():
        hook = AgentdHook()
        name = (await hook.aagent())["name"]
        await hook.asubmit("looped", {"script": "echo in the loop; exec sleep 60", "directory": "/"})
        with pytest.raises(AgentdRefusal, match="taken"):
            await hook.asubmit("looped", {"script": "echo another", "directory": "/"})
        while not (output := await hook.aoutput("looped")):
            await asyncio.sleep(0.05)
        await hook.acancel("looped")
        while not (job := await hook.ajob("looped")).ended:
            await asyncio.sleep(0.05)
        return name, output, job.state, len(AgentLink._links)

    assert asyncio.run(use()) == ("alpha", b"in the loop\n", "cancelled", 1)
    AgentLink._links.clear()
