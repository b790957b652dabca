"""Apache Airflow provider for agentd."""

__version__ = "0.1.0"
