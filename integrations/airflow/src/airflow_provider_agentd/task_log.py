"""The lines about a job's output that stand in a task's log beside it."""

from __future__ import annotations


def started_line(job_id: str, agent: str) -> str:
    """
    Get the line with which the output begins.

    It stands there once a reader: after a restart of the triggerer or the worker, all that was logged before comes again
    below the next one.
    """
    return f"output of job {job_id} on {agent}, from byte 0:"


def left_out_line(first: int, end: int, place: str, job_id: str) -> str:
    """Get the line in place of what is left out."""
    return f"[{end - first} bytes are left out here, from byte {first} to {end}; all of it: agentctl logs {place} {job_id}]"
