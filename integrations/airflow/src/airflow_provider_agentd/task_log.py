"""The lines about a job's output that stand in a task's log beside it, and the triggerer's way there."""

from __future__ import annotations

import fcntl
import os
import select
import stat
import sys
import termios
from typing import Any


def started_line(job_id: str, agent: str, offset: int = 0) -> str:
    """
    Get the line with which the output begins.

    It stands there once a reader: after a restart of the triggerer or the worker, all that was logged before comes again
    below the next one. From a byte other than 0, it goes on with what a triggerer left to a worker.
    """
    return f"output of job {job_id} on {agent}, from byte {offset}:"


def left_out_line(first: int, end: int, place: str, job_id: str) -> str:
    """Get the line in place of what is left out."""
    return f"[{end - first} bytes are left out here, from byte {first} to {end}; all of it: agentctl logs {place} {job_id}]"


class LogChannel:
    """
    The triggerer's way to the tasks' logs.

    Triggers write to a socket, blocking, and Airflow's triggerer reads 4 KiB of it between two rounds of questions to the
    database. So a trigger that logs much asks first. Where the log is not such a socket, nothing has to be waited for.
    """

    def __init__(self) -> None:
        self._number: int | None = None
        try:
            import structlog

            factory: Any = structlog.get_config()["logger_factory"]
            number = factory.io.fileno()
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                self._number = number
        except (ImportError, AttributeError, KeyError, OSError, ValueError):
            return

    def has_room(self) -> bool:
        """Whether an entry can be written now. The kernel calls a socket writable while it is at most a quarter full."""
        if self._number is None:
            return True
        channel = select.poll()
        channel.register(self._number, select.POLLOUT)
        return bool(channel.poll(0))

    def is_empty(self) -> bool:
        """Whether all entries were read; then they are in the files, also if the triggerer dies now."""
        if self._number is None:
            return True
        try:
            waiting = fcntl.ioctl(self._number, termios.TIOCOUTQ, bytes(4))
        except OSError:
            return True
        return int.from_bytes(waiting, sys.byteorder) == 0
