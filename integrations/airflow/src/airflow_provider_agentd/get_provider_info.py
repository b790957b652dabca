"""What Airflow asks a provider about itself."""

from __future__ import annotations

from typing import Any

from airflow_provider_agentd import __version__

_FILE_OR_TEXT = "The path of a PEM file on the workers and triggerers, or the PEM text itself."


def get_provider_info() -> dict[str, Any]:
    """Describe the provider, as ``airflow/provider_info.schema.json`` has it."""
    package = "airflow_provider_agentd"
    return {
        "package-name": "airflow-provider-agentd",
        "name": "agentd",
        "description": "Runs jobs on Linux hosts through `agentd`: mutual TLS, at most once, with all of their output.\n",
        "versions": [__version__],
        "integrations": [{"integration-name": "agentd", "tags": ["service"]}],
        "operators": [{"integration-name": "agentd", "python-modules": [f"{package}.operators.agentd"]}],
        "sensors": [{"integration-name": "agentd", "python-modules": [f"{package}.sensors.agentd"]}],
        "hooks": [{"integration-name": "agentd", "python-modules": [f"{package}.hooks.agentd"]}],
        "triggers": [{"integration-name": "agentd", "python-modules": [f"{package}.triggers.agentd"]}],
        "connection-types": [
            {
                "connection-type": "agentd",
                "hook-name": "agentd",
                "hook-class-name": f"{package}.hooks.agentd.AgentdHook",
                "ui-field-behaviour": {
                    "hidden-fields": ["schema", "login"],
                    "relabeling": {"host": "Agent", "password": "Passphrase of the key"},
                    "placeholders": {"host": "agent01, or agent01,agent01.backup:5773", "port": "5773"},
                },
                "conn-fields": {
                    "certificate": {
                        "label": "Certificate",
                        "description": f"Our certificate with its chain. {_FILE_OR_TEXT}",
                        "schema": {"type": ["string", "null"], "format": "multiline"},
                    },
                    "private_key": {
                        "label": "Private key",
                        "description": f"Left out if it is with the certificate. {_FILE_OR_TEXT}",
                        "schema": {"type": ["string", "null"], "format": "password"},
                    },
                    "root": {
                        "label": "Root CA",
                        "description": f"Whose certificates agents have. {_FILE_OR_TEXT}",
                        "schema": {"type": ["string", "null"], "format": "multiline"},
                    },
                    "server_name": {
                        "label": "Server name",
                        "description": "A name in the agent's certificate, where the address is not.",
                        "schema": {"type": ["string", "null"]},
                    },
                },
            }
        ],
    }
