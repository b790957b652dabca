"""Turns the bytes that a job writes into entries of a log."""

from __future__ import annotations

from collections.abc import Iterator

#: Entries are at most about this long. They are made of whole lines, as many as came at once: an entry a line costs
#: the triggerer a hundred times as much, and it has other triggers to run.
ENTRY_BYTES = 32 * 1024
#: How much is asked for at a time.
READ_BYTES = 256 * 1024
#: What is shown of the end where the middle is left out.
TAIL_BYTES = 64 * 1024
_LAST_LINE_BYTES = 1024


class OutputLog:
    r"""
    The log's place in a job's output, and what is shown of it.

    Bytes that are not UTF-8 appear as ``\xNN``. A line that is longer than an entry goes on in the next one, and says so.

    :param limit: bytes to show; what is more is left out in the middle. None for all.
    :param offset: where to begin, as :attr:`shown` of whoever logged what is before it
    """

    def __init__(self, limit: int | None = None, offset: int = 0) -> None:
        self.offset = offset
        self.limit = limit
        self._tail = 0 if limit is None else min(TAIL_BYTES, limit // 4)
        self._head_end = None if limit is None else limit - self._tail
        self._pending = bytearray()
        self._last_line = ""

    def wanted(self, known: int | None, *, ended: bool = False) -> int:
        """
        How many bytes to read next.

        :param known: how many bytes the job has written, if that is known
        :param ended: whether these are all; then what was kept for the end is shown as well
        """
        size = READ_BYTES
        if known is not None:
            size = min(size, known - self.offset)
        if self._head_end is not None and not ended:
            size = min(size, self._head_end - self.offset)
        return max(0, size)

    def surplus(self, total: int) -> int:
        """How many bytes from here on are left out, of an output of so many; 0 if all of it is within the limit."""
        return 0 if self.limit is None or total <= self.limit else max(0, total - self._tail - self.offset)

    def to_show(self, total: int) -> int:
        """How many bytes from here on are not left out, of an output of so many."""
        if self.limit is None or total <= self.limit:
            return total - self.offset
        return max(0, self.limit - self._tail - self.offset) + min(self._tail, total - self.offset)

    @property
    def shown(self) -> int:
        """How many bytes are in the log, or left out; what was read after them waits for its line to end."""
        return self.offset - len(self._pending)

    def feed(self, data: bytes) -> Iterator[str]:
        """Take the next bytes; what is to be logged now, an entry at a time."""
        self.offset += len(data)
        self._pending += data
        while len(self._pending) > ENTRY_BYTES:
            end = self._pending.rfind(b"\n", 0, ENTRY_BYTES)
            if end >= 0:
                yield self._entry(end, newline=True)
            else:
                yield self._entry(_character_end(self._pending, ENTRY_BYTES)) + " [the line goes on]"
        end = self._pending.rfind(b"\n")
        if end >= 0:
            yield self._entry(end, newline=True)

    def close(self) -> Iterator[str]:
        """What is left after the last newline, at the end of the output or before some of it is left out."""
        if self._pending:
            yield self._entry(len(self._pending))

    @property
    def last_line(self) -> str:
        """The last line so far that is not empty, at most 1,024 characters of it."""
        return self._last_line

    def _entry(self, end: int, *, newline: bool = False) -> str:
        text = self._pending[:end].decode("utf-8", "backslashreplace")
        del self._pending[: end + newline]
        stripped = text.rstrip()
        if stripped:
            self._last_line = stripped[stripped.rfind("\n") + 1 :][:_LAST_LINE_BYTES]
        return text


def _character_end(data: bytearray, end: int) -> int:
    """The last place up to there that is not within a character of UTF-8."""
    for start in range(end - 1, end - 4, -1):
        if data[start] & 0xC0 != 0x80:
            length = 4 if data[start] >= 0xF0 else 3 if data[start] >= 0xE0 else 2 if data[start] >= 0xC0 else 1
            return start if start + length > end else end
    return end
