"""The HTTP API of agentd from a scheduler's side; nothing here knows Airflow."""
