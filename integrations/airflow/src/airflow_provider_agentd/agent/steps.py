"""
What is said to an agent, without who says it.

Each conversation is a generator: it yields a :class:`Call` and is sent the :class:`Answer`, or yields a :class:`Pause`. A worker runs
it with a blocking client (:mod:`.client`), a triggerer with an asynchronous one (:mod:`.link`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote

from .errors import AgentdError, AgentdRefusal
from .job import Job
from .output_log import OutputLog

#: An answer that is longer is not read to its end.
JSON_BYTES = 4 * 1024 * 1024
#: How long to wait for room in a log before looking again.
ROOM_SECONDS = 0.02


@dataclass(frozen=True)
class Call:
    """
    A request.

    :param hold: seconds for which the agent may keep the answer back
    :param limit: the answer's body is at most so long
    """

    method: str
    path: str
    params: Mapping[str, str | int | float] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    hold: float = 0.0
    limit: int = JSON_BYTES


@dataclass(frozen=True)
class Pause:
    """Nothing for so many seconds; 0 lets others have their turn."""

    seconds: float


@dataclass(frozen=True)
class Answer:
    """A response that has come in whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, which must be JSON."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise AgentdError(f"the agent's answer is not JSON: {error}") from error

    def refusal(self) -> AgentdRefusal:
        """The problem (RFC 9457) that this answer is."""
        try:
            problem = json.loads(self.body)
            kind, detail = str(problem["type"]).rpartition("/")[2], str(problem["detail"])
        except (ValueError, KeyError, TypeError):
            kind, detail = "unknown", self.body[:200].decode("utf-8", "backslashreplace")
        return AgentdRefusal(self.status, kind, detail)


T = TypeVar("T")
#: A conversation with an agent that comes to a T.
Steps = Generator["Call | Pause", "Answer | None", T]


def ask(call: Call, *, accept: tuple[int, ...] = (200,)) -> Steps[Answer]:
    """
    Send a request.

    :param accept: the statuses that are answers; any other is raised
    :raises AgentdRefusal: for any other status
    """
    answer = yield call
    if answer is None:
        raise RuntimeError("a call was not answered")
    if answer.status not in accept:
        raise answer.refusal()
    return answer


def _job(answer: Answer) -> Job:
    try:
        return Job.from_json(answer.json())
    except (ValueError, TypeError, AttributeError) as error:
        raise AgentdError(f"the agent's answer is not a job: {error}") from error


def _path(job_id: str) -> str:
    return f"/v1/jobs/{quote(job_id, safe='')}"


def show_agent() -> Steps[dict[str, Any]]:
    """What the agent is and how busy it is."""
    answer = yield from ask(Call("GET", "/v1/agent"))
    described = answer.json()
    if not isinstance(described, dict):
        raise AgentdError("the agent's answer does not describe an agent")
    return described


def show(job_id: str, *, hold: float = 0.0) -> Steps[Job | None]:
    """
    The state of a job; None if the agent does not know it.

    :param hold: answer when it has ended, or after so many seconds
    """
    params = {"wait": hold} if hold else {}
    try:
        return _job((yield from ask(Call("GET", _path(job_id), params=params, hold=hold))))
    except AgentdRefusal as refusal:
        if refusal.status == 404:
            return None
        raise


def submit(job_id: str, request: Mapping[str, Any]) -> Steps[Job | None]:
    """Submit a job; None if the id is taken by a job with another body, or by somebody else's."""
    body = json.dumps(request).encode()
    call = Call("PUT", _path(job_id), body=body, headers={"Content-Type": "application/json"})
    try:
        return _job((yield from ask(call, accept=(200, 201))))
    except AgentdRefusal as refusal:
        if refusal.status == 409:
            return None
        raise


def find_labelled(name: str, value: str) -> Steps[Job | None]:
    """The newest job with this label."""
    cursor: str | None = None
    while True:
        params: dict[str, str | int | float] = {"label": f"{name}={value}", "limit": 1}
        if cursor:
            params["cursor"] = cursor
        page = (yield from ask(Call("GET", "/v1/jobs", params=params))).json()
        if page["jobs"]:
            return Job.from_json(page["jobs"][0])
        cursor = page["cursor"]
        if cursor is None:
            return None


def read_output(job_id: str, offset: int, size: int) -> Steps[bytes]:
    """The bytes of the output from there, as many as there are now and at most ``size``."""
    call = Call(
        "GET",
        f"{_path(job_id)}/output",
        headers={"Range": f"bytes={offset}-{offset + size - 1}"},
        limit=max(size, JSON_BYTES),
    )
    answer = yield from ask(call, accept=(206, 416))
    return answer.body if answer.status == 206 else b""


def cancel(job_id: str, is_ours: Callable[[Job], bool]) -> Steps[Job | None]:
    """
    End a job, if it is ours and has not ended; None if the agent does not know it, or if it is not ours.

    It is asked for first: another try may have taken the id over, and a job of its own must not be ended by the old one.
    """
    job = yield from show(job_id)
    if job is None or not is_ours(job):
        return None
    if job.ended:
        return job
    return _job((yield from ask(Call("POST", f"{_path(job_id)}/cancel"))))


def wait_for_end(job_id: str, seconds: float, *, step: float = 0.2) -> Steps[Job | None]:
    """The state of a job once it has ended, or after so many seconds; None if the agent does not know it."""
    ends = time.monotonic() + seconds
    while True:
        job = yield from show(job_id)
        if job is None or job.ended or time.monotonic() >= ends:
            return job
        yield Pause(step)
        step = min(step * 1.5, 1.0)


def watch(
    job_id: str,
    log: OutputLog | None,
    emit: Callable[[str], None],
    *,
    poll_interval: float,
    left_out: Callable[[int, int], str] = lambda first, end: f"{end - first} bytes are left out",
    hold: bool = False,
    has_room: Callable[[], bool] = lambda: True,
    rest: int | None = None,
) -> Steps[Job | None]:
    """
    Follow a job to its end, and what it writes; None if the agent does not know it any more.

    :param log: its place in the output; None if the output is of no interest
    :param emit: is given the entries of the log
    :param poll_interval: the longest time between two looks; while something happens it is looked at more often
    :param left_out: what to log in place of the bytes from ``first`` to ``end``
    :param hold: have the agent wait in our place. Nothing else can be asked on the connection meanwhile.
    :param has_room: whether ``emit`` takes an entry now without waiting
    :param rest: of a job that has ended, log the output only if no more bytes than that are to be shown; None for all
    """
    delay = 0.2
    held = 0.0
    while True:
        job = yield from show(job_id, hold=held)
        if job is None:
            return None
        if job.ended:
            if log and (rest is None or log.to_show(job.output_bytes or 0) <= rest):
                yield from copy_output(job, log, emit, left_out, has_room)
            return job
        moved = False
        if log and (data := (yield from _read(job, log, ended=False))):
            yield from _emit(log.feed(data), emit, has_room)
            moved = True
            if log.wanted(job.output_bytes):
                # The job may have ended meanwhile.
                held = 0.0
                continue
        delay = min(poll_interval, 0.5 if moved else delay * 1.5)
        held = delay if hold else 0.0
        if not hold:
            yield Pause(delay)


def copy_output(
    job: Job,
    log: OutputLog,
    emit: Callable[[str], None],
    left_out: Callable[[int, int], str],
    has_room: Callable[[], bool] = lambda: True,
) -> Steps[None]:
    """Log what a job that has ended wrote, from the log's place on; parameters as in :func:`watch`."""
    while data := (yield from _read(job, log, ended=False)):
        yield from _emit(log.feed(data), emit, has_room)
    if job.output_bytes is not None and (count := log.surplus(job.output_bytes)):
        yield from _emit(log.close(), emit, has_room)
        emit(left_out(log.offset, log.offset + count))
        log.offset += count
    while data := (yield from _read(job, log, ended=True)):
        yield from _emit(log.feed(data), emit, has_room)
    yield from _emit(log.close(), emit, has_room)


def _read(job: Job, log: OutputLog, *, ended: bool) -> Steps[bytes]:
    size = log.wanted(job.output_bytes, ended=ended)
    return (yield from read_output(job.id, log.offset, size)) if size else b""


def _emit(entries: Iterator[str], emit: Callable[[str], None], has_room: Callable[[], bool]) -> Steps[None]:
    for entry in entries:
        while not has_room():
            yield Pause(ROOM_SECONDS)
        emit(entry)
        yield Pause(0)
