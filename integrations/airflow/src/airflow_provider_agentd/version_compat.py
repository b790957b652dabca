"""Airflow 3 has these in its task SDK, Airflow 2.11 in its core."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import BaseHook, BaseOperator, BaseSensorOperator, Connection, Context
    from airflow.sdk.configuration import conf
    from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

    NEVER_EXPIRE: Any
else:
    try:
        from airflow.sdk import BaseHook, BaseOperator, BaseSensorOperator, Connection
        from airflow.sdk.configuration import conf
        from airflow.sdk.definitions.context import Context
        from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
    except ImportError:
        from airflow.configuration import conf
        from airflow.exceptions import AirflowException, AirflowFailException, AirflowSkipException
        from airflow.hooks.base import BaseHook
        from airflow.models import BaseOperator, Connection
        from airflow.sensors.base import BaseSensorOperator
        from airflow.utils.context import Context
    try:
        from airflow.sdk.execution_time.context import NEVER_EXPIRE
    except ImportError:
        NEVER_EXPIRE = None

__all__ = [
    "NEVER_EXPIRE",
    "AirflowException",
    "AirflowFailException",
    "AirflowSkipException",
    "BaseHook",
    "BaseOperator",
    "BaseSensorOperator",
    "Connection",
    "Context",
    "conf",
]
